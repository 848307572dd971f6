"""Scenarios of the main task: a signed sale, its numbers, its repeats, and many sales at once."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from fiscalcloud_client import RECEIPT_EXAMPLE, SALE_EXAMPLE, sale, sign, with_id
from stage import NETWORK_ERRORS, CheckedClient, Stage, check, equal, money, new_id, scenario

# The names of the fields as the vendor's schemas list them; every schema forbids other fields.
HEAD = set(
    "fiscalDeviceId id uniqueId authorId authorUserName number numberPresentation currentNumber "
    "currentNumberPresentation dateTime dateTimePresentation organizationName idnx address pointOfSaleId "
    "pointOfSaleCode mevId mevDateTime mevDateTimePresentation printFormMediaType printFormContent "
    "printErrorMessage licenseMessage additionalData".split()
)
RECEIPT = HEAD | set(
    "zReportId totalAmount subTotalAmount totalPaid totalAmountModifications totalChange print sendToEmail "
    "emailAddress sendToPhone phoneNumber additionalHeaderText additionalFooterText items payments "
    "amountModifications".split()
)
ITEM = set(
    "rowNumber goodId name quantity price amountBeforeModification amount modifierMode modifierValue taxGroupCode "
    "taxRate taxRatePresentation taxAmount finalAmount finalTaxAmount comment".split()
)
PAYMENT = set(
    "rowNumber typeCode typeName amount change useBankTerminal bankTerminal bankTerminalCurrency bankTerminalRRN "
    "bankTerminalOperationNumber bankTerminalPrintData".split()
)
SHORT_INFO = set(
    "id pointOfSaleId authorUserName number numberPresentation currentNumber currentNumberPresentation dateTime "
    "dateTimePresentation totalAmount".split()
)


def check_seed_receipt(receipt: dict) -> None:
    """Checks every number of the vendor's example, to the last digit."""
    equal(set(receipt), RECEIPT, "fields of a receipt")
    for field, expected in {
        "subTotalAmount": "24.77", "totalAmountModifications": "-6.19", "totalAmount": "18.58",
        "totalPaid": "25.00", "totalChange": "6.42",
    }.items():
        money(receipt[field], expected, field)
    lines = [
        dict(amountBeforeModification="16.20", amount="13.77", taxAmount="1.02", finalAmount="10.33", finalTaxAmount="0.77"),
        dict(amountBeforeModification="12.00", amount="11.00", taxAmount="1.83", finalAmount="8.25", finalTaxAmount="1.38"),
    ]
    equal(len(receipt["items"]), 2, "lines")
    for item, numbers, (name, group, rate) in zip(
        receipt["items"], lines,
        [("Piine Praga (Franzeluta)", "B", "8.00%"), ("Gura Cainarului 1.5l Necarbogazoasa", "A", "20.00%")],
    ):
        equal(set(item), ITEM, "fields of an item")
        for field, expected in numbers.items():
            money(item[field], expected, f"items.{field}", item)
        equal((item["name"], item["taxGroupCode"], item["taxRatePresentation"]), (name, group, rate), "line")
        equal(Decimal(item["taxRate"]), Decimal(rate[:-1]), "taxRate")
    equal([item["rowNumber"] for item in receipt["items"]], [1, 2], "row numbers")
    equal([item["quantity"] for item in receipt["items"]], [2, 1], "quantities")
    equal([payment["typeCode"] for payment in receipt["payments"]], [1, 0], "payments stay in the caller's order")
    for payment, amount, change in zip(receipt["payments"], ("15.00", "10.00"), (0, Decimal("6.42"))):
        equal(set(payment), PAYMENT, "fields of a payment")
        money(payment["amount"], amount, "payment", payment)
        equal(payment["change"], change, "change comes out of the cash", payment)
    equal(receipt["payments"][1]["typeName"], "Numerar", "name of the cash payment")
    equal((receipt["emailAddress"], receipt["phoneNumber"]), ("test@mail.com", "079000001"), "where to send it")
    equal((receipt["sendToEmail"], receipt["sendToPhone"]), (True, True), "that it is to be sent")
    uuid.UUID(receipt["id"])
    uuid.UUID(receipt["uniqueId"])


@scenario(limit=200)
def demo_once(stage: Stage) -> None:
    """The demo command of the README plays a whole day, and the Z-report of the day reconciles."""
    done = subprocess.run(
        [stage.binary, "demo", "--once", "--json", "--listen", f"127.0.0.1:{stage._port('demo')}"],
        capture_output=True, text=True, timeout=180, cwd=stage.folder, stdin=subprocess.DEVNULL,
    )
    check(done.returncode == 0, f"exit code {done.returncode}", done.stdout[-1500:], done.stderr[-1500:])
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    keys = {"ready", "url", "api_key", "api_secret", "device_id", "point_of_sale_id", "printer", "data"}
    check(keys <= set(lines[0]), "the first line lacks something", lines[0])
    check(lines[0]["printer"].endswith("/printer"), "the printer's link is not named printer", lines[0])
    day = lines[-1]["day"]
    equal((day["reconciled"], day["unsent"], day["returns"]), (True, 0, 1), "the day", day)
    check(day["alternative_receipts"] >= 3, "fewer than three alternative receipts", day)
    check(day["fiscal_receipts"] >= 3 and day["cash_operations"] >= 1 and day["z_number"] >= 1, "the day has too few documents", day)


@scenario(limit=60)
def hmac_vectors(_: Stage) -> None:
    """The client computes the signatures of the three test vectors in the specification."""
    secret = "w6IcKa2UsJe63gqwTuaidvQOZclmaJvlyXHOwgDplU5K3hZWGCUSmVj1rI5n8xU5"
    device, timestamp = "0875b8a5-0668-41a3-a3fa-8eeccf66d289", "1685536200000"
    for device_id, method, path, body, expected in [
        (device, "GET", "/api/v1/cashoperations?StartIndex=30", "", "a31f7a3a3e7f69b6ed485ca705d528bd95471bf2abd968080119cf3136045065"),
        (device, "POST", "/api/v1/operations/closeday", "{}", "bbfe0ca3f31609edc15071cd8f11585a537f7c077e97d04474633c90aba60a3a"),
        ("", "GET", "/api/v1/devices", "", "411f1c9e2628aaffdcf94dcbf6073a34cf84c54b9f0e1b2b428fe33218584cc2"),
    ]:
        equal(sign(secret, device_id, "", timestamp, method, path, body), expected, f"signature of {method} {path}")


@scenario(limit=60)
def seed_sale(stage: Stage) -> None:
    """The vendor's example sale, unchanged, is sold and printed on paper."""
    client, simulator = stage.demo()
    answer = client.post("operations/sale", SALE_EXAMPLE)
    equal(answer.status, 200, "status", answer)
    check(not answer.replayed, "a first call is no replay", answer)
    equal(set(answer.json), {"success", "message", "fullExceptionMessage", "errorType", "data"}, "envelope")
    equal(set(answer.data), {"receiptType", "fiscalReceipt", "alternativeReceipt"}, "fields of the answer")
    equal((answer.data["receiptType"], answer.data["alternativeReceipt"]), ("FiscalReceipt", None), "kind")
    receipt = answer.data["fiscalReceipt"]
    check_seed_receipt(receipt)
    equal((receipt["number"], receipt["currentNumber"]), (1, 1), "numbers of the first receipt")
    equal((receipt["numberPresentation"], receipt["currentNumberPresentation"]), ("00000001", "0001"), "their text")
    equal(receipt["fiscalDeviceId"], client.device, "device")
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}[+-]\d\d:\d\d", receipt["dateTime"]), "dateTime", receipt["dateTime"])
    check(re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", receipt["dateTimePresentation"]), "dateTimePresentation", receipt["dateTimePresentation"])
    for name in ("subTotalAmount", "totalPaid", "amountBeforeModification"):
        check(re.search(rf'"{name}":\s*-?\d+\.\d\d[,}}]', answer.text), f"{name} is not a number with two decimals", answer.text)

    receipts = simulator.receipts()
    equal(len(receipts), 1, "fiscal receipts in the printer")
    equal((receipts[0]["total"], receipts[0]["items"], receipts[0]["kind"]), ("18.58", 2, "sale"), "the receipt in the printer's memory")
    paper = simulator.paper()
    words = " ".join(paper.split())  # a long name has two lines
    for name in ("Piine Praga (Franzeluta)", "Gura Cainarului 1.5l Necarbogazoasa"):
        check(name in words, f"{name} is not on paper", paper)
    equal(simulator.printer()["receipt_open"], False, "an open receipt")


@scenario(limit=60)
def replay(stage: Stage) -> None:
    """A request id sells once, whichever call with this id is repeated."""
    client, simulator = stage.demo()
    request_id = new_id()
    first = client.post("operations/sale", with_id(SALE_EXAMPLE, request_id))
    equal(first.status, 200, "first call", first)
    equal(first.data["fiscalReceipt"]["id"], request_id, "a document's id is the request id")
    before, paper = simulator.printer(), simulator.paper()

    camel = re.sub(r'"([A-Z])(\w*)":', lambda m: f'"{m[1].lower()}{m[2]}":', SALE_EXAMPLE)
    for what, body in {
        "the same bytes": SALE_EXAMPLE,
        "8.1 for 8.10": SALE_EXAMPLE.replace('"Price":8.10', '"Price":8.1'),
        "2 for 2.000": SALE_EXAMPLE.replace('"Quantity":2.000', '"Quantity":2'),
        "camelCase": camel,
        "spaces": SALE_EXAMPLE.replace('","', '", "').replace('":', '" : '),
    }.items():
        again = client.post("operations/sale", with_id(body, request_id))
        equal((again.status, again.replayed, again.state), (200, True, "registered"), what, again)
        equal(again.data, first.data, f"{what}: document")

    for what, body in {
        "another price": SALE_EXAMPLE.replace("8.10", "8.11"),
        "another name": SALE_EXAMPLE.replace("Praga", "Alba"),
        "another payment": SALE_EXAMPLE.replace('"Amount":10.00', '"Amount":11.00'),
    }.items():
        clash = client.post("operations/sale", with_id(body, request_id))
        equal((clash.status, clash.state, clash.replayed), (422, "registered", False), what, clash)
        equal(clash.data, None, f"{what}: document", clash)
    clash = client.post("receipts", with_id(RECEIPT_EXAMPLE, request_id))
    check(clash.status in (200, 422) and clash.state == "registered", "the id on another operation", clash)

    after = simulator.printer()
    for field in ("last_document", "fiscal_receipts", "cash"):
        equal(after[field], before[field], f"the printer's {field} after replays")
    equal(simulator.paper(), paper, "paper after replays")

    # The same body without an id is another sale.
    equal(client.post("operations/sale", SALE_EXAMPLE).data["fiscalReceipt"]["number"], 2, "number of a sale without an id")


def page(client: CheckedClient, start: int, count: int) -> dict:
    answer = client.get(f"receipts?startIndex={start}&count={count}")
    equal(answer.status, 200, "list of receipts", answer)
    equal(set(answer.data), {"data", "totalCount"}, "fields of a page", answer)
    return answer.data


def all_receipts(client: CheckedClient) -> list[dict]:
    """All receipts that the agent lists, read in pages of twenty."""
    found: list[dict] = []
    while True:
        one = page(client, len(found), 20)
        found += one["data"]
        if len(found) >= one["totalCount"] or not one["data"]:
            equal(len(found), one["totalCount"], "receipts in the pages and totalCount")
            return found


@scenario(limit=90)
def receipts(stage: Stage) -> None:
    """The calls for a plain receipt, for the list of receipts, for one receipt, for the devices and for the drawer."""
    client, simulator = stage.demo()
    created = []
    for number in (1, 2, 3):
        answer = client.post("receipts", with_id(RECEIPT_EXAMPLE, new_id()))
        equal(answer.status, 200, "POST receipts", answer)
        check_seed_receipt(answer.data)
        equal(answer.data["number"], number, "number")
        created.append(answer.data)
    equal(len(simulator.receipts("18.58")), 3, "receipts in the printer")

    equal(page(client, 0, 2)["totalCount"], 3, "totalCount")
    first, rest = page(client, 0, 2)["data"], page(client, 2, 2)["data"]
    equal((len(first), len(rest)), (2, 1), "sizes of the pages")
    equal({one["id"] for one in first + rest}, {one["id"] for one in created}, "ids of the pages")
    for one in first + rest:
        equal(set(one), SHORT_INFO, "fields of the short form")
        money(one["totalAmount"], "18.58", "totalAmount of the short form")
    pascal = client.get("receipts?StartIndex=2&Count=2")
    equal(pascal.data, page(client, 2, 2), "the query in PascalCase")
    equal(page(client, 100, 2), {"data": [], "totalCount": 3}, "a page behind the end")

    for one in created:
        equal(client.get(f"receipts/{one['id']}").data, one, "GET receipts/{id}")
    missing = client.get(f"receipts/{new_id()}")
    check(missing.status in (404, 422) and missing.json["success"] is False, "an unknown receipt", missing)

    devices = client.get("devices", device="")
    equal(devices.status, 200, "GET devices", devices)
    check(client.device in [one["id"] for one in devices.data["data"]], "our device is not listed", devices)
    equal(set(devices.data["data"][0]), set("id name serialNumber organizationName isDeregistered".split()), "fields of a device's short form")
    device = client.get(f"devices/{client.device}").data
    rates = {group["code"]: Decimal(group["rate"]) for group in device["taxGroups"]}
    equal((rates.get("A"), rates.get("B")), (20, 8), "tax groups", device)
    equal({one["code"]: one["name"] for one in device["paymentTypes"]}.get(0), "Numerar", "payment type 0", device)
    check(device["pointsOfSale"] and isinstance(device["alternativeReceiptsRanges"], list), "device", device)

    with_place = CheckedClient(client.url, client.key, client.secret, client.device, stage.ready["point_of_sale_id"])
    answer = with_place.post("receipts", with_id(RECEIPT_EXAMPLE, new_id()))
    equal((answer.status, answer.data["pointOfSaleId"]), (200, with_place.point_of_sale), "with a point of sale", answer)

    before = simulator.printer()["drawer_pulses"]
    opened = client.post("misc/opencashdrawer", "{}")
    equal(opened.status, 200, "misc/opencashdrawer", opened)
    equal(simulator.printer()["drawer_pulses"], before + 1, "drawer pulses")


@scenario(limit=150)
def concurrency(stage: Stage) -> None:
    """Eighty sales by eight callers keep every number; eight callers with one id make one sale."""
    client, simulator = stage.demo()

    def sell(price: str, request_id: str):
        body = sale(("Covrig", "1.000", price, "A"), request_id=request_id, receiptMode="FiscalReceiptOnly")
        return client.until_registered("operations/sale", body)

    prices = [stage.price() for _ in range(80)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda price: sell(price, new_id()), prices))
    numbers = sorted(answer.data["fiscalReceipt"]["number"] for answer in answers)
    equal(numbers, list(range(1, 81)), "numbers")
    equal(sorted(answer.data["fiscalReceipt"]["currentNumber"] for answer in answers), list(range(1, 81)), "numbers in the shift")
    equal(sorted(one["total"] for one in simulator.receipts()), sorted(prices), "totals in the printer")
    equal(sorted(one["number"] for one in all_receipts(client)), list(range(1, 81)), "numbers in the list")

    price, request_id = stage.price(), new_id()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sell(price, request_id), range(8)))
    equal({answer.data["fiscalReceipt"]["number"] for answer in answers}, {81}, "one id, one number")
    check(sum(not answer.replayed for answer in answers) <= 1, "more than one first answer", *answers)
    equal(len(simulator.receipts(price)), 1, "one id, one receipt")


# What a till of little memory can spare, in KiB.
CROWD_MEMORY_MAX = 30_000


@scenario(limit=240)
def crowd(stage: Stage) -> None:
    """Two hundred callers at once, who do not wait long and repeat: no sale twice, no gap, and less than 30 MB of memory."""
    client, simulator, _ = stage.all_three()
    patient = 3.0  # seconds; a caller that waits for the printer behind 199 others gives up several times

    def sell(price: str) -> int:
        body = sale(("Covrig", "1.000", price, "A"), request_id=new_id(), receiptMode="FiscalReceiptOnly")
        end = time.monotonic() + 150
        while True:
            with contextlib.suppress(*NETWORK_ERRORS):
                answer = client.call("POST", "operations/sale", body, timeout=patient)
                if answer.state == "registered":
                    return answer.data["fiscalReceipt"]["number"]
            check(time.monotonic() < end, "a sale that is not registered within 150 s")
            time.sleep(0.05)

    prices = [stage.price() for _ in range(400)]
    with ThreadPoolExecutor(200) as pool:
        numbers = sorted(pool.map(sell, prices))
    equal(numbers, list(range(1, 401)), "numbers")
    equal(sorted(one["total"] for one in simulator.receipts()), sorted(prices), "totals in the printer")
    stage.alive("agent")
    with open(f"/proc/{stage.processes['agent'].pid}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    check(peak < CROWD_MEMORY_MAX, f"the agent took {peak} KiB of memory, allowed are {CROWD_MEMORY_MAX}")
    print(f"crowd: {peak} KiB at most")
