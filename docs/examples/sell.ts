// Sells from Node 18 or newer, repeats the call, and prints number and total of the receipt.
// FERROTILL_URL (http://127.0.0.1:50700), FERROTILL_KEY, FERROTILL_SECRET and FERROTILL_DEVICE name the till and the client.
// Compile it with: tsc --target es2022 --module commonjs sell.ts

declare const process: { env: Record<string, string | undefined> };

interface Receipt {
  uniqueId: string;
  number: number;
  totalAmount: number;
}

interface Answer {
  success: boolean;
  message: string;
  errorType: string | null;
  data?: { fiscalReceipt: Receipt | null; alternativeReceipt: Receipt | null };
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function signature(text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(setting("FERROTILL_SECRET")), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

// The answer to a signed call. A refusal (422) has success false and a message.
async function call(method: string, path: string, body: string): Promise<Answer> {
  const device = setting("FERROTILL_DEVICE");
  const timestamp = Date.now().toString();
  const answer = await fetch(setting("FERROTILL_URL") + path, {
    method,
    body,
    headers: {
      "Content-Type": "application/json",
      "Api-Key": setting("FERROTILL_KEY"),
      "Api-DeviceId": device,
      "Api-Timestamp": timestamp,
      "Api-Signature": await signature(device + timestamp + method + path + body),
    },
  });
  return (await answer.json()) as Answer;
}

function receiptOf(answer: Answer): Receipt {
  const receipt = answer.data?.fiscalReceipt ?? answer.data?.alternativeReceipt;
  if (!receipt) throw new Error(`${answer.errorType}: ${answer.message}`);
  return receipt;
}

async function main(): Promise<void> {
  const body = JSON.stringify({
    id: crypto.randomUUID(),
    items: [{ name: "Piine", quantity: 2, price: 8.1, taxGroupCode: "B" }],
    payments: [{ typeCode: 0, amount: 20 }],
  });
  const receipt = receiptOf(await call("POST", "/api/v1/operations/sale", body));
  // The same id gets the same receipt: repeat the call whenever the answer was lost.
  const again = receiptOf(await call("POST", "/api/v1/operations/sale", body));
  if (again.uniqueId !== receipt.uniqueId) throw new Error("another receipt");
  console.log("sold", receipt.number, receipt.totalAmount.toFixed(2));
}

main();
