"""Scenarios of faults: killed programs, lost answers, printers that are silent, absent or without paper.

All these scenarios check one rule: an answer is true.
`registered` means exactly one receipt in the printer's memory for that request id, `not_registered` means none.
"""

from __future__ import annotations

import os
import random
import time

from fiscalcloud_client import SALE_EXAMPLE, Answer, http_call, sale, with_id
from sales import all_receipts
from stage import ANSWER_TIMEOUT_S, Background, CheckedClient, Simulator, Stage, check, equal, new_id, scenario, wait_for

SALE = "operations/sale"
KINDS = ("drop_request", "drop_answer", "nak", "busy", "garble", "delay", "power_cut", "unplug")
# Faults that the line protocol repairs by itself when they happen once.
HARMLESS_ONCE = {"drop_request", "drop_answer", "nak", "busy", "garble", "delay"}


def one_sale(price: str, request_id: str) -> str:
    return sale(("Covrig", "1.000", price, "A"), request_id=request_id, receiptMode="FiscalReceiptOnly")


def check_truth(answer: Answer, printer: Simulator, price: str, what: str) -> None:
    count = len(printer.receipts(price))
    expected = {"registered": 1, "not_registered": 0}[answer.state]
    check(count == expected, f"{what}: answered {answer.state}, and the printer holds {count} receipts", answer)


def check_books(client: CheckedClient, printer: Simulator, what: str) -> None:
    """Checks that agent and printer have the same receipts, numbered without a gap or a repeat."""
    listed = all_receipts(client)
    equal(sorted(one["number"] for one in listed), list(range(1, len(listed) + 1)), f"{what}: numbers")
    equal(sorted(str(one["totalAmount"]) for one in listed), sorted(one["total"] for one in printer.receipts()), f"{what}: agent and printer")


def repair(stage: Stage, printer: Simulator) -> None:
    """Removes all faults of the printer, switches its power on and connects its cable."""
    printer.clear_faults()
    printer.set_printer(power="on")
    if not os.path.lexists(stage.link):
        printer.set_printer(cable="in")


def broken(stage: Stage, printer: Simulator, kind: str) -> bool:
    """Whether a fault has happened that a person must repair."""
    return {
        "power_cut": lambda: printer.printer()["power"] == "off",
        "unplug": lambda: not os.path.lexists(stage.link),
    }.get(kind, lambda: False)()


def sell_through(stage: Stage, client: CheckedClient, printer: Simulator, kind: str, command: str, times: int) -> None:
    """Sells once while one fault happens; every answer must be true, before and after the repair."""
    what = f"{kind} × {times} at {command}"
    price, request_id = stage.price(), new_id()
    body = one_sale(price, request_id)
    printer.fault(kind, command, times=times, ms=700)
    started = time.monotonic()
    call = Background(client.post, SALE, body)
    if times == 1 and kind in ("power_cut", "unplug"):
        # The repair comes a second after the fault, while the caller may still be waiting.
        wait_for(lambda: call.done() or broken(stage, printer, kind), 20, f"{what} happens")
        time.sleep(1)
        repair(stage, printer)
    first = call.join(ANSWER_TIMEOUT_S + 15)
    check(first is not None, f"{what}: the connection broke", call.error)
    seconds = time.monotonic() - started
    check(seconds < ANSWER_TIMEOUT_S + 3, f"{what}: the caller waited {seconds:.1f} s", first)
    repair(stage, printer)
    if times == 1 and kind in HARMLESS_ONCE:
        equal(first.state, "registered", what, first)

    if first.state != "unknown":
        # A receipt that was reported as not registered must not appear later either.
        check_truth(first, printer, price, what)
    settled = client.settle(SALE, body)
    check_truth(settled, printer, price, f"{what}, settled")
    if first.state == "registered":
        equal((settled.state, settled.data), ("registered", first.data), f"{what}: the repeat", settled)
    # The agent connects to the printer again by itself: the next sale succeeds, and this id has exactly one receipt in the end.
    next_price = stage.price()
    client.until_registered(SALE, one_sale(next_price, new_id()))
    equal(len(printer.receipts(next_price)), 1, f"{what}: the next sale")
    check_truth(settled, printer, price, f"{what}, after the next sale")
    client.until_registered(SALE, body)
    equal(len(printer.receipts(price)), 1, f"{what}: one receipt in the end")


def every_kind_at(command: str):
    """Makes a scenario in which all faults happen at one command, once and six times."""

    def play(stage: Stage) -> None:
        client, printer, _ = stage.all_three()
        client.until_registered(SALE, one_sale(stage.price(), new_id()))
        for times in (1, 6):
            for kind in KINDS:
                sell_through(stage, client, printer, kind, command, times)
        check_books(client, printer, f"after all trouble at {command}")

    play.__name__ = f"trouble_{command}"
    play.__doc__ = f"Every kind of fault happens at command {command}, once and six times in a row."
    return scenario(limit=600)(play)


# The commands of a receipt: open, item, subtotal, payment, close.
for _command in ("0x30", "0x31", "0x33", "0x35", "0x38"):
    every_kind_at(_command)


@scenario(limit=240)
def lost_close(stage: Stage) -> None:
    """The printer's answer to "close" is lost once, five times, and for good by a power cut."""
    client, printer, _ = stage.all_three()
    for times in (1, 5):
        price = stage.price()
        body = one_sale(price, new_id())
        printer.fault("drop_answer", "0x38", times=times)
        client.post(SALE, body)
        answer = client.settle(SALE, body)
        equal(answer.state, "registered", f"close answer lost × {times}", answer)
        equal(len(printer.receipts(price)), 1, f"receipts after {times} lost answers")
        printer.clear_faults()

    # Power comes back while the caller waits, or only after the caller got the answer "unknown".
    for patient in (False, True):
        price = stage.price()
        body = one_sale(price, new_id())
        printer.fault("power_cut", "0x38")
        call = Background(client.post, SALE, body)
        wait_for(lambda: printer.printer()["power"] == "off", 20, "the power is cut")
        if patient:
            equal(call.join(ANSWER_TIMEOUT_S + 5).state, "unknown", "answer without power after the close", call.result)
        time.sleep(1)
        printer.set_printer(power="on")
        call.join(ANSWER_TIMEOUT_S + 5)
        answer = client.settle(SALE, body)
        equal(answer.state, "registered", "power cut after the close", answer)
        equal(len(printer.receipts(price)), 1, "receipts after a power cut")
    check_books(client, printer, "after lost closes")


@scenario(limit=300)
def kill9(stage: Stage) -> None:
    """The agent and the emulator are killed, after a sale and in the middle of sales."""
    client, printer, _ = stage.all_three()
    body = with_id(SALE_EXAMPLE, new_id())
    first = client.post(SALE, body)
    equal(first.status, 200, "first sale", first)
    before, paper = printer.printer(), printer.paper()
    stage.kill("agent")
    client = stage.agent()
    again = client.post(SALE, body)
    equal((again.status, again.replayed, again.data), (200, True, first.data), "the same id after SIGKILL", again)
    for field in ("last_document", "fiscal_receipts"):
        equal(printer.printer()[field], before[field], f"the printer's {field} after SIGKILL")
    equal(printer.paper(), paper, "paper after SIGKILL")

    seed = int(os.environ.get("ACCEPTANCE_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    moments = random.Random(seed)
    for round_number in range(12):
        what = f"round {round_number} of ACCEPTANCE_SEED={seed}"
        for command in ("0x30", "0x31", "0x33", "0x35", "0x38"):
            printer.fault("delay", command, times=1, ms=100)
        price = stage.price()
        body = one_sale(price, new_id())
        call = Background(client.post, SALE, body)
        time.sleep(moments.uniform(0.0, 0.8))
        stage.kill("agent")
        told = call.join()
        printer.clear_faults()
        client = stage.agent()
        if told is not None and told.state == "registered":
            equal(len(printer.receipts(price)), 1, f"{what}: answered registered before SIGKILL")
        end = client.until_registered(SALE, body)
        equal(len(printer.receipts(price)), 1, f"{what}: receipts", end)
        if told is not None and told.state == "registered":
            equal(end.data, told.data, f"{what}: the document")
    check_books(client, printer, f"ACCEPTANCE_SEED={seed}")

    # The emulated printer keeps its memory when its process is killed, and the agent connects to it again.
    held = printer.printer()
    stage.kill("emulator")
    printer = stage.emulator()
    for field in ("last_document", "fiscal_receipts", "z_number"):
        equal(printer.printer()[field], held[field], f"{field} after a restart of the emulator")
    price = stage.price()
    client.until_registered(SALE, one_sale(price, new_id()))
    equal(len(printer.receipts(price)), 1, "the next sale")
    check_books(client, printer, "after a restart of the emulator")


@scenario(limit=260)
def printer_gone(stage: Stage) -> None:
    """Without a printer, paper or power, or with an open cover, a sale is refused or unknown in time, and succeeds after the repair."""
    stage.authority()
    client = stage.agent()

    def in_time(body: str, what: str) -> Answer:
        started = time.monotonic()
        answer = client.post(SALE, body)
        seconds = time.monotonic() - started
        check(seconds < ANSWER_TIMEOUT_S + 2, f"{what}: answered after {seconds:.1f} s", answer)
        equal(answer.status, 422, what, answer)
        check(answer.state in ("not_registered", "unknown"), what, answer)
        stage.alive("agent")
        return answer

    price, request_id = stage.price(), new_id()
    body = one_sale(price, request_id)
    in_time(body, "a sale without a printer")
    in_time(body, "the same sale again without a printer")
    for path in ("/livez", "/readyz"):
        equal(http_call(client.url, "GET", path).status, 200, f"{path} without a printer")

    printer = stage.emulator()
    client.until_registered(SALE, body)
    equal(len(printer.receipts(price)), 1, "receipts of the sale that was repeated until the printer was there")

    # The printer refuses a sale: the refusal is final and names a reason.
    price = stage.price()
    body = one_sale(price, new_id())
    printer.set_printer(paper="out")
    refused = in_time(body, "a sale without paper")
    equal(refused.state, "not_registered", "a sale without paper", refused)
    check(refused.message, "a refusal without a reason", refused)
    equal(printer.receipts(price), [], "receipts without paper")
    printer.set_printer(paper="ok")
    following = stage.price()
    client.until_registered(SALE, one_sale(following, new_id()), limit=30)
    equal(len(printer.receipts(following)), 1, "the next sale, with paper")
    client.until_registered(SALE, body, limit=30)
    equal(len(printer.receipts(price)), 1, "the refused id, with paper")

    # With an open cover or without power the answer may be any state, and must be true.
    for off, on in (({"cover": "open"}, {"cover": "closed"}), ({"power": "off"}, {"power": "on"})):
        price = stage.price()
        body = one_sale(price, new_id())
        printer.set_printer(**off)
        started = time.monotonic()
        answer = client.post(SALE, body)
        check(time.monotonic() - started < ANSWER_TIMEOUT_S + 2, f"{off}: answered late", answer)
        printer.set_printer(**on)
        if answer.state != "unknown":
            check_truth(answer, printer, price, str(off))
        client.until_registered(SALE, body)
        equal(len(printer.receipts(price)), 1, f"{off}: receipts in the end")

    # The emulated printer is killed and started again with its memory, in the middle of the day.
    stage.kill("emulator")
    price = stage.price()
    body = one_sale(price, new_id())
    in_time(body, "a sale while the printer's process is dead")
    printer = stage.emulator()
    client.until_registered(SALE, body)
    equal(len(printer.receipts(price)), 1, "receipts of the sale that began while the printer's process was dead")
    check_books(client, printer, "after all trouble")
