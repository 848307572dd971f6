"""Scenarios in which a report is printed at the printer's own keyboard before the agent could ask for the outcome of a document."""

from __future__ import annotations

import json
import subprocess
import time

from books import verify
from fiscalcloud_client import http_call
from stage import Background, CheckedClient, Simulator, Stage, check, equal, new_id, scenario, wait_for
from trouble import SALE, one_sale

CASH = "cashoperations"


def interrupted(stage: Stage, client: CheckedClient, printer: Simulator, call: tuple[str, str], fault: tuple[str, str]) -> None:
    """The printer loses its power at a command, the agent is killed while it asks for the outcome, and Z is pressed before the agent starts again."""
    printer.fault(fault[0], fault[1])
    caller = Background(client.post, *call)
    wait_for(lambda: printer.printer()["power"] == "off", 20, "the power is cut")
    stage.kill("agent")
    caller.join()
    printer.set_printer(power="on")
    printer.set_printer(keyboard="z")


def operation(client: CheckedClient, request_id: str) -> dict:
    return http_call(client.url, "GET", f"/operations/{request_id}", timeout=10).json


@scenario(limit=180)
def keyboard_report(stage: Stage) -> None:
    """A sale whose day was closed at the keyboard is settled from the fiscal memory, whether it was printed or not, and is never printed twice."""
    client, printer, _ = stage.all_three()
    client.until_registered(SALE, one_sale(stage.price(), new_id()))
    for command, fault in (("0x38", "power_cut"), ("0x30", "power_cut_before")):
        price = stage.price()
        body = one_sale(price, new_id())
        interrupted(stage, client, printer, (SALE, body), (fault, command))
        printed = len(printer.receipts(price))
        equal(printed, 1 if command == "0x38" else 0, f"{fault} at {command}: receipts in the printer")
        client = stage.agent()
        answer = client.until_registered(SALE, body)
        equal(len(printer.receipts(price)), 1, f"{fault} at {command}: receipts in the end", answer)
        client.until_registered(SALE, one_sale(stage.price(), new_id()))
    stage.kill("agent")
    code, told = verify(stage)
    equal((code, told["ok"]), (0, True), "verify", told)


def settle(stage: Stage, request_id: str, *arguments: str) -> tuple[int, dict]:
    """Runs `ferrotill settle`; returns its exit code and the JSON document that it prints."""
    command = [stage.binary, "settle", request_id, *arguments, "--json", "--config", str(stage.folder / "ferrotill.toml")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    lines = done.stdout.decode().splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else {}


@scenario(limit=180)
def a_persons_word(stage: Stage) -> None:
    """Cash was put in and the day was closed at the keyboard: no figure of the printer proves the movement, so an operator declares it."""
    client, printer, _ = stage.all_three()
    client.until_registered(SALE, one_sale(stage.price(), new_id()))
    request_id = new_id()
    body = '{"id":"%s","amount":5.00}' % request_id
    said = ("--registered", "--by", "Maria Popescu")
    interrupted(stage, client, printer, (CASH, body), ("power_cut", "0x46"))
    equal(settle(stage, request_id, *said)[0], 8, "exit code of settle without an agent")

    # While the printer can be asked, no declaration is accepted.
    printer.set_printer(power="off")
    client = stage.agent()
    code, told = settle(stage, request_id, *said)
    equal((code, told["error"]["code"]), (6, "PrinterCanStillSay"), "settle while the printer is off", told)
    printer.set_printer(power="on")
    told = wait_for(lambda: (found := operation(client, request_id))["needs_a_person"] and found, 60, "a person is asked for")
    equal(told["fiscal_state"], "unknown", "state before the declaration", told)
    check("ferrotill settle" in told["what_to_do"], "the answer does not say what to do", told)
    blocked = client.post(SALE, one_sale(stage.price(), new_id()))
    equal((blocked.error, blocked.state), ("DeviceUnsettled", "not_registered"), "a sale meanwhile", blocked)

    for arguments, code in (
        (("--registered",), 2),
        (("--by", "Maria"), 2),
        (("--registered", "--not-registered", "--by", "Maria"), 2),
        (("--registered", "--by", " "), 2),
    ):
        equal(settle(stage, request_id, *arguments)[0], code, f"exit code of settle {' '.join(arguments)}")
    equal(settle(stage, new_id(), *said)[0], 7, "exit code for an unknown id")
    code, told = settle(stage, request_id, *said)
    equal((code, told.get("fiscal_state")), (0, "registered"), "settle", told)
    equal(settle(stage, request_id, *said)[0], 0, "exit code when the same declaration is sent again")
    code, told = settle(stage, request_id, "--not-registered", "--by", "Ion")
    equal((code, told["error"]["code"]), (7, "AlreadySettled"), "another declaration of the same document", told)

    # The repeated call gets its document, the till sells again, and the declaration is in the journal.
    answer = client.settle(CASH, body)
    equal((answer.state, answer.status), ("registered", 200), "the caller's repeat", answer)
    client.until_registered(SALE, one_sale(stage.price(), new_id()))
    told = operation(client, request_id)["declaration"]
    equal((told["by"], told["registered"]), ("Maria Popescu", True), "the declaration", told)
    time.sleep(0.1)
    stage.kill("agent")
    code, told = verify(stage)
    equal((code, told["ok"], told["declared"]), (0, True, 1), "verify", told)
