#!/usr/bin/env python3
"""Kills the agent at random moments under load, thousands of times, and then compares the store, the printer, the authority and the callers.

    python3 hardware-tests/acceptance/kills.py target/release/ferrotill --kills 10000

Callers sell without a pause and repeat a broken request with the same id, as a POS program does.
In the end every sale that a caller has ordered has one receipt: at the agent, in the printer's fiscal memory and at the tax authority;
numbers have no gap and no repeat, the Z-report reconciles, and `verify` finds nothing.

With `--control` the callers repeat with a new id, a mistake from which the agent cannot protect: the suite must then fail.
Exit codes: 0 no violation (with `--control`: a violation was found), 1 a violation, 2 used wrongly.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from decimal import Decimal

from fiscalcloud_client import additional, http_call, sale
from sales import all_receipts
from stage import NETWORK_ERRORS, CheckedClient, Failed, Simulator, Stage, check, equal, new_id, wait_for

SALE = "operations/sale"
ALTERNATIVE_MAX = 400  # how many alternative receipts are sold, of the 500 numbers of the configured range


class Load:
    """Callers that sell until they are stopped, and the answers that they got."""

    def __init__(self, client: CheckedClient, callers: int, seed: int, control: bool, alternative_max: int = ALTERNATIVE_MAX):
        self.client, self.control, self.alternative_max = client, control, alternative_max
        self.lock = threading.Lock()
        self.wished: dict[str, Decimal] = {}  # the price of every ordered sale, by request id
        self.told: dict[str, dict] = {}  # the document in the last answer to a sale, by request id
        self.unknown_at_the_end: list[str] = []
        self.broken = self.replayed = self.alternative = 0
        self.faults: list[str] = []
        self.stop = threading.Event()
        self.threads = [
            threading.Thread(target=self._sell, args=(random.Random(seed * 1000 + index),), daemon=True)
            for index in range(callers)
        ]
        for thread in self.threads:
            thread.start()

    def _next(self, dice: random.Random) -> tuple[str, Decimal, str]:
        with self.lock:
            request_id = new_id()
            price = Decimal("1.00") + Decimal("0.01") * len(self.wished)
            self.wished[request_id] = price
            mode = "FiscalReceiptOnly"
            if dice.random() < 0.1 and self.alternative < self.alternative_max:
                self.alternative += 1
                mode = "AlternativeReceiptOnly"
        return request_id, price, mode

    def _sell(self, dice: random.Random) -> None:
        try:
            while not self.stop.is_set():
                request_id, price, mode = self._next(dice)
                body = sale_of(price, mode)
                self._until_registered(SALE, request_id, body)
        except Failed as failed:
            self.faults.append(str(failed))

    def _until_registered(self, operation: str, request_id: str, body_with) -> None:
        end = time.monotonic() + 120
        sent = request_id
        while time.monotonic() < end:
            try:
                answer = self.client.post(operation, body_with(sent))
            except NETWORK_ERRORS:
                self.broken += 1
                if self.control:
                    sent = new_id()
                time.sleep(0.005)
                continue
            if answer.state == "registered":
                before = self.told.get(request_id)
                check(before in (None, answer.data), "the same id has another document", before, answer)
                self.told[request_id] = answer.data
                self.replayed += answer.replayed
                return
            check(answer.state in ("unknown", "not_registered"), "no outcome", answer)
            time.sleep(0.01)
        with self.lock:
            self.unknown_at_the_end.append(request_id)

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(130)
            check(not thread.is_alive(), "a caller is still waiting")
        check(not self.faults, "a caller was told something wrong", *self.faults[:5])
        equal(self.unknown_at_the_end, [], "sales whose outcome stayed unknown")


def sale_of(price: Decimal, mode: str):
    """The body of a sale as a function of its request id."""
    return lambda request_id: sale(("Covrig", "1.000", str(price), "A"), request_id=request_id, receiptMode=mode)


def receipt_of(data: dict) -> dict:
    return data.get("fiscalReceipt") or data.get("alternativeReceipt") or data


def ready(stage: Stage, url: str) -> float:
    """Starts the agent; returns the seconds until the agent is ready to sell."""
    started = time.monotonic()
    stage.agent_process()
    while True:
        stage.alive("agent")
        try:
            if http_call(url, "GET", "/readyz", timeout=5).status == 200:
                return time.monotonic() - started
        except NETWORK_ERRORS:
            time.sleep(0.001)
        check(time.monotonic() - started < 30, "the agent is not ready within 30 s")


def compare(stage: Stage, load: Load, client: CheckedClient, printer: Simulator, office: Simulator) -> None:
    fiscal = {key: data for key, data in load.told.items() if data.get("fiscalReceipt")}
    wished = Counter(str(load.wished[key]) for key in fiscal)
    printed = Counter(one["total"] for one in printer.receipts())
    equal(printed - wished, Counter(), "receipts in the printer that no caller ordered, or that were printed twice")
    equal(wished - printed, Counter(), "sales that were answered as registered and are not in the printer")
    listed = all_receipts(client)
    equal(len(listed), len(fiscal), "fiscal receipts at the agent")
    numbers = sorted(receipt_of(data)["number"] for data in load.told.values())
    equal(numbers, list(range(1, len(load.told) + 1)), "numbers of all documents")

    def sent() -> bool:
        health = json.loads(http_call(client.url, "GET", "/healthz").text)
        return health["unsent"]["documents"] == 0

    wait_for(sent, 300, "the authority has every document", pause=0.5)
    keys = Counter(one["key"] for one in office.received())
    equal([key for key, count in keys.items() if count > 1], [], "documents that the authority has twice")
    equal(len(keys), len(load.told), "documents at the authority")
    closed = client.until_registered("operations/closeday", '{"id":"%s"}' % new_id())
    reconciliation = additional(closed.data).get("reconciliation") or {}
    equal(reconciliation.get("agrees"), True, "the Z-report reconciles", closed)
    verified = subprocess.run(
        [stage.binary, "verify", "--config", str(stage.folder / "ferrotill.toml"), "--json"],
        capture_output=True, text=True, check=False,
    )
    equal(verified.returncode, 0, "verify", verified.stdout[-2000:], verified.stderr[-2000:])


def play(binary: str, kills: int, callers: int, seed: int, control: bool) -> dict:
    dice = random.Random(seed)
    with Stage(binary, limit=86_400) as stage:
        client, printer, office = stage.all_three()
        load = Load(client, callers, seed, control)
        starts, power_cuts, began = [], 0, time.monotonic()
        for number in range(kills):
            time.sleep(dice.choice((0.0, 0.01, 0.05, 0.1, 0.2)) * dice.random())
            stage.kill("agent")
            if dice.random() < 0.01:
                printer.set_printer(power="off")
                time.sleep(0.05)
                printer.set_printer(power="on")
                power_cuts += 1
            starts.append(ready(stage, client.url))
            check(not load.faults, "a caller was told something wrong", *load.faults[:5])
            if number % 500 == 499:
                print(f"{number + 1} kills, {len(load.told)} sales, {time.monotonic() - began:.0f} s", file=sys.stderr)
        load.end()
        compare(stage, load, client, printer, office)
        starts.sort()
        return {
            "kills": kills, "seed": seed, "sales": len(load.told), "cut_off": load.broken, "replayed": load.replayed,
            "power_cuts": power_cuts,
            "ready_p50_ms": round(starts[len(starts) // 2] * 1000, 1),
            "ready_p99_ms": round(starts[min(len(starts) - 1, len(starts) * 99 // 100)] * 1000, 1),
            "seconds": round(time.monotonic() - began),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 32))
    parser.add_argument("--control", action="store_true")
    wanted = parser.parse_args()
    binary = os.path.abspath(wanted.binary)
    if not os.access(binary, os.X_OK):
        parser.error(f"{binary} is not a program; build it with: cargo build --release")
    try:
        told = play(binary, wanted.kills, wanted.callers, wanted.seed, wanted.control)
    except Failed as failed:
        print(f"seed {wanted.seed}: {failed}", file=sys.stderr)
        return 0 if wanted.control else 1
    print(json.dumps(told))
    if wanted.control:
        print("the control found nothing: the suite proves nothing", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
