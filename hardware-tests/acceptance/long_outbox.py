#!/usr/bin/env python3
"""Measures `/metrics`, and a sale while callers without a signature ask for it, first with a short outbox and then with a long one.

    python3 hardware-tests/acceptance/long_outbox.py target/release/ferrotill --documents 20000

The authority is away, so that every document stays in the outbox.
If the answer to `/metrics` costs more with more documents, and is made where sales are carried out, the sales get slower with the outbox.
The figures are medians of the same run; the run fails if one of the two takes more than three times as long with the long outbox.
Exit codes: 0 both take as long as before, 1 one takes longer, 2 used wrongly.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import threading
import time

import stage as kit
from fiscalcloud_client import http_call, sale
from stage import NETWORK_ERRORS, CheckedClient, Failed, Stage, check, new_id

SALE = "operations/sale"
READERS = 60  # how many callers without a signature ask at the same time
SLOWER_MAX = 3


def sell(client: CheckedClient) -> float:
    """Sells one alternative receipt; returns the milliseconds until its answer."""
    body = sale(("Covrig", "1.000", "1.00", "A"), request_id=new_id(), receiptMode="AlternativeReceiptOnly")
    started = time.monotonic()
    answer = client.post(SALE, body)
    check(answer.state == "registered", "the sale was not registered", answer)
    return (time.monotonic() - started) * 1000


def beside_readers(client: CheckedClient, count: int) -> float:
    """The median milliseconds of a sale while callers without a signature read the metrics."""
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with contextlib.suppress(*NETWORK_ERRORS):
                http_call(client.url, "GET", "/metrics", timeout=60)
            # One at a time for each reader, with a pause, as a program that watches many tills.
            stop.wait(0.2)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        time.sleep(1)
        return statistics.median(sell(client) for _ in range(count))
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def metrics(client: CheckedClient) -> float:
    """The median milliseconds of one answer to `/metrics` while nothing else happens."""

    def ask() -> float:
        started = time.monotonic()
        check(http_call(client.url, "GET", "/metrics", timeout=60).status == 200, "no metrics")
        return (time.monotonic() - started) * 1000

    return statistics.median(ask() for _ in range(101))


def fill(client: CheckedClient, documents: int) -> None:
    """Sells alternative receipts from eight callers until the outbox has this many documents more."""
    left = iter(range(documents))
    lock = threading.Lock()
    faults: list[str] = []

    def work() -> None:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            try:
                sell(client)
            except (Failed, *NETWORK_ERRORS) as error:
                faults.append(str(error))
                return

    workers = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    check(not faults, "the outbox could not be filled", *faults[:3])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--documents", type=int, default=20_000)
    arguments = parser.parse_args()
    kit.CONFIG = kit.CONFIG.replace("end = 500", f"end = {arguments.documents + 1_000}")
    with Stage(arguments.program, 3600) as stage:
        stage.emulator()
        client = stage.agent()
        sell(client)
        short = (metrics(client), beside_readers(client, 50))
        fill(client, arguments.documents)
        long = (metrics(client), beside_readers(client, 50))
    names = ("metrics_ms", "sale_ms")
    figures = {name: [round(before, 2), round(after, 2)] for name, before, after in zip(names, short, long)}
    print(json.dumps({"documents": arguments.documents, **figures}))
    return 0 if all(after <= SLOWER_MAX * before for before, after in zip(short, long)) else 1


if __name__ == "__main__":
    sys.exit(main())
