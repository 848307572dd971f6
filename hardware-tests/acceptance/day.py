"""Scenarios of the day: the Z-report compared with receipts, printer and tax authority, and selling while the authority cannot be reached."""

from __future__ import annotations

import time
from decimal import Decimal

from fiscalcloud_client import SALE_EXAMPLE, Answer, additional, sale, to_json, with_id
from sales import HEAD, RECEIPT
from stage import CheckedClient, Simulator, Stage, check, equal, money, new_id, scenario, wait_for

REPORT = HEAD | set(
    "type untaxedAmount totalAmount totalTaxAmount totalNettoAmount cashInAmount cashOutAmount finalBalance "
    "grandTotalAmount grandTotalTaxAmount grandTotalNettoAmount annualTotalAmount annualTotalTaxAmount "
    "annualTotalNettoAmount receiptCount lastReceiptNumber payments taxItems".split()
)
OFFICE_DELIVERY_S = 60


def minor(amount) -> int:
    """An amount as a whole number of minor units."""
    scaled = Decimal(amount) * 100
    assert scaled == int(scaled), amount
    return int(scaled)


def per(rows: list[dict], key: str, value: str, scale=minor) -> dict:
    """The sums of the field `value` by the field `key`."""
    sums: dict = {}
    for row in rows:
        sums[row[key]] = sums.get(row[key], 0) + scale(row[value])
    return sums


def same(value) -> int:
    check(isinstance(value, int) and not isinstance(value, bool), "an amount sent to the authority is not a whole number", value)
    return value


def return_of(receipt: dict, payment_type: int, request_id: str) -> str:
    """The body of a request that returns a whole receipt, with the values of the original."""
    copied = (
        "goodId name quantity price modifierMode modifierValue taxGroupCode amountBeforeModification amount taxRate "
        "taxAmount finalAmount finalTaxAmount"
    ).split()
    return to_json({
        "id": request_id,
        "originalReceiptId": receipt["id"],
        "items": [{name: item[name] for name in copied} for item in receipt["items"]],
        "payments": [{"typeCode": payment_type, "amount": receipt["totalAmount"]}],
    })


def check_office_z(z: dict, receipts: list[dict], refunds: list[dict]) -> None:
    """Checks that the Z-report at the authority equals the receipts, sales and refunds apart and to the minor unit."""
    equal(z["currency"], "MDL", "currency", z)
    for direction, documents in (("sale", receipts), ("refund", refunds)):
        blocks = (z["totals"], z["payments"], z["taxTotals"])
        if not documents:
            check(all(direction not in block for block in blocks), f"a {direction} that did not occur", z)
            continue
        total = sum(minor(document["totalAmount"]) for document in documents)
        equal(z["totals"][direction], {"count": len(documents), "amount": total}, f"totals.{direction}", z)
        paid: dict = {}
        for document in documents:
            for payment in document["payments"]:
                paid[payment["typeCode"]] = paid.get(payment["typeCode"], 0) + minor(payment["amount"]) - minor(payment["change"] or 0)
        sent = per(z["payments"][direction], "type", "amount", same)
        equal(len(sent), len(z["payments"][direction]), "one row per payment type", z)
        equal(sorted(sent.values()), sorted(paid.values()), f"payments.{direction}", z, paid)
        equal(sum(sent.values()), total, f"sum of payments.{direction}", z)
        lines = [item for document in documents for item in document["items"]]
        equal(per(z["taxTotals"][direction], "taxCode", "taxAmount", same), per(lines, "taxGroupCode", "finalTaxAmount"), f"taxTotals.{direction}", z)
        for row in z["taxTotals"][direction]:
            equal(row["taxRate"], {"A": 2000, "B": 800}[row["taxCode"]], "taxRate", z)
    for direction in ("deposit", "withdraw"):
        check(direction not in z["totals"], f"a {direction} that did not occur", z)


@scenario(limit=240)
def z_report(stage: Stage) -> None:
    """Three sales, a return, an X-report and a Z-report; then a Z-report while the authority cannot be reached."""
    client, printer, office = stage.all_three()

    untouched = printer.printer()
    empty = client.post("operations/closeday", "{}")
    equal((empty.status, empty.state), (422, "not_registered"), "closing a day that was not opened", empty)
    equal(client.post("operations/closeday").state, "not_registered", "the same without a body")
    for field in ("z_number", "last_document", "fiscal_receipts"):
        equal(printer.printer()[field], untouched[field], f"the printer's {field} after a refused Z")

    bodies = [
        SALE_EXAMPLE,
        sale(("Ceai", "2.000", "10.05", "A")),
        sale(("Lapte", "1.000", "7.77", "B"), ("Biscuiti", "3.000", "1.11", "A"), payments=[(1, "11.10")]),
    ]
    receipts = [client.post("operations/sale", body).data["fiscalReceipt"] for body in bodies]
    money(receipts[1]["totalAmount"], "20.10", "second sale")
    money(receipts[2]["totalAmount"], "11.10", "third sale")

    request_id = new_id()
    answer = client.post("operations/return", return_of(receipts[1], 0, request_id))
    equal(answer.status, 200, "return", answer)
    refund = answer.data
    equal(set(refund), RECEIPT, "fields of a return")
    money(refund["totalAmount"], "20.10", "total of the return")
    again = client.post("operations/return", return_of(receipts[1], 0, request_id))
    equal((again.replayed, again.data), (True, refund), "the return, repeated")
    twice = client.post("operations/return", return_of(receipts[1], 0, new_id()))
    equal((twice.status, twice.state), (422, "not_registered"), "returning the same goods twice", twice)
    equal([one["total"] for one in printer.receipts() if one["kind"] == "refund"], ["20.10"], "refunds in the printer")

    x = client.post("operations/intermediatetotals", "{}")
    equal((x.status, x.data["type"]), (200, "XReport"), "X", x)
    money(x.data["totalAmount"], "49.78", "total of X")
    equal(printer.printer()["z_number"], untouched["z_number"], "Z-reports after X")

    cash_before = printer.printer()["cash"]
    equal(cash_before, "3.58", "cash in the printer")
    request_id = new_id()
    closed = client.post("operations/closeday", with_id("{}", request_id))
    equal(closed.status, 200, "closeday", closed)
    z = closed.data
    equal(set(z), REPORT, "fields of a report")
    equal(z["type"], "ZReport", "type")
    equal(z["id"], request_id, "a report's id is the request id")
    money(z["totalAmount"], "49.78", "totalAmount: sales alone, gross", closed)
    money(z["totalTaxAmount"], "6.64", "totalTaxAmount", closed)
    money(z["totalNettoAmount"], "43.14", "totalNettoAmount", closed)
    money(z["grandTotalAmount"], "49.78", "grandTotalAmount", closed)
    money(z["annualTotalAmount"], "49.78", "annualTotalAmount", closed)
    money(z["finalBalance"], cash_before, "finalBalance", closed)
    equal(per(z["payments"], "typeCode", "amount"), {0: 2368, 1: 2610}, "payments", closed)
    equal(per(z["taxItems"], "taxGroupCode", "amount"), {"A": 3168, "B": 1810}, "gross per tax group", closed)
    equal(per(z["taxItems"], "taxGroupCode", "taxAmount"), {"A": 529, "B": 135}, "tax per tax group", closed)
    equal(z["receiptCount"], 3, "receiptCount", closed)
    equal(printer.printer()["z_number"], untouched["z_number"] + 1, "Z-reports of the printer")

    documents = receipts + [refund, x.data, z]
    equal([one["number"] for one in documents], list(range(1, 7)), "one sequence over all documents")

    wait_for(lambda: office.received("z_report"), OFFICE_DELIVERY_S, "the authority has a Z-report")
    check_office_z(office.received("z_report")[0]["body"], receipts, [refund])
    equal(sum(one["body"]["totalAmount"] for one in office.received("sale")), 4978, "sales at the authority")
    equal([one["body"]["totalAmount"] for one in office.received("refund")], [2010], "refunds at the authority")

    repeated = client.post("operations/closeday", with_id("{}", request_id))
    equal((repeated.status, repeated.replayed, repeated.data), (200, True, z), "closeday, repeated", repeated)
    equal(client.post("operations/closeday", "{}").state, "not_registered", "closing a closed day")
    equal(printer.printer()["z_number"], untouched["z_number"] + 1, "Z-reports of the printer, after repeats")

    # The next day is closed while the authority cannot be reached.
    second = client.post("operations/sale", sale(("Ceai", "1.000", "6.00", "A"))).data["fiscalReceipt"]
    equal((second["number"], second["currentNumber"]), (7, 1), "numbers of the next shift")
    wait_for(lambda: len(office.received("sale")) == 4, OFFICE_DELIVERY_S, "the authority has the fourth sale")
    office.set_authority("down")
    answer = client.settle("operations/closeday", with_id("{}", new_id()))
    equal((answer.status, answer.data["totalAmount"]), (200, Decimal("6.00")), "closeday while the authority is away", answer)
    money(answer.data["grandTotalAmount"], "55.78", "grand total of two days", answer)
    equal(len(office.received("z_report")), 1, "Z-reports at the authority while it is away")
    office.set_authority("up")
    wait_for(lambda: len(office.received("z_report")) == 2, OFFICE_DELIVERY_S, "the second Z-report is delivered")
    check_office_z(office.received("z_report")[1]["body"], [second], [])
    time.sleep(3)  # long enough for a second delivery that must not come
    everything = office.received()
    equal(len({one["key"] for one in everything}), len(everything), "keys at the authority")
    equal(len([one for one in everything if one["kind"] == "z_report"]), 2, "Z-reports at the authority at the end")


def sell_until(client: CheckedClient, kind: str, limit: float, count: int = 1) -> list[dict]:
    """Sells in the automatic mode until there are `count` receipts of a kind; returns the data of every answer."""
    end, sold = time.monotonic() + limit, []
    while sum(one["receiptType"] == kind for one in sold) < count:
        check(time.monotonic() < end, f"not within {limit:g} s: {count} × {kind}", sold[-1:])
        sold.append(client.until_registered("operations/sale", sale(("Covrig", "1.000", "5.00", "A"), request_id=new_id())).data)
        time.sleep(0.25)
    return sold


def delivered(office: Simulator, kind: str, count: int) -> list[dict]:
    wait_for(lambda: len(office.received(kind)) >= count, OFFICE_DELIVERY_S, f"the authority has {count} × {kind}")
    return office.received(kind)


@scenario(limit=260)
def offline(stage: Stage) -> None:
    """While the authority cannot be reached, the till keeps selling, and later every document arrives at the authority once."""
    client, printer, office = stage.all_three()
    sold = sell_until(client, "FiscalReceipt", 20)
    office.set_authority("down")
    sold += sell_until(client, "AlternativeReceipt", 60)
    sold += sell_until(client, "AlternativeReceipt", 30, count=3)
    equal({one["receiptType"] for one in sold[-3:]}, {"AlternativeReceipt"}, "receipts while the authority is away")
    explicit = client.post("operations/sale", sale(("Covrig", "1.000", "5.00", "A"), request_id=new_id(), receiptMode="FiscalReceiptOnly"))
    equal(explicit.data["receiptType"], "FiscalReceipt", "FiscalReceiptOnly while the authority is away", explicit)
    sold.append(explicit.data)
    office.set_authority("up")
    sold += sell_until(client, "FiscalReceipt", 60)

    # The agent is killed while the authority cannot be reached again: no unsent document and no number is lost.
    office.set_authority("down")
    sold += sell_until(client, "FiscalReceipt", 20)
    stage.kill("agent")
    client = stage.agent()
    office.set_authority("up")
    sold += sell_until(client, "FiscalReceipt", 60)

    fiscal = [one["fiscalReceipt"] for one in sold if one["receiptType"] == "FiscalReceipt"]
    alternative = [one["alternativeReceipt"] for one in sold if one["receiptType"] == "AlternativeReceipt"]
    for one in sold:
        equal((one["fiscalReceipt"] is None) != (one["alternativeReceipt"] is None), True, "exactly one receipt in an answer", one)
    equal(
        [one["seriesAndNumber"] for one in alternative],
        [f"ABC{number:08d}" for number in range(1, len(alternative) + 1)], "alternative numbers",
    )
    equal({one["series"] for one in alternative}, {"ABC"}, "series")
    equal([(one["fiscalReceipt"] or one["alternativeReceipt"])["number"] for one in sold], list(range(1, len(sold) + 1)), "numbers over both kinds")
    equal(len(printer.receipts("5.00")), len(fiscal), "fiscal receipts in the printer")

    closed = client.settle("operations/closeday", with_id("{}", new_id()))
    equal(closed.status, 200, "closeday", closed)
    equal(minor(closed.data["totalAmount"]), 500 * len(fiscal), "Z counts fiscal receipts", closed)
    beside = additional(closed.data)["alternative"]
    equal((beside["count"], Decimal(beside["amount"])), (len(alternative), Decimal("5.00") * len(alternative)), "alternative receipts beside Z", closed)

    delivered(office, "z_report", 1)
    equal(len(delivered(office, "sale", len(fiscal))), len(fiscal), "sales at the authority")
    equal(len(delivered(office, "alternative_receipt", len(alternative))), len(alternative), "alternative receipts at the authority")
    check_office_z(office.received("z_report")[0]["body"], fiscal, [])
    time.sleep(3)  # long enough for a second delivery that must not come
    everything = office.received()
    equal(len(everything), len(sold) + 1, "documents at the authority")
    equal(len({one["key"] for one in everything}), len(everything), "keys at the authority")


@scenario(limit=120)
def clock(stage: Stage) -> None:
    """The clock is moved forward by a day, back, back by half a day, and forward: a shift cannot get too long, and no document is older than the one before it."""
    client, simulator = stage.demo()

    def sell() -> Answer:
        return client.post("operations/sale", sale(("Covrig", "1.000", "5.00", "A"), request_id=new_id()))

    first = sell()
    equal(first.status, 200, "a sale", first)
    simulator.set_clock(90_000)
    late = sell()
    equal((late.status, late.state, late.error), (422, "not_registered", "ShiftTooLong"), "a sale in a shift of 25 hours", late)
    closed = client.post("operations/closeday", "{}")
    equal(closed.status, 200, "closing the day", closed)
    moments = [first.data["fiscalReceipt"]["dateTime"], closed.data["dateTime"]]
    numbers = [first.data["fiscalReceipt"]["number"], closed.data["number"]]
    for offset in (90_000, 0, -43_200, 43_200, 0):
        simulator.set_clock(offset)
        answer = sell()
        equal(answer.status, 200, f"a sale at {offset} s", answer)
        check(int(answer.headers.get("X-Offline-Remaining-Seconds", "-1")) >= 0, "the remaining time without the authority", answer)
        receipt = answer.data["fiscalReceipt"] or answer.data["alternativeReceipt"]
        moments.append(receipt["dateTime"])
        numbers.append(receipt["number"])
    equal(moments, sorted(set(moments)), "the documents' times")
    equal(numbers, list(range(1, len(numbers) + 1)), "the documents' numbers")
