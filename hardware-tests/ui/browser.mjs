// A real browser for the walks through pages: Chromium, driven over a pipe, with axe, the keyboard and pictures.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const faults = [];
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function check(is, says) {
  if (!is) {
    faults.push(says);
    console.log(`FAULT ${says}`);
  }
}

/** The browser. `axe` is the script of axe-core, and `pictures` the folder for pictures. */
export class Browser {
  constructor(folder, axe, pictures) {
    Object.assign(this, { axe, pictures });
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
    const clip = { x: 0, y: 0, width: cssContentSize.width, height: Math.min(cssContentSize.height, 12000), scale: 1 };
    const { data } = await this.send("Page.captureScreenshot", { format: "png", clip, captureBeyondViewport: true });
    writeFileSync(join(this.pictures, `${name}.png`), Buffer.from(data, "base64"));
  }

  /** axe, the width, and every control by Tab. */
  async look(name) {
    await this.run(`${this.axe}; 0`);
    const found = await this.run(`axe.run(document, { iframes: false }).then((done) => done.violations.map((one) =>
      one.id + ": " + one.nodes.map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")).join("; ")))`);
    found.forEach((one) => check(false, `${name}: axe: ${one}`));
    check(await this.run("document.documentElement.scrollWidth <= window.innerWidth"), `${name}: wider than the screen`);
    const fits = "Array.from(document.querySelectorAll('.scroll')).every((one) => one.scrollWidth <= one.clientWidth)";
    check(await this.run(fits), `${name}: a list is wider than the screen`);
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
