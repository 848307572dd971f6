"""Prints receipts with krkodil/pypos on a printer of the family X: `pypos.py PORT`. PYTHONPATH names the folder of the repository."""

from __future__ import annotations

import sys

from bon import FiscalBon, PayMode, Product
from connector import EthernetConnector
from ecr import DatecsFiscalDevice
from protocol import DatecsProtocol


PASSWORD = "0000"  # that of the emulated printer


def main() -> None:
    device = DatecsFiscalDevice(EthernetConnector("127.0.0.1", int(sys.argv[1])), DatecsProtocol.X)
    device.connect()
    print("ready", flush=True)
    for number, order in enumerate(sys.stdin, 1):
        lines = int(order)
        with FiscalBon(1, PASSWORD, 1, f"{device.serial_number}-0001-{number:07}") as receipt:
            for line in range(lines):
                receipt.add(Product(f"Piine Praga {line}", 1.0, 8.10, "", 1))
            receipt.close(round(lines * 8.10, 2), PayMode.CASH)
            device.print(receipt)
        print("ok", flush=True)


if __name__ == "__main__":
    main()
