#!/usr/bin/env python3
"""Whole days through the FiscalBox API: fiscalbox_day.py PROGRAM

With each sealer (the module in software, and an emulated device over HTTP in both generations) a day is opened, sold, given back, compared and
closed, and reconciles; then the public client's flow is played through a day with troubles.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from fiscalbox_client import Client, Lost, Refused

PROGRAM = sys.argv[1]
PRICE = 500_000
WALLETS = {"click": 64, "payme": 141, "uzum": 161, "anor": 187}


def start(*arguments: str) -> tuple[subprocess.Popen, dict]:
    process = subprocess.Popen([PROGRAM, "--json", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return process, json.loads(process.stdout.readline())


@contextmanager
def shop(sealer: str):
    """A till with a sealer: its address, and the address of the module's switches."""
    with tempfile.TemporaryDirectory() as folder:
        processes = []
        try:
            uri = "module:software"
            if sealer != "software":
                device, ready = start("emulator", "--family", "fiscalbox", "--firmware", sealer, "--listen", "127.0.0.1:0")
                processes.append(device)
                uri = ready["printer"]
            config = Path(folder) / "ferrotill.toml"
            config.write_text(f"""
[till]
country = "UZ"
mode = "TEST"
data_dir = "{folder}/books"
[api]
listen = "127.0.0.1:0"
[[api.clients]]
key = "a-key"
secret = "a-secret-of-some-length"
[fiscalbox]
confirm_after_s = 2
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
name = "Kassa 1"
uri = "{uri}"
tax_groups = [{{ code = "A", rate = "12.00" }}, {{ code = "B", rate = "0" }}, {{ code = "C", rate = "0" }}]
payment_types = [{{ code = 0, name = "Naqd", cash = true }}, {{ code = 1, name = "Karta" }}]
""")
            till, ready = start("run", "--config", str(config))
            processes.append(till)
            switches = ready["url"] if sealer == "software" else uri.removeprefix("fiscalbox+")
            yield ready["url"], switches, config
        finally:
            for process in processes:
                process.terminate()
                process.wait(20)


def switch(url: str, path: str, body: dict, method: str = "PUT") -> dict:
    return Client.call(Wire(url), method, path, body)


class Wire:
    def __init__(self, url: str):
        self.url = url


def wallets(client: Client) -> int:
    """A sale with each wallet: pay, order, confirm."""
    for name, number in WALLETS.items():
        paid = client.data(client.call("POST", f"/payment/{name}/", {"amount": PRICE, "qr_code": f"code of {name}"}))
        payment = str(paid["payment_id"])
        info = {"phone_number": "", "qr_payment_id": payment, "qr_payment_provider": number}
        sale = client.sell(0, PRICE, [client.product(PRICE)], extra_info=info)
        key = "transaction_id" if name == "anor" else "payment_id"
        client.data(client.call("POST", f"/payment/{name}_confirm/", {key: paid[key], "qr_code": sale["qr_url"]}))
    for name in ("xumo", "uzcard"):
        paid = client.data(client.call("POST", f"/payment/{name}", {"amount": PRICE}))
        client.sell(0, PRICE, [client.product(PRICE)], ppt_id=paid["ppt_id"], card_type=2)
        client.data(client.call("GET", f"/payment/{name}_shortreport/"))
    client.data(client.call("POST", "/payment/qr_pay", {"amount": PRICE, "order_id": 17, "print": False}))
    client.data(client.call("POST", "/payment/qr_pay/status", {"order_id": "17"}))
    client.sell(0, PRICE, [client.product(PRICE)], scan2pay_paid=True, extra_info={"scan2pay_id": "17"})
    begun = client.data(client.call("POST", "/payment/one_qr/create", {"external_id": "e1", "amount": "5000.00"}))
    paid = client.data(client.call("GET", f"/payment/one_qr/status?invoice_id={begun['invoice_id']}"))
    assert paid["status"] == 2, paid
    sale = client.sell(0, PRICE, [client.product(PRICE)], extra_info={"qr_payment_id": paid["pay_id"]})
    client.data(client.call("POST", "/payment/one_qr/receipt", {"pay_id": paid["pay_id"], "fiscal_receipt_url": sale["qr_url"]}))
    return 8


def compared(client: Client) -> dict:
    for _ in range(40):
        said = client.data(client.call("GET", "/sverka"))
        if said["reconciled"]:
            return said
        time.sleep(0.5)
    raise AssertionError(said["differences"])


def day(url: str, switches: str) -> None:
    client = Client(url + "/fiscalbox")
    client.open()
    first = client.sell(PRICE, 0, [client.product(PRICE)], tendered=900_000)
    client.sell(0, PRICE, [client.product(PRICE)])
    client.sell(200_000, 300_000, [client.product(PRICE)])
    sales = 3 + wallets(client)
    marked = client.product(PRICE, labels=["0104600000000015211234567"])
    check = {"refund": 0, "products": [{"productCode": marked["class_code"], "packageCode": "0", "amount": 1, "kmIds": marked["labels"], "fullKmIds": marked["labels"]}]}
    assert client.call("POST", "/okm/validation", check)["success"] is True
    client.sell(PRICE, 0, [marked])
    client.sell(PRICE, 0, [client.product(PRICE)], kind="prepaid")
    client.sell(0, PRICE, [client.product(PRICE)], kind="credit")
    client.sell(PRICE, 0, [client.product(PRICE, comission_info={"inn": "123456789", "pinfl": ""})])
    client.sell(250_000, 0, [client.product(PRICE, discount=250_000)])
    sales += 5
    client.refund(first["qr_url"], PRICE, 0, [client.product(PRICE)])
    faulty = client.order(PRICE, 100_000, [client.product(PRICE)]) | {"time": client.now()}
    said = client.call("POST", "/order/create/", faulty)
    assert said["error"]["code"] == 65531 and "1000.00" in said["error"]["message"], said
    client.data(client.call("GET", "/print/open_cash_drawer/"))
    client.data(client.call("POST", "/print/banner/", {"banners": [{"type": "qr_code", "data": first["qr_url"], "cut": True}]}))
    client.data(client.call("GET", "/order/print/"))
    told = compared(client)
    assert told["module"]["total_sale_count"] == sales, told
    assert client.close(False)["total_sale_count"] == sales
    z = client.close(True)
    assert (z["total_sale_count"], z["total_refund_count"]) == (sales, 1), z
    assert z["total_sale_cash"] == PRICE * 4 + 200_000 + 250_000, z
    for name in ("xumo", "uzcard"):
        client.data(client.call("GET", f"/payment/{name}_close"))
    receipts = switch(switches, "/sim/module", None, "GET")["receipts"]
    assert len(receipts) == sales + 1
    assert len({receipt["fiscal_sign"] for receipt in receipts}) == sales + 1


TROUBLES = [
    {"kind": "drop_answer", "operation": "create"},
    {"kind": "drop_request", "operation": "create"},
    {"kind": "error_after_commit", "operation": "create", "code": 103, "text": "INTERNAL_ERROR"},
    {"kind": "error", "operation": "create", "code": 122, "text": "9023 - ZREPORT_IS_ALREADY_CLOSED; failed to register receipt; failed to execute command"},
    {"kind": "error", "operation": "create", "code": 36888, "text": "ERROR_RECEIPT_TIME_PAST"},
    {"kind": "delay", "operation": "create", "ms": 700},
    {"kind": "error", "operation": "open", "code": 103, "text": "9030 - DATETIME_IS_IN_THE_PAST; failed to open zreport; failed to execute command"},
    {"kind": "error_after_commit", "operation": "refuse", "code": 2, "text": "Read timed out"},
    {"kind": "drop_answer", "operation": "refuse"},
]


def troubled_day(url: str, switches: str) -> None:
    """The public client through a day with troubles: what it takes as made is made once, and what it takes as not made is not."""
    client = Client(url + "/fiscalbox")
    made = {"sales": 0, "refunds": 0}
    for trouble in TROUBLES:
        link = client.sell(PRICE, 0, [client.product(PRICE)])["qr_url"]
        made["sales"] += 1
        switch(switches, "/sim/module/faults", {**trouble, "times": 1}, "POST")
        refunds = trouble["operation"] == "refuse"
        try:
            if refunds:
                client.refund(link, PRICE, 0, [client.product(PRICE)])
            else:
                client.sell(PRICE, 0, [client.product(PRICE, name=f"Choy {made['sales']}")])
            made["refunds" if refunds else "sales"] += 1
        except (Refused, Lost):
            pass
        switch(switches, "/sim/module/faults", None, "DELETE")
        module = switch(switches, "/sim/module", None, "GET")
        assert len(module["receipts"]) == sum(made.values()), (trouble, made, module)
        figures = client.settled_info()
        assert (figures["total_sale_count"], figures["total_refund_count"]) == (made["sales"], made["refunds"]), trouble
    assert client.last()["result"]["ReceiptSeq"] == sum(made.values())
    number = client.info()["number"]
    switch(switches, "/sim/module/faults", {"kind": "error_after_commit", "operation": "close", "code": 2, "text": "Read timed out"}, "POST")
    z = client.close(True)
    assert (z["total_sale_count"], z["total_refund_count"]) == (made["sales"], made["refunds"]), z
    assert client.info()["number"] == number + 1


def main() -> None:
    for sealer in ("software", "applet-3", "applet-4"):
        for play in (day, troubled_day):
            with shop(sealer) as (url, switches, config):
                play(url, switches)
                verified = subprocess.run([PROGRAM, "--json", "verify", "--config", str(config)], capture_output=True, text=True)
                assert verified.returncode == 0, verified.stdout
            print(f"{play.__name__} with {sealer}: reconciles", flush=True)


if __name__ == "__main__":
    main()
