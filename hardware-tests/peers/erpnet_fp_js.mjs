// The driver writes a folder `logs` where it is started: start it elsewhere.
// Prints receipts with t-core-one/ErpNet.FP.js: `node erpnet_fp_js.mjs FOLDER CLASS PORT`, e.g. CLASS BgDatecsPIslFiscalPrinter.
// FOLDER is the folder of the repository, in which `npm ci` has been run.

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const [folder, name, port] = process.argv.slice(2);
const source = (file) => import(pathToFileURL(path.resolve(folder, 'src', file)).href);
// The program writes its log on standard output, which belongs to the answers here.
const { default: logger } = await source('logger.js');
logger.silent = true;
const { TcpChannel } = await source('Transports/TcpTransport.js');
const drivers = await source(`Drivers/BgDatecs/${name}.js`);

const channel = new TcpChannel('127.0.0.1', Number(port));
const printer = new drivers[name](channel, null);
await printer.getRawDeviceInfo();
console.log('ready');
let number = 0;
for await (const order of createInterface({ input: process.stdin })) {
  const lines = Number(order);
  number += 1;
  const status = await printer.printReceipt({
    UniqueSaleNumber: `DT000001-0001-${String(number).padStart(7, '0')}`,
    Operator: '1',
    OperatorPassword: process.env.PASSWORD ?? '0000',
    Items: Array.from({ length: lines }, (_, line) => ({
      Type: 'sale', Text: `Piine Praga ${line}`, UnitPrice: 8.1, Quantity: 1, TaxGroup: 1,
    })),
    Payments: [{ PaymentType: 'cash', Amount: (lines * 810) / 100 }],
  });
  console.log(status.Ok ? 'ok' : JSON.stringify(status));
}
