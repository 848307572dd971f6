// Looks at the pages on which buyers read receipts with a real browser: `node look.mjs PAGES AXE PICTURES`.
//
// PAGES is a file with a list of `{name, url, total, hospitality}`. Each page is looked at on a phone and on a desktop, light and dark: axe
// finds nothing, nothing is wider than the screen, every control is reached by Tab, nothing is loaded from elsewhere, the page has at most
// 40 kB and the total, and prints on one sheet. The form of a business meal is filled in with the keyboard, saved and made final.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser, check, faults, pause } from "../ui/browser.mjs";

const [pagesFile, axeFile, pictures] = process.argv.slice(2);
const pages = JSON.parse(readFileSync(pagesFile, "utf8"));
mkdirSync(pictures, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "ferrotill-receipts-"));
const browser = new Browser(join(folder, "browser"), readFileSync(axeFile, "utf8"), pictures);

/** The page on paper: one sheet of A4. */
async function print(name) {
  const { data } = await browser.send("Page.printToPDF", { printBackground: true, paperWidth: 8.27, paperHeight: 11.69 });
  const pdf = Buffer.from(data, "base64");
  writeFileSync(join(pictures, `${name}-printed.pdf`), pdf);
  const sheets = (pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;
  console.log(`${name}: ${sheets} sheet(s)`);
  return sheets;
}

async function meal(name) {
  const fill = async (field, text) => {
    await browser.tabTo(`[name=${field}]`);
    await browser.run("document.activeElement.select()");
    await browser.type(text);
  };
  for (const [field, text] of [["occasion", "Vertrag <b>2026</b>"], ["place", "Berlin"], ["attendees", "Anna\nBernd"], ["host", "Carla"], ["company", "Adler & Söhne"], ["tip", "5,00"]]) await fill(field, text);
  await browser.press("button[value=save]");
  check(await browser.run("document.querySelector('[name=occasion]').value === 'Vertrag <b>2026</b>'"), `${name}: the form is saved`);
  await browser.look(`${name}-meal-saved`);
  await fill("tip", "lots");
  await browser.press("button[value=save]");
  check(await browser.run("document.querySelector('[name=tip]').value === '5.00'"), `${name}: a wrong tip changes nothing`);
  await browser.look(`${name}-meal-refused`);
  await browser.press("button[value=finish]");
  check(await browser.run("document.querySelector('button[value=save]') === null"), `${name}: the form is final`);
  await browser.look(`${name}-meal-final`);
}

try {
  await browser.open();
  const hosts = new Set(pages.map(({ url }) => new URL(url).origin));
  for (const { name, url, total, hospitality } of pages) {
    const text = await (await fetch(url)).text();
    const size = Buffer.byteLength(text);
    check(size <= 40 * 1024, `${name}: ${size} bytes`);
    if (total) check(text.replace(/[\s\u00a0\u202f]/g, "").includes(total), `${name}: the total ${total} is not on the page`);
    check(!/<script|onload=|onerror=/i.test(text), `${name}: has a script`);
    for (const [width, height, dark] of [[360, 740, false], [360, 740, true], [1280, 900, false], [1280, 900, true]]) {
      await browser.size(width, height, dark);
      await browser.go(url);
      await browser.look(`${name}-${width}${dark ? "-dark" : ""}`);
    }
    // At 400 % a desktop of 1280 pixels has 320.
    await browser.size(320, 640, false);
    await browser.go(url);
    check(await browser.run("document.documentElement.scrollWidth <= window.innerWidth"), `${name}: wider than the screen at 400 %`);
    await browser.size(1280, 900, false);
    await browser.go(url);
    const printed = await print(name);
    check(printed === 1, `${name}: printed on ${printed} sheets`);
    if (hospitality) await meal(name);
  }
  const elsewhere = browser.urls.filter((one) => !hosts.has(new URL(one).origin) && !one.startsWith("about:") && !one.startsWith("data:"));
  check(elsewhere.length === 0, `loaded from elsewhere: ${elsewhere.slice(0, 5)}`);
} finally {
  browser.process.kill();
  await pause(300);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
console.log(faults.length === 0 ? `${pages.length} receipts are looked at without a fault` : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
