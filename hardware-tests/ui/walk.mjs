// Walks through the dashboard with a real browser: `node walk.mjs BINARY AXE SCREENSHOTS`.
//
// BINARY is the program, AXE the file axe.min.js of axe-core, and SCREENSHOTS a folder for pictures.
// The walk signs in with the keyboard, looks at every page at 360 px and on a desktop in two languages, and checks on each page that
// axe finds nothing, that every control is reached by Tab, that nothing wider than the screen is shown, and that nothing is loaded from
// elsewhere. Then it takes the printer's cable out and the tax authority down, and waits until the open page says so.

import { spawn, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [binary, axeFile, pictures] = process.argv.slice(2);
const axe = readFileSync(axeFile, "utf8");
const faults = [];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function check(is, says) {
  if (!is) {
    faults.push(says);
    console.log(`FAULT ${says}`);
  }
}

/** Chromium, driven over a pipe. */
class Browser {
  constructor(folder) {
    const path = process.env.CHROMIUM ?? "chromium";
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
      "--disable-background-networking", `--user-data-dir=${folder}`, "--remote-debugging-pipe"];
    this.process = spawn(path, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.next = 1;
    this.waiting = new Map();
    this.urls = [];
    let rest = "";
    this.process.stdio[4].on("data", (data) => {
      const parts = (rest + data).split("\0");
      rest = parts.pop();
      parts.forEach((part) => this.take(JSON.parse(part)));
    });
  }

  take(message) {
    const waiting = this.waiting.get(message.id);
    if (waiting) {
      this.waiting.delete(message.id);
      if (message.error) waiting.reject(new Error(JSON.stringify(message.error)));
      else waiting.resolve(message.result);
    }
    if (message.method === "Network.requestWillBeSent") this.urls.push(message.params.request.url);
    if (message.method === "Runtime.exceptionThrown" || message.method === "Log.entryAdded") {
      const text = JSON.stringify(message.params);
      // The browser writes an entry for each answer that refuses something, which the walk provokes, and recommendations for forms.
      if (!text.includes('"source":"recommendation"') && !text.includes("status of 4") && !text.includes("status of 5")) check(false, `the browser says ${text.slice(0, 400)}`);
    }
  }

  send(method, params = {}) {
    const id = this.next++;
    const message = { id, method, params };
    if (this.session && !method.startsWith("Target.") && !method.startsWith("Browser.")) message.sessionId = this.session;
    this.process.stdio[3].write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  async open() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    this.session = sessionId;
    for (const part of ["Page", "Network", "Runtime", "Log"]) await this.send(`${part}.enable`);
  }

  async size(width, height, dark) {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 500 });
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
  }

  async run(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression.slice(0, 80)}: ${JSON.stringify(exceptionDetails).slice(0, 400)}`);
    return result.value;
  }

  async until(expression, seconds, what) {
    const begin = Date.now();
    while (Date.now() - begin < seconds * 1000) {
      try {
        if (await this.run(expression)) return Date.now() - begin;
      } catch { /* A page that is being loaded has no document yet. */ }
      await pause(50);
    }
    check(false, `${what}: not within ${seconds} s`);
    return seconds * 1000;
  }

  async go(url) {
    await this.run("window.__old = true");
    await this.send("Page.navigate", { url });
    await this.until("!window.__old && document.readyState === 'complete'", 10, `${url} is loaded`);
  }

  async key(key, code = key, text = undefined) {
    const codes = { Tab: 9, Enter: 13, Space: 32 };
    const more = { key: key === "Space" ? " " : key, code, windowsVirtualKeyCode: codes[key], text };
    await this.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...more });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...more });
  }

  async type(text) {
    await this.send("Input.insertText", { text });
  }

  /** Presses Tab until an element is focused. */
  async tabTo(selector) {
    for (let steps = 0; steps < 80; steps++) {
      if (await this.run(`document.activeElement?.matches(${JSON.stringify(selector)})`)) return;
      await this.key("Tab");
    }
    check(false, `${selector} is not reached by Tab on ${await this.run("location.pathname")}`);
  }

  async press(selector) {
    await this.tabTo(selector);
    await this.run("window.__old = true");
    await this.key("Enter", "Enter", "\r");
    await this.until("!window.__old && document.readyState === 'complete'", 20, `${selector} leads somewhere`);
  }

  async picture(name) {
    const { cssContentSize } = await this.send("Page.getLayoutMetrics");
    const clip = { x: 0, y: 0, width: cssContentSize.width, height: Math.min(cssContentSize.height, 3000), scale: 1 };
    const { data } = await this.send("Page.captureScreenshot", { format: "png", clip, captureBeyondViewport: true });
    writeFileSync(join(pictures, `${name}.png`), Buffer.from(data, "base64"));
  }

  /** axe, the width, and every control by Tab. */
  async look(name) {
    await this.run(`${axe}; 0`);
    const found = await this.run(`axe.run(document, { iframes: false }).then((done) => done.violations.map((one) =>
      one.id + ": " + one.nodes.map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")).join("; ")))`);
    found.forEach((one) => check(false, `${name}: axe: ${one}`));
    check(await this.run("document.documentElement.scrollWidth <= window.innerWidth"), `${name}: wider than the screen`);
    const controls = `Array.from(document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary"))
      .filter((one) => one.checkVisibility())`;
    const count = await this.run(`window.__seen = new Set(); document.activeElement?.blur(); ${controls}.length`);
    for (let steps = 0; steps < count + 15; steps++) {
      await this.key("Tab");
      await this.run("window.__seen.add(document.activeElement)");
    }
    // Of radio buttons with one name the first is reached by Tab, and the others by arrow keys.
    const missed = await this.run(`${controls}.filter((one) => !window.__seen.has(one) && one.type !== "radio")
      .map((one) => one.outerHTML.slice(0, 120))`);
    missed.forEach((one) => check(false, `${name}: not reached by Tab: ${one}`));
    await this.run("document.activeElement?.blur(); window.scrollTo(0, 0)");
    await this.picture(name);
  }
}

/** The demo: its ready line and its process. */
function demo(folder) {
  const till = spawn(binary, ["--json", "demo", "--serve", "--listen", "127.0.0.1:0", "--data", folder], { stdio: ["ignore", "pipe", "ignore"] });
  return new Promise((resolve, reject) => {
    let text = "";
    till.stdout.on("data", (data) => {
      text += data;
      const line = text.split("\n")[0];
      if (text.includes("\n")) resolve({ till, ready: JSON.parse(line) });
    });
    till.on("exit", (code) => reject(new Error(`the demo ended with ${code}`)));
  });
}

async function put(url, body) {
  const answer = await fetch(url, { method: "PUT", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}

async function walk() {
  mkdirSync(pictures, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "ferrotill-ui-"));
  const { till, ready } = await demo(join(folder, "data"));
  const browser = new Browser(join(folder, "browser"));
  const url = ready.url;
  const sell = (price) => execFileSync(binary, ["sale", "--item", `Cafea:${price}:1:A`, "--config", ready.config], { stdio: "pipe" });
  try {
    await browser.open();
    await browser.size(1280, 900, false);
    await browser.go(`${url}/?language=ro`);
    await browser.until("document.querySelector('.answer.yes')", 20, "the till is ready");
    await browser.look("1280-ro-kiosk");
    // The first visit: sign in with the keyboard, and change the PIN.
    await browser.tabTo("input[name=name]");
    await browser.type(ready.dashboard.name);
    await browser.tabTo("input[name=pin]");
    await browser.type("999999");
    await browser.press(".sign-in button");
    check(await browser.run("document.querySelector('[role=alert]') !== null"), "a wrong PIN is told");
    await browser.look("1280-ro-wrong-pin");
    await browser.tabTo("input[name=name]");
    await browser.type(ready.dashboard.name);
    await browser.tabTo("input[name=pin]");
    await browser.type(ready.dashboard.pin);
    await browser.press(".sign-in button");
    check((await browser.run("location.pathname")) === "/pin", "the first PIN is to be changed");
    await browser.look("1280-ro-pin");
    for (const price of ["18.50", "7.25", "102.00", "44.90"]) sell(price);
    for (let day = 0; day < 4; day++) {
      execFileSync(binary, ["z", "--config", ready.config], { stdio: "pipe" });
      for (let sale = 0; sale <= day; sale++) sell(`${(day + 2) * 31}.50`);
    }
    const document = "document.querySelector('tbody a').getAttribute('href')";
    await browser.go(`${url}/receipts`);
    const receipt = await browser.run(document);
    const pages = [["overview", "/"], ["receipts", "/receipts"], ["document", receipt], ["reports", "/reports"], ["people", "/people"], ["simulator", "/simulator"], ["pin", "/pin"], ["kiosk", "/kiosk"], ["refused", "/documents/nothing"]];
    for (const [width, height, dark] of [[1280, 900, false], [360, 740, true]]) {
      await browser.size(width, height, dark);
      for (const language of ["ro", "de"]) {
        await browser.go(`${url}/?language=${language}`);
        for (const [name, path] of pages) {
          await browser.go(`${url}${path}`);
          await browser.look(`${width}-${language}-${name}`);
        }
      }
    }
    for (const language of ["ru", "uk", "uz", "en"]) {
      await browser.go(`${url}/reports?language=${language}`);
      await browser.look(`360-${language}-reports`);
      await browser.go(`${url}/`);
      await browser.look(`360-${language}-overview`);
    }
    // An X-report and a copy with the keyboard alone.
    await browser.size(1280, 900, false);
    await browser.go(`${url}/reports`);
    await browser.press("form:has(input[name=kind][value=x]) button");
    check((await browser.run("location.pathname")).startsWith("/documents/"), "the X-report is shown");
    await put(`${url}/sim/authority`, { state: "up" });
    const body = join(folder, "alternative.json");
    writeFileSync(body, JSON.stringify({ receiptMode: "AlternativeReceiptOnly", items: [{ name: "Cafea", quantity: 1, price: 25.5, taxGroupCode: "A" }], payments: [{ typeCode: 0, amount: 30 }] }));
    execFileSync(binary, ["sale", "--body", body, "--config", ready.config], { stdio: "pipe" });
    await browser.go(`${url}/receipts`);
    await browser.go(`${url}${await browser.run(document)}`);
    await browser.press("form[action$=copy] button");
    check(await browser.run("document.querySelector('.notice.good') !== null"), "the copy is printed");
    await browser.look("1280-en-copied");
    // What happens while a page is open.
    await browser.go(`${url}/kiosk`);
    await browser.until("document.querySelector('.answer.yes')", 10, "the till is ready");
    await put(`${url}/sim/printer`, { cable: "out" });
    const unplugged = await browser.until("document.querySelector('.answer.no')", 5, "the printer is unplugged");
    await browser.look("1280-en-unplugged");
    await browser.size(360, 740, false);
    await browser.look("360-en-unplugged");
    await browser.go(`${url}/`);
    await browser.look("360-en-overview-unplugged");
    await put(`${url}/sim/printer`, { cable: "in" });
    await browser.until("document.querySelector('.answer.yes')", 15, "the printer is back");
    await put(`${url}/sim/authority`, { state: "down" });
    sell("5.00");
    const down = await browser.until(`document.querySelectorAll(".card.bad").length > 0`, 2, "the tax authority is down");
    await browser.picture("360-en-office-down");
    await put(`${url}/sim/authority`, { state: "up" });
    console.log(`unplugged shown after ${unplugged} ms, office down after ${down} ms`);
    const elsewhere = browser.urls.filter((one) => !one.startsWith(`${url}/`) && !one.startsWith("about:") && !one.startsWith("data:"));
    check(elsewhere.length === 0, `loaded from elsewhere: ${elsewhere.slice(0, 5)}`);
    for (const [, path] of pages) {
      const answer = await fetch(`${url}${path}`);
      const size = (await answer.text()).length;
      check(size < 100_000, `${path} has ${size} bytes`);
    }
  } finally {
    browser.process.kill();
    till.kill();
    await pause(300);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

await walk();
console.log(faults.length === 0 ? "the dashboard is walked without a fault" : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
