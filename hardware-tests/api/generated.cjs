// Sells, returns, lists and closes the day with a client that openapi-generator has made from the vendor's document, unchanged.
// Its one argument is the folder of the compiled client. Only the address and the signature are given to it, as at the vendor's server.

"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const path = require("node:path");

const client = require(path.resolve(process.argv[2], "index.js"));
const device = process.env.FERROTILL_DEVICE;

const signing = {
  async pre({ url, init }) {
    const timestamp = Date.now().toString();
    const { pathname, search } = new URL(url);
    const text = device + timestamp + init.method + pathname + search + (init.body ?? "");
    init.headers["Api-Key"] = process.env.FERROTILL_KEY;
    init.headers["Api-DeviceId"] = device;
    init.headers["Api-Timestamp"] = timestamp;
    init.headers["Api-Signature"] = crypto.createHmac("sha256", process.env.FERROTILL_SECRET).update(text, "utf8").digest("hex");
    return { url, init };
  },
};
// The secret of the vendor's document is sent as generated clients send it; the till ignores it.
const configuration = new client.Configuration({
  basePath: process.env.FERROTILL_URL,
  apiKey: (name) => (name === "Api-Secret" ? "as the document declares it" : process.env.FERROTILL_KEY),
  middleware: [signing],
});
const api = (name) => new client[Object.keys(client).find((key) => key.includes(name) && key.endsWith("Api"))](configuration);

async function main() {
  const sales = api("IntegratedOperations");
  const receipts = api("FiscalReceipts");
  const id = crypto.randomUUID();
  const item = { name: "Piine", quantity: 2, price: 8.1, modifierMode: "ByPercent", modifierValue: -10, taxGroupCode: "B" };
  const saleRequest = { id, items: [item], payments: [{ typeCode: 0, amount: 20 }] };
  const sold = await sales.apiV1OperationsSalePost({ apiDeviceId: device, saleRequest });
  assert.strictEqual(sold.success, true);
  const receipt = sold.data.fiscalReceipt;
  assert.strictEqual(receipt.id, id);
  assert.strictEqual(receipt.totalAmount, 14.58);
  assert(receipt.dateTime instanceof Date && !Number.isNaN(receipt.dateTime.getTime()));
  const again = await sales.apiV1OperationsSalePost({ apiDeviceId: device, saleRequest });
  assert.strictEqual(again.data.fiscalReceipt.uniqueId, receipt.uniqueId);

  const cash = { id: crypto.randomUUID(), amount: 50 };
  const put = await api("CashOperations").apiV1CashoperationsPost({ apiDeviceId: device, createCashOperationRequest: cash });
  assert.strictEqual(put.data.amount, 50);

  const line = receipt.items[0];
  const returned = { ...item, quantity: 1, amountBeforeModification: 8.1, amount: 7.29, taxRate: line.taxRate, taxAmount: 0.54, finalAmount: 7.29, finalTaxAmount: 0.54 };
  const returnRequest = { id: crypto.randomUUID(), originalReceiptId: id, items: [returned], payments: [{ typeCode: 0, amount: 7.29 }] };
  const given = await sales.apiV1OperationsReturnPost({ apiDeviceId: device, returnRequest });
  assert.strictEqual(given.data.totalAmount, 7.29);

  const page = await receipts.apiV1ReceiptsGet({ apiDeviceId: device, startIndex: 0, count: 10 });
  assert(page.data.data.some((one) => one.id === id && one.totalAmount === 14.58));
  const full = await receipts.apiV1ReceiptsFullGet({ apiDeviceId: device });
  assert.strictEqual(full.data.totalCount, page.data.totalCount);
  const read = await receipts.apiV1ReceiptsReceiptIdGet({ apiDeviceId: device, receiptId: id });
  assert.strictEqual(read.data.uniqueId, receipt.uniqueId);
  const devices = await api("Equipment").apiV1DevicesGet({});
  assert.strictEqual(devices.data.data[0].id, device);

  const refusal = { apiDeviceId: device, saleRequest: { ...saleRequest, id: crypto.randomUUID(), payments: [{ typeCode: 0, amount: 1 }] } };
  await assert.rejects(sales.apiV1OperationsSalePost(refusal), (error) => error.response.status === 422);

  const closed = await sales.apiV1OperationsClosedayPost({ apiDeviceId: device, baseOperationRequest: { id: crypto.randomUUID() } });
  assert.strictEqual(closed.data.type, "ZReport");
  const reports = await api("Reports").apiV1ReportsGet({ apiDeviceId: device });
  assert.strictEqual(reports.data.data[0].id, closed.data.id);
  console.log("sold, returned, listed and closed the day");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
