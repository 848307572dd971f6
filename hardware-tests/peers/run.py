#!/usr/bin/env python3
"""Compares what a receipt costs on the line to the printer with drivers of other authors.

    python3 hardware-tests/peers/run.py target/release/ferrotill [--family datecs-b] [--receipts 5] [--baud 9600,115200]
        [--lines 2,10] [--peer NAME='COMMAND with {device} or {port}' …]

Each program prints the same receipts on an emulated printer of its own; the line is as slow as a serial line of this speed.
Between program and printer a relay counts commands and bytes, and changes nothing.
Times run from the order to the answer that the receipt is closed: for Ferrotill from the HTTP request to its answer.

A peer is a program that writes `ready`, and then prints one receipt for each line that it reads; the line is the number of its lines.
It answers `ok`, or anything else for a fault. `{device}` in its command is a serial device, `{port}` a TCP port of 127.0.0.1.
README.md names the peers that were tried. Commands and bytes are exact; a time depends on what else the machine does.
Exit codes: 0 compared, 1 a receipt failed, 2 used wrongly.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import shlex
import socket
import statistics
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "acceptance"))

from fiscalcloud_client import http_call, sale  # noqa: E402
from stage import CheckedClient, Client, Failed, Ports, Simulator, Stage, check, new_id  # noqa: E402

PREAMBLE = 0x01  # the first byte of a frame, which occurs nowhere else in it
PRICE = "8.10"
ANSWER_WITHIN_S = 120


class Relay:
    """Carries the bytes between a host and the emulated printer, and counts them."""

    def __init__(self, printer_port: int):
        self.printer_port = printer_port
        self.commands = self.to_printer = self.from_printer = 0
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        self._slave = slave  # stays open, so that the device lives on when a host closes it
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def counts(self) -> tuple[int, int, int]:
        return self.commands, self.to_printer, self.from_printer

    def close(self) -> None:
        self._ended = True
        self._thread.join(5)
        for one in (self.master, self._slave):
            os.close(one)
        self.listener.close()

    def _run(self) -> None:
        printer = socket.create_connection(("127.0.0.1", self.printer_port))
        printer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host: socket.socket | None = None
        with printer:
            while not self._ended:
                sources = [printer, self.master, host or self.listener]
                for source in select.select(sources, [], [], 0.2)[0]:
                    if source is self.listener:
                        host, _ = self.listener.accept()
                        host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    elif source is printer:
                        data = printer.recv(4096)
                        if not data:
                            return
                        self.from_printer += len(data)
                        host.sendall(data) if host else os.write(self.master, data)
                    else:
                        data = source.recv(4096) if source is host else os.read(self.master, 4096)
                        if not data:
                            host.close()
                            host = None
                            continue
                        self.to_printer += len(data)
                        self.commands += data.count(PREAMBLE)
                        printer.sendall(data)


class Ferrotill:
    """Our agent, which is asked for a receipt by HTTP."""

    def __init__(self, stage: Stage, relay: Relay, family: str, baud: int):
        # What is compared with the specification is compared by the acceptance suite.
        CheckedClient.call = Client.call
        uri = f"{family}+serial://{relay.device}?baud={baud}"
        stage.config = stage.config.replace("datecs+serial://{link}?baud=115200", uri)
        self.client = stage.agent()

    def print(self, lines: int) -> None:
        goods = [(name(number), "1", PRICE, "A") for number in range(lines)]
        answer = self.client.post("operations/sale", sale(*goods, request_id=new_id(), receiptMode="FiscalReceiptOnly"))
        check(answer.status == 200, "the sale was not registered", answer)


class Peer:
    """A program of other authors."""

    def __init__(self, command: str, relay: Relay):
        command = command.replace("{device}", relay.device).replace("{port}", str(relay.port))
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("ready")

    def print(self, lines: int) -> None:
        self.process.stdin.write(f"{lines}\n")
        self.process.stdin.flush()
        self._expect("ok")

    def _expect(self, wanted: str) -> None:
        found = select.select([self.process.stdout], [], [], ANSWER_WITHIN_S)[0]
        answer = self.process.stdout.readline().strip() if found else "nothing"
        check(answer == wanted, f"the peer does not answer {wanted}", answer)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def name(number: int) -> str:
    return f"Piine Praga {number}"


def measure(arguments, baud: int, command: str | None) -> dict[int, tuple]:
    """For each number of lines: the median milliseconds of a receipt, its commands, and its bytes in both directions."""
    result = {}
    with Stage(arguments.program, 1200) as stage, contextlib.ExitStack() as stack:
        ports = [Ports.free(), Ports.free()]
        stage.spawn(
            "emulator", "emulator", "--family", arguments.family, "--baud", baud, "--time-zone", "Europe/Chisinau",
            "--tcp", f"127.0.0.1:{ports[0]}", "--listen", f"127.0.0.1:{ports[1]}",
        )
        url = f"http://127.0.0.1:{ports[1]}"
        stage.started("emulator", lambda: http_call(url, "GET", "/sim/printer", timeout=5).status == 200)
        relay = Relay(ports[0])
        stack.callback(relay.close)
        if command is None:
            host = Ferrotill(stage, relay, arguments.family, baud)
        else:
            host = Peer(command, relay)
            stack.callback(host.close)
        # The first receipts pay for what is asked once.
        for _ in range(2):
            host.print(2)
        printer = Simulator(url)
        for lines in arguments.lines:
            times, before, receipts = [], relay.counts(), len(printer.receipts())
            for _ in range(arguments.receipts):
                begun = time.monotonic()
                host.print(lines)
                times.append((time.monotonic() - begun) * 1000)
            each = [(after - then) / arguments.receipts for then, after in zip(before, relay.counts())]
            printed = printer.receipts()[receipts:]
            check(len(printed) == arguments.receipts, "the printer has another number of receipts", len(printed))
            totals = {one["total"] for one in printed}
            check(totals == {f"{lines * 810 / 100:.2f}"}, "the printer has other totals", totals)
            result[lines] = (statistics.median(times), *each)
    return result


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the ferrotill binary")
    parser.add_argument("--family", default="datecs-b", help="the family of the emulated printer (default datecs-b)")
    parser.add_argument("--receipts", type=int, default=5, help="how many receipts of each kind (default 5)")
    parser.add_argument("--baud", type=numbers, default=[9600, 115200])
    parser.add_argument("--lines", type=numbers, default=[2, 10])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    arguments = parser.parse_args()
    arguments.program = os.path.abspath(arguments.program)
    programs: list[tuple[str, str | None]] = [("Ferrotill", None)]
    for peer in arguments.peer:
        label, _, command = peer.partition("=")
        if not command:
            parser.error(f"--peer {peer}: a name, `=` and a command are needed")
        programs.append((label, command))
    print("| Family, baud, lines | Program | Time (median) | Ferrotill beside it | Commands | Bytes sent | Bytes received |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    failed = 0
    for baud in arguments.baud:
        results = []
        for label, command in programs:
            try:
                results.append((label, measure(arguments, baud, command)))
            except Failed as fault:
                failed += 1
                print(f"{label} at {baud} baud: {fault}", file=sys.stderr)
        for lines in arguments.lines:
            ours = next((result[lines][0] for label, result in results if label == "Ferrotill"), None)
            for label, result in results:
                took, commands, sent, received = result[lines]
                beside = "–" if label == "Ferrotill" or ours is None else f"{ours / took:.2f}×"
                print(
                    f"| `{arguments.family}`, {baud}, {lines} | {label} | {took:.0f} ms | {beside} "
                    f"| {commands:g} | {sent:.0f} | {received:.0f} |", flush=True,
                )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
