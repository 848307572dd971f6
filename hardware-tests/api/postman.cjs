// Runs the requests of the Postman collection with its own script: node runs the script with a small stand-in of Postman's objects.

"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const vm = require("node:vm");

const collection = JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
const script = collection.event.find((event) => event.listen === "prerequest").script.exec.join("\n");
const values = new Map(collection.variable.map(({ key, value }) => [key, value]));
values.set("baseUrl", process.env.FERROTILL_URL);
values.set("apiKey", process.env.FERROTILL_KEY);
values.set("apiSecret", process.env.FERROTILL_SECRET);
values.set("deviceId", process.env.FERROTILL_DEVICE);

const replaced = (text) =>
  text.replace(/{{(\$?\w+)}}/g, (whole, name) => (name === "$guid" ? crypto.randomUUID() : (values.get(name) ?? whole)));

// CryptoJS as the script uses it.
const CryptoJS = {
  HmacSHA256: (text, key) => ({ toString: () => crypto.createHmac("sha256", key).update(text, "utf8").digest("hex") }),
};

async function send(item) {
  const url = replaced(item.request.url.raw);
  const body = item.request.body?.raw;
  const headers = new Map();
  const request = {
    method: item.request.method,
    url: { getPathWithQuery: () => new URL(replaced(url)).pathname + new URL(replaced(url)).search },
    body: body === undefined ? undefined : { raw: body, toString: () => body, update: (text) => (request.sent = text) },
    headers: { upsert: ({ key, value }) => headers.set(key, value) },
  };
  const pm = {
    request,
    variables: { get: (name) => values.get(name), replaceIn: replaced, set: (name, value) => values.set(name, value) },
  };
  vm.runInNewContext(script, { pm, CryptoJS, Date });
  const answer = await fetch(url, {
    method: request.method,
    headers: { "Content-Type": "application/json", ...Object.fromEntries(headers) },
    body: request.sent,
  });
  const text = await answer.text();
  return { status: answer.status, text };
}

async function main() {
  let count = 0;
  for (const folder of collection.item) {
    for (const item of folder.item) {
      const { status, text } = await send(item);
      assert.strictEqual(status, 200, `${item.name}: ${status} ${text}`);
      count += 1;
    }
  }
  console.log(`${count} requests of the collection are answered with 200`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
