"""Prints receipts with the Datecs driver of rosenvladimirov/Odoo.ErpNet.FP, in the order of its server: `odoo_erpnet_fp.py DEVICE BAUD`.

PYTHONPATH names the folder of the repository; pyserial is needed.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path


def driver():
    """The package of the driver without those above it, which import the whole server."""
    found = next(Path(folder) for folder in sys.path if (Path(folder) / "odoo_erpnet_fp/drivers/fiscal/datecs_isl").is_dir())
    for name in ("odoo_erpnet_fp", "odoo_erpnet_fp.drivers", "odoo_erpnet_fp.drivers.fiscal"):
        package = types.ModuleType(name)
        package.__path__ = [str(found / name.replace(".", "/"))]
        sys.modules[name] = package
    import odoo_erpnet_fp.drivers.fiscal.datecs_isl.protocol as protocol
    import odoo_erpnet_fp.drivers.fiscal.datecs_isl.transport_serial as serial
    import odoo_erpnet_fp.drivers.fiscal.datecs_isl.vendors as vendors

    return protocol, serial, vendors


def main() -> None:
    protocol, serial, vendors = driver()
    device = vendors.DatecsIslDevice(serial.SerialTransport(sys.argv[1], int(sys.argv[2])))
    device.open()
    device.detect()
    print("ready", flush=True)
    for number, order in enumerate(sys.stdin, 1):
        lines = int(order)
        states = [device.open_receipt(f"DT000001-0001-{number:07}")]
        for line in range(lines):
            states.append(device.add_item(f"Piine Praga {line}", "8.10", protocol.TaxGroup.G1, "1"))
        states.append(device.add_payment(f"{lines * 810 / 100:.2f}", protocol.PaymentType.CASH))
        states.append(device.close_receipt())
        faults = [error.text for state in states for error in state.errors]
        print("; ".join(faults) or "ok", flush=True)


if __name__ == "__main__":
    main()
