"""The scenario of a full disk: the data folder lies on a file system of a few megabytes.

Only root can mount a file system; without the rights of root the scenario is skipped and says so.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
from pathlib import Path

from fiscalcloud_client import additional, http_call, sale
from sales import all_receipts
from stage import Background, CheckedClient, Simulator, Skipped, Stage, check, equal, new_id, scenario, wait_for

SALE = "operations/sale"
SIZE = "12m"
# How many KiB are left when the disk counts as full; with each value another call fails first.
LEFT_KIB = (0, 4, 8, 16, 24, 40, 64, 128)


def as_root(*command: str) -> list[str]:
    return list(command) if os.getuid() == 0 else ["sudo", "-n", *command]


@contextlib.contextmanager
def small_disk(folder: Path):
    """A file system in memory, with room for a short day."""
    folder.mkdir()
    options = f"size={SIZE},uid={os.getuid()},gid={os.getgid()}"
    mounted = subprocess.run(as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)), capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        raise Skipped(f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(as_root("umount", "--lazy", str(folder)), check=False)


class Ballast:
    """A file that fills the disk up to a given rest of free space."""

    def __init__(self, folder: Path):
        self.path = folder / "ballast"

    def fill(self, left_kib: int) -> None:
        with open(self.path, "wb", buffering=0) as file:
            block = bytes(4096)
            try:
                while True:
                    file.write(block)
            except OSError as error:
                check(error.errno == errno.ENOSPC, "the disk is not full but broken", error)
            file.truncate(max(0, file.tell() - left_kib * 1024))

    def free(self) -> None:
        self.path.unlink()


def sell_on_a_full_disk(client: CheckedClient, printer: Simulator, prices: dict[str, str], next_price) -> None:
    """Sells until a sale is refused, and then a few more times; every answer must be true."""
    refused = 0
    for _ in range(400):
        price, request_id = next_price(), new_id()
        prices[request_id] = price
        answer = client.post(SALE, one_sale(price, request_id))
        if answer.state == "registered":
            equal(len(printer.receipts(price)), 1, "receipts of a sale that was answered as registered", answer)
            continue
        check(answer.error or answer.status == 503, "a refusal without a code", answer)
        if answer.state == "not_registered":
            equal(printer.receipts(price), [], "receipts of a sale that was answered as not registered", answer)
        refused += 1
        if refused == 3:
            return
    check(False, "400 sales did not fill the disk")


def one_sale(price: str, request_id: str) -> str:
    return sale(("Covrig", "1.000", price, "A"), request_id=request_id, receiptMode="FiscalReceiptOnly")


def fill_while_it_prints(client: CheckedClient, printer: Simulator, ballast: Ballast, price: str, request_id: str) -> None:
    """The disk is full between the durable order and the seal: what the printer has registered is kept until it can be written."""
    printer.fault("delay", "0x38", ms=1500)
    call = Background(client.post, SALE, one_sale(price, request_id))
    wait_for(lambda: any(receipt["total"] == price for receipt in printer.receipts()) or call.done(), 10, "the receipt is being printed", pause=0.01)
    ballast.fill(0)
    first = call.join()
    check(first is not None, "the connection broke", call.error)
    check(first.state != "not_registered", "the sale was answered as not registered", first)
    equal(len(printer.receipts(price)), 1, "receipts while the disk is full", first)
    ballast.free()


@scenario(limit=300)
def full_disk(stage: Stage) -> None:
    """The disk is full: sales are answered with a code, nothing is printed twice, and sales succeed again by themselves when there is space."""
    data = stage.folder / "data"
    with small_disk(data):
        client, printer, office = stage.all_three()
        ballast, prices = Ballast(data), {}
        for left_kib in LEFT_KIB:
            ballast.fill(left_kib)
            sell_on_a_full_disk(client, printer, prices, stage.price)
            stage.alive("agent")
            health = http_call(client.url, "GET", "/healthz", timeout=5)
            check(health.status in (200, 503), "no health on a full disk", health)
            ballast.free()
            # When there is space again, the next sale succeeds without any help, and so does each refused sale that is sent again.
            for request_id, price in list(prices.items())[-6:]:
                client.until_registered(SALE, one_sale(price, request_id))
        for request_id, price in prices.items():
            client.until_registered(SALE, one_sale(price, request_id))
            equal(len(printer.receipts(price)), 1, f"receipts of {price} with {left_kib} KiB left")
        late = new_id()
        prices[late] = stage.price()
        fill_while_it_prints(client, printer, ballast, prices[late], late)
        client.until_registered(SALE, one_sale(prices[late], late))
        equal(len(printer.receipts(prices[late])), 1, "receipts after the disk was full in the middle")
        equal(len(printer.receipts()), len(prices), "receipts in the printer")

        # A start on a full disk either serves or reports why it does not; it damages nothing.
        ballast.fill(0)
        stage.kill("agent")
        stage.agent_process()
        wait_for(lambda: stage.processes["agent"].poll() is not None or http_call(client.url, "GET", "/healthz", timeout=5), 20, "a start on a full disk serves or ends")
        stage.kill("agent")
        ballast.free()
        stage.agent()

        listed = all_receipts(client)
        equal(sorted(one["number"] for one in listed), list(range(1, len(prices) + 1)), "numbers")
        closed = client.until_registered("operations/closeday", json.dumps({"id": new_id()}))
        reconciliation = additional(closed.data).get("reconciliation") or {}
        equal(reconciliation.get("agrees"), True, "the Z-report reconciles", closed)
        wait_for(lambda: len(office.received()) == len(prices) + 1, 60, "the authority has every document")
        verified = subprocess.run(
            [stage.binary, "verify", "--config", str(stage.folder / "ferrotill.toml"), "--json"],
            capture_output=True, text=True, check=False,
        )
        equal(verified.returncode, 0, "verify", verified.stdout[-2000:], verified.stderr[-2000:])
        stage.kill("agent")
