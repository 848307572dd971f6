#!/usr/bin/env python3
"""Kills a till whose receipts are signed (Austria) at random moments and at each row of its journal, and then judges its protocols.

    python3 hardware-tests/acceptance/signed_kills.py target/release/ferrotill --receipts 1000

Callers sell and give back at two cash boxes without a pause, and repeat a broken request with the same id, as a POS program does.
One kill in two comes as soon as the journal has its next row: the receipt is stored and not signed, or signed and not answered.
The other kills come at random moments, and so in the middle of a step, too.
In the end each cash box has the receipts 1, 2, 3 and so on without a gap; every order has one of them; no receipt id was ever stored,
shown or exported with two turnover counters; `rksv verify` accepts the protocol, and `verify` finds nothing.
If RKSV_VERIFY_DEP names a program, it judges each protocol, too (arguments: protocol, keys; exit code 0 means accepted).

With `--control` the receipts of one cash box are judged as if one of them had been signed twice: the suite must then fail.
Exit codes: 0 no violation (with `--control`: a violation was found), 1 a violation, 2 used wrongly.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from fiscalcloud_client import additional, to_json
from kills import Load, ready, receipt_of
from stage import DEVICE, KEY, SECRET, CheckedClient, Failed, Stage, check, equal, new_id

CASH_BOXES = {"KASSE-1": DEVICE, "KASSE-2": "1b4e28ba-2fa1-41d2-883f-0016d3cca427"}
RETURN = "operations/return"
PREPARED, SEALED, SIGNED = 16, 4, 17  # the kinds of journal rows that have a receipt
# Elements 1, 2, 3, 4 to 8, and 9 of a receipt's code: cash box, receipt id, time, amounts, turnover counter.
CODE = re.compile(rb"_R1-AT\d+_([^_]+)_(\d+)_([\dT:-]{19})_((?:-?\d+,\d\d_){5})([A-Za-z0-9+/=]+)_")

CONFIG = """
[till]
country = "AT"
mode = "TEST"
data_dir = "{{folder}}/data"

[api]
listen = "127.0.0.1:{{port}}"
serve = ["fiscalcloud"]

[[api.clients]]
key = "{{key}}"
secret = "{{secret}}"
permissions = ["sell", "return", "report", "settle", "settings"]
{devices}
[[signature_unit]]
kind = "software"
id = "{unit}"
suite = "{suite}"
key_file = "{{folder}}/unit.key"
"""

DEVICE_CONFIG = """
[[device]]
id = "{device}"
name = "{name}"
uri = "none"
registration_number = "{name}"
tax_groups = [ {{{{ code = "A", rate = "20.00" }}}}, {{{{ code = "B", rate = "10.00" }}}} ]
payment_types = [ {{{{ code = 0, name = "Bar", cash = true }}}} ]
points_of_sale = [ {{{{ id = "{point}", code = "1" }}}} ]
"""


def config(closed: bool) -> str:
    devices = "".join(
        DEVICE_CONFIG.format(device=device, name=name, point=f"feca3a50-34a7-4dc9-84ac-d4bffc76a9{number:02}")
        for number, (name, device) in enumerate(CASH_BOXES.items())
    )
    unit, suite = ("U:ATU12345678-K1", "R1-AT0") if closed else ("unit-1", "R1-AT9")
    return CONFIG.format(devices=devices, unit=unit, suite=suite)


class SignedLoad(Load):
    """Callers of one cash box. One sale in eight is given back."""

    def _sell(self, dice: random.Random) -> None:
        try:
            while not self.stop.is_set():
                request_id, price, mode = self._next(dice)
                lines = dice.choice("AB")
                self._until_registered("operations/sale", request_id, sale_in(price, lines))
                told = self.told.get(request_id)
                if told and dice.random() < 0.125:
                    self._give_back(price, lines, receipt_of(told)["id"])
        except Failed as failed:
            self.faults.append(str(failed))

    def _give_back(self, price: Decimal, group: str, original: str) -> None:
        request_id = new_id()
        with self.lock:
            self.wished[request_id] = -price
        body = {
            "originalReceiptId": original,
            "items": [{"name": "Semmel", "quantity": Decimal("1.000"), "price": price, "taxGroupCode": group}],
            "payments": [{"typeCode": 0, "amount": price}],
        }
        self._until_registered(RETURN, request_id, lambda sent: to_json({"id": sent, **body}))


def sale_in(price: Decimal, group: str):
    line = {"name": "Semmel", "quantity": Decimal("1.000"), "price": price, "taxGroupCode": group}
    body = {"items": [line], "payments": [{"typeCode": 0, "amount": price}]}
    return lambda sent: to_json({"id": sent, **body})


class Journal:
    """Reads the journal beside the running till."""

    def __init__(self, folder: Path):
        self.file = f"file:{folder / 'data' / 'ferrotill.db'}?mode=ro"
        self.connection = sqlite3.connect(self.file, uri=True, isolation_level=None, timeout=10)

    def last(self) -> int:
        return self.connection.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0]

    def wait_for_the_next_row(self, after: int, limit: float) -> None:
        end = time.monotonic() + limit
        while self.last() <= after and time.monotonic() < end:
            pass

    def rows(self, kind: int):
        return self.connection.execute("SELECT payload FROM journal WHERE kind = ? ORDER BY seq", (kind,))


def compact_codes(text: bytes):
    """The codes of receipts that stand in a text, in their plain or in their compact form."""
    yield from CODE.finditer(text)
    for part in re.findall(rb"eyJhbGciOiJFUzI1NiJ9\.([A-Za-z0-9_-]+)\.", text):
        yield from CODE.finditer(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))


class Counters:
    """Which counter and which amounts each receipt id was ever seen with, and where."""

    def __init__(self):
        self.seen = defaultdict(set)
        self.prepared = defaultdict(list)

    def take(self, text: bytes, where: str) -> None:
        for code in compact_codes(text):
            box, receipt, at, amounts, counter = (part.decode() for part in code.groups())
            self.seen[box, int(receipt)].add((at, amounts, counter))
            if where == "prepared":
                self.prepared[box].append(int(receipt))

    def judge(self) -> None:
        twice = {key: codes for key, codes in self.seen.items() if len(codes) > 1}
        equal(twice, {}, "receipt ids with two turnover counters, times or amounts")
        for box, receipts in self.prepared.items():
            equal(receipts, list(range(1, len(receipts) + 1)), f"stored receipts of {box}")


def command(stage: Stage, *arguments) -> dict:
    done = subprocess.run(
        [stage.binary, *arguments, "--json"], capture_output=True, text=True, check=False, cwd=stage.folder,
    )
    equal(done.returncode, 0, " ".join(arguments), done.stdout[-3000:], done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def judge(stage: Stage, journal: Journal, loads: dict[str, SignedLoad], control: bool) -> int:
    config_file = str(stage.folder / "ferrotill.toml")
    counters = Counters()
    for kind, where in ((PREPARED, "prepared"), (SEALED, "sealed"), (SIGNED, "signed")):
        for (payload,) in journal.rows(kind):
            counters.take(payload, where)
    receipts = 0
    for box, load in loads.items():
        dep, keys = stage.folder / f"dep-{box}.json", stage.folder / f"keys-{box}.json"
        command(stage, "rksv", "export", "--register", box, "--out", str(dep), "--crypto", str(keys), "--config", config_file)
        checked = command(stage, "rksv", "verify", str(dep), "--crypto", str(keys))
        counters.take(dep.read_bytes(), "exported")
        for data in load.told.values():
            counters.take(additional(receipt_of(data))["signature"]["qr"].encode(), "shown")
        # The start receipt has no order.
        equal(checked["receipts"], len(load.told) + 1, f"receipts of {box}")
        equal(checked["unsigned"], 0, f"receipts without a signature of {box}")
        cents = sum(int(load.wished[key] * 100) for key in load.told)
        equal(checked["counter_cents"], cents, f"turnover counter of {box}")
        equal(len(counters.prepared[box]), checked["receipts"], f"stored receipts of {box}")
        if judge_program := os.environ.get("RKSV_VERIFY_DEP"):
            other = subprocess.run([judge_program, dep, keys], capture_output=True, text=True, check=False)
            equal(other.returncode, 0, f"{judge_program} on the protocol of {box}", other.stdout[-2000:], other.stderr[-2000:])
        receipts += checked["receipts"]
    if control:
        box, receipt = next(key for key in counters.seen if key[1] > 1)
        again = f"_R1-AT9_{box}_{receipt}_2026-01-01T00:00:00_1,00_0,00_0,00_0,00_0,00_AAAAAAAAAAA=_x"
        counters.take(again.encode(), "control")
    counters.judge()
    command(stage, "verify", "--config", config_file)
    return receipts


def play(binary: str, receipts: int, callers: int, seed: int, control: bool, closed: bool) -> dict:
    dice = random.Random(seed)
    with Stage(binary, limit=86_400) as stage:
        stage.config = config(closed)
        client = stage.agent()
        clients = {box: CheckedClient(client.url, KEY, SECRET, device) for box, device in CASH_BOXES.items()}
        loads = {
            box: SignedLoad(own, callers, seed + number, False, alternative_max=0)
            for number, (box, own) in enumerate(clients.items())
        }
        journal = Journal(stage.folder)
        kills, at_rows, began = 0, 0, time.monotonic()

        def made() -> int:
            return sum(len(load.told) for load in loads.values())

        while made() < receipts:
            if kills % 2 == 0:
                # The till may have written rows at its start; the kill is for the rows of receipts after them.
                for _ in range(dice.randrange(1, 4)):
                    journal.wait_for_the_next_row(journal.last(), 2)
                at_rows += 1
            else:
                time.sleep(dice.choice((0.0, 0.001, 0.005, 0.02, 0.1)) * dice.random())
            stage.kill("agent")
            kills += 1
            ready(stage, client.url)
            for load in loads.values():
                check(not load.faults, "a caller was told something wrong", *load.faults[:5])
            if kills % 200 == 0:
                print(f"{kills} kills, {made()} receipts, {time.monotonic() - began:.0f} s", file=sys.stderr)
        for load in loads.values():
            load.end()
        signed = judge(stage, journal, loads, control)
        return {
            "receipts": signed, "kills": kills, "kills_at_rows": at_rows, "seed": seed,
            "cut_off": sum(load.broken for load in loads.values()),
            "replayed": sum(load.replayed for load in loads.values()),
            "seconds": round(time.monotonic() - began),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--receipts", type=int, default=60)
    parser.add_argument("--callers", type=int, default=2, help="callers of each cash box")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 32))
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--closed", action="store_true", help="a closed system: a key and no certificate")
    wanted = parser.parse_args()
    binary = os.path.abspath(wanted.binary)
    if not os.access(binary, os.X_OK):
        parser.error(f"{binary} is not a program; build it with: cargo build --release")
    try:
        told = play(binary, wanted.receipts, wanted.callers, wanted.seed, wanted.control, wanted.closed)
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
