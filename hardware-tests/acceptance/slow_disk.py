#!/usr/bin/env python3
"""Measures sales on a disk whose flushes are slow, as on an SD card; this needs root, /dev/fuse and a loop device.

    python3 hardware-tests/acceptance/slow_disk.py target/release/ferrotill [--flush-ms 3] [--sales 40] [--receipts 4000]

The disk is a loop device with ext4. Its image is a file of a FUSE file system in the memory of this program, which waits before it
answers a sync. So every flush at the block device takes this time, those of the file system's own journal too; reads and writes cost
next to nothing. The emulated printer has no delay, and there is no authority.

Rows: a ten-line fiscal receipt every half second, right after a restart and after the log of the store has grown to
its full size, each beside two bare commits (`pwrite` of 25 KiB into a file of full size, and `fdatasync`) in turns; and ten-line
alternative receipts from 64 callers beside the rate of flushes. The flushes of the sales are counted at the device.
Exit codes: 0 both goals met, 1 one missed, 2 used wrongly.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import os
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from enum import IntEnum
from pathlib import Path

import stage as kit
from fiscalcloud_client import Client, http_call, sale
from stage import CheckedClient, Stage, check, new_id, wait_for

SIZE = 200 * 1024 * 1024
COMMIT = 25 * 1024  # the bytes of one transaction of a ten-line sale
SMALL = 1024
CALLERS = 64
PAUSE_S = 0.5  # after each sale; a checkpoint may happen in it
GROWN = 110  # sales after which the log of the store has its size
SALE_MAX = 1.5  # a sale beside two bare commits
RATE_MIN = 8  # receipts per second beside flushes per second
SALE = "/api/v1/operations/sale"


# The file system: one folder with one file, in memory (the protocol of linux/fuse.h, version 7.31).

MAX_WRITE = 128 * 1024
FOLDER, FILE = 1, 2


class Operation(IntEnum):
    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    FLUSH = 25
    INIT = 26
    OPENDIR = 27
    RELEASEDIR = 29
    INTERRUPT = 36
    BATCH_FORGET = 42


def attributes(node: int) -> bytes:
    size, mode = (0, 0o040755) if node == FOLDER else (SIZE, 0o100644)
    return struct.pack("=6Q10I", node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer_of(operation: int, node: int, body: memoryview, image: bytearray, flush_s: float) -> bytes | int | None:
    """The body of the answer, an error number, or None where the protocol has no answer."""
    match operation:
        case Operation.READ:
            offset, size = struct.unpack_from("=8xQI", body)
            return bytes(image[offset:offset + size])
        case Operation.WRITE:
            offset, size = struct.unpack_from("=8xQI", body)
            image[offset:offset + size] = body[40:40 + size]
            return struct.pack("=II", size, 0)
        case Operation.FSYNC:
            time.sleep(flush_s)
            return b""
        case Operation.INIT:
            minor, ahead = struct.unpack_from("=4xII", body)
            big_writes, max_pages = 1 << 5, 1 << 22
            return struct.pack("=4I2H2I2H8I", 7, min(minor, 31), ahead, big_writes | max_pages, 0, 0, MAX_WRITE, 1, 32, 0, *[0] * 8)
        case Operation.LOOKUP:
            if bytes(body).rstrip(b"\0") != b"disk":
                return errno.ENOENT
            return struct.pack("=4Q2I", FILE, 0, 3600, 3600, 0, 0) + attributes(FILE)
        case Operation.GETATTR | Operation.SETATTR:
            return struct.pack("=Q2I", 3600, 0, 0) + attributes(node)
        case Operation.OPEN | Operation.OPENDIR:
            return struct.pack("=Q2I", 1, 0, 0)
        case Operation.STATFS:
            return bytes(80)
        case Operation.RELEASE | Operation.FLUSH | Operation.RELEASEDIR:
            return b""
        case Operation.FORGET | Operation.INTERRUPT | Operation.BATCH_FORGET:
            return None
        case _:
            return errno.ENOSYS


def serve(folder: str, flush_s: float) -> None:
    """Mounts the file system, says so on standard output, and serves it until it is unmounted."""
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"slow-disk", folder.encode(), b"fuse", 0, options) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    print("mounted", flush=True)
    image = bytearray(SIZE)
    while True:
        try:
            request = memoryview(os.read(device, MAX_WRITE + 4096))
        except OSError as error:
            if error.errno == errno.ENODEV:  # unmounted
                return
            if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                continue
            raise
        operation, unique, node = struct.unpack_from("=4xIQQ", request)
        answer = answer_of(operation, node, request[40:], image, flush_s)
        if answer is not None:
            fault, body = (answer, b"") if isinstance(answer, int) else (0, answer)
            os.write(device, struct.pack("=IiQ", 16 + len(body), -fault, unique) + body)


class SlowDisk:
    """An ext4 on a loop device on that file system. Leaving its context takes everything down."""

    def __init__(self, flush_ms: float):
        self.flush_ms = flush_ms
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> SlowDisk:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ferrotill-slow-disk-")))
            image, self.folder = folder / "image", folder / "disk"
            image.mkdir()
            self.folder.mkdir()
            command = [sys.executable, os.path.abspath(__file__), "--serve", str(image), "--flush-ms", str(self.flush_ms)]
            server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.callback(server.wait)
            stack.callback(server.kill)
            check(server.stdout.readline() == "mounted\n", "the slow file system was not mounted")
            # The loop device still has its file open for a moment after it is detached.
            stack.callback(run, "umount", "--lazy", image)
            self.device = run("losetup", "--find", "--show", image / "disk").strip()
            stack.callback(run, "losetup", "--detach", self.device)
            # What mkfs leaves for later would be written while sales are measured.
            run("mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", self.device)
            run("mount", "-o", "noatime", self.device, self.folder)
            stack.callback(run, "umount", "--lazy", self.folder)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *fault) -> None:
        self._stack.__exit__(*fault)

    def flushes(self) -> int:
        """How many flushes the device has carried out."""
        return int(Path(f"/sys/block/{Path(self.device).name}/stat").read_text().split()[15])


class BareFile:
    """A file of full size; each write is durable when it returns."""

    def __init__(self, folder: Path):
        self.file = os.open(folder / "bare", os.O_CREAT | os.O_RDWR)
        os.pwrite(self.file, bytes(COMMIT * 64), 0)
        os.fsync(self.file)
        self._at = 0

    def commit(self, size: int) -> float:
        """Milliseconds of one durable write."""
        self._at = (self._at + 1) % 64
        begun = time.perf_counter()
        os.pwrite(self.file, b"x" * size, self._at * COMMIT)
        os.fdatasync(self.file)
        return (time.perf_counter() - begun) * 1000


def run(*command) -> str:
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def sale_request(client: Client, mode: str) -> bytes:
    """The bytes of a signed sale of ten lines."""
    goods = [(f"Piine Praga (Franzeluta) {number}", "1", "8.10", "AB"[number % 2]) for number in range(10)]
    body = sale(*goods, request_id=new_id(), receiptMode=mode)
    headers = {"Host": client.url.removeprefix("http://"), "Content-Length": str(len(body.encode())), **client.headers("POST", SALE, body)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {SALE} HTTP/1.1\r\n{lines}\r\n{body}".encode()


class Line:
    """A connection that is kept."""

    def __init__(self, url: str):
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""

    def receive(self) -> bool:
        """Reads what has come; True once the answer is whole. It must be a 200."""
        self.heard += self.socket.recv(65536)
        head, found, body = self.heard.partition(b"\r\n\r\n")
        if not found:
            check(self.heard, "the connection was closed")
            return False
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        if len(body) < length:
            return False
        check(head.startswith(b"HTTP/1.1 200"), "a sale was not registered", self.heard[:500])
        self.heard = b""
        return True


def timed(line: Line, request: bytes) -> float:
    """Milliseconds of one call."""
    begun = time.perf_counter()
    line.socket.sendall(request)
    while not line.receive():
        pass
    return (time.perf_counter() - begun) * 1000


def sales_beside_commits(client: Client, disk: SlowDisk, bare: BareFile, sales: int, pause_s: float = PAUSE_S) -> tuple[float, float, float]:
    """Medians of sales and of two bare commits, in milliseconds, and the flushes of a sale."""
    line = Line(client.url)
    ours, theirs, flushes = [], [], 0
    for _ in range(sales):
        request = sale_request(client, "FiscalReceiptOnly")
        before = disk.flushes()
        ours.append(timed(line, request))
        flushes += disk.flushes() - before
        theirs.append(bare.commit(COMMIT) + bare.commit(COMMIT))
        time.sleep(pause_s)
    return statistics.median(ours), statistics.median(theirs), flushes / sales


def together(client: Client, receipts: int) -> float:
    """Alternative receipts per second of all callers together, each with one receipt under way."""
    waiting = iter([sale_request(client, "AlternativeReceiptOnly") for _ in range(receipts)])
    lines = {}
    poll = select.epoll()
    begun = time.perf_counter()
    for _ in range(CALLERS):
        line = Line(client.url)
        lines[line.socket.fileno()] = line
        poll.register(line.socket, select.EPOLLIN)
        line.socket.sendall(next(waiting))
    answered = 0
    while answered < receipts:
        for number, _ in poll.poll(30):
            line = lines[number]
            if line.receive():
                answered += 1
                if request := next(waiting, None):
                    line.socket.sendall(request)
    took = time.perf_counter() - begun
    poll.close()
    return receipts / took


def started(stage: Stage) -> Client:
    client = stage.agent()

    def printer_found() -> bool:
        answer = http_call(client.url, "GET", "/healthz", timeout=5).json
        return all(printer["connected"] for printer in answer["printers"])

    wait_for(printer_found, 30, "the printer is found")
    return client


def measure(arguments, disk: SlowDisk) -> bool:
    kit.CONFIG = kit.CONFIG.replace("end = 500", f"end = {arguments.receipts * 2 + 1000}")
    # What is compared with the specification is compared by the acceptance suite.
    CheckedClient.call = Client.call
    with Stage(arguments.program, 1800) as stage, contextlib.ExitStack() as stack:
        without_authority, _, _ = kit.CONFIG.partition("[upstream]")
        stage.config = without_authority.replace("{folder}/data", f"{disk.folder}/data")
        (disk.folder / "data").mkdir()
        bare = BareFile(disk.folder)
        stack.callback(os.close, bare.file)
        stage.emulator()
        client = started(stage)
        sales_beside_commits(client, disk, bare, 20, 0)
        stage.kill("agent", kit.signal.SIGTERM)
        client = started(stage)
        results = [("right after a restart", sales_beside_commits(client, disk, bare, arguments.sales))]
        sales_beside_commits(client, disk, bare, GROWN, 0)
        time.sleep(3)  # a checkpoint, so that the log begins again at its start
        results.append(("with a log of full size", sales_beside_commits(client, disk, bare, arguments.sales)))
        flush = statistics.median(bare.commit(SMALL) for _ in range(200))
        together(client, CALLERS * 10)
        before = disk.flushes()
        rate = together(client, arguments.receipts)
        flushed = (disk.flushes() - before) / arguments.receipts
    print(f"a flush: {flush:.2f} ms, {1000 / flush:.0f} per second")
    for words, (ours, two, flushes) in results:
        print(f"a sale of ten lines {words}: p50 {ours:.1f} ms, {flushes:.2f} flushes; two bare commits {two:.1f} ms; {ours / two:.2f}×")
    beside = rate * flush / 1000
    print(f"{CALLERS} callers: {rate:.0f} alternative receipts per second, {flushed:.3f} flushes each; {beside:.1f}× the flush rate")
    _, (ours, two, _) = results[0]
    return ours <= SALE_MAX * two and beside >= RATE_MIN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", help="the ferrotill binary")
    parser.add_argument("--flush-ms", type=float, default=3.0, help="how long a flush takes (default 3)")
    parser.add_argument("--sales", type=int, default=40, help="how many sales of one caller (default 40)")
    parser.add_argument("--receipts", type=int, default=4000, help="how many receipts of 64 callers (default 4000)")
    parser.add_argument("--serve", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.flush_ms / 1000)
        return 0
    if not arguments.program:
        parser.error("the ferrotill binary is needed")
    arguments.program = os.path.abspath(arguments.program)
    with SlowDisk(arguments.flush_ms) as disk:
        return 0 if measure(arguments, disk) else 1


if __name__ == "__main__":
    sys.exit(main())
