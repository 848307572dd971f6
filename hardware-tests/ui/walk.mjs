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
import { Browser, check, faults, pause } from "./browser.mjs";

const [binary, axeFile, pictures] = process.argv.slice(2);
const axe = readFileSync(axeFile, "utf8");
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
  const browser = new Browser(join(folder, "browser"), axe, pictures);
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
