#!/usr/bin/env python3
"""Finds out which functions a till uses on an ordinary day, and writes the linker script that puts them side by side.

    CARGO_PROFILE_RELEASE_STRIP=false cargo build --release --target-dir target/symbols
    python3 hardware-tests/acceptance/layout.py target/symbols/release/ferrotill edge-agent/link/daily.ld

A till that is started, sells, closes its day and reports to the authority runs under valgrind, which counts calls by function.
The program needs its symbols (no `strip`), and must be linked without such a script, because valgrind knows the names of `.text` alone:
empty the script before.
The kernel maps a program's code in pieces of 64 KiB and more: a function that is used brings its neighbours into memory.

The script names each function as this target has it, and after them the same functions without the hash at the end of their names, so
that it holds for every target and for the next version. Where nearly all of a module is used, the script names the module.
A name that no function has any more does no harm, and a new function that is not named is only further away.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from day import return_of
from fiscalcloud_client import http_call, sale, to_json
from stage import Stage, new_id, wait_for

# A module is named as a whole if its unused functions have at most this part of the bytes of its used ones.
UNUSED_PART = 0.15

HEAD = """\
/*
 * The functions that a till uses on an ordinary day, side by side at the beginning of the program's code.
 * Made by hardware-tests/acceptance/layout.py; docs/PERFORMANCE.md says what it saves.
 */
SECTIONS
{
  .text.daily : {
"""
TAIL = """\
  }
}
INSERT BEFORE .text;
"""


def lines(count: int) -> list[tuple[str, str, str, str]]:
    return [(f"Marfa {number}", "1", f"10.{number:02}", "AB"[number % 2]) for number in range(count)]


def post(client, operation: str, body: str) -> dict:
    answer = client.post(operation, body, timeout=300)
    assert answer.status == 200, answer
    return answer.data


def sell(client, count: int) -> dict:
    return post(client, "operations/sale", sale(*lines(count), request_id=new_id()))["fiscalReceipt"]


def play_sales(binary: str) -> None:
    """What a till does all day: it starts, sells, reports to the authority, and says how it is."""
    with Stage(binary, 1800) as stage:
        client, _, authority = stage.all_three()
        for count in (1, 10, 2, 10):
            sell(client, count)
        for path in ("/healthz", "/readyz", "/livez", "/metrics"):
            http_call(client.url, "GET", path, timeout=60)
        wait_for(lambda: len(authority.received()) >= 4, 300, "the receipts are at the authority")
        stage.kill("agent", signal.SIGTERM)
        sell(stage.agent(), 10)
        stage.kill("agent", signal.SIGTERM)


def play_day(binary: str) -> None:
    """An ordinary day: a start, sales, an outage of the authority, a return, cash, reports, a second start."""
    with Stage(binary, 1800) as stage:
        client, _, authority = stage.all_three()
        first = sell(client, 1)
        for count in (10, 2, 10):
            sell(client, count)
        authority.set_authority("down")
        for _ in range(4):
            sell(client, 3)
        authority.set_authority("up")
        post(client, "operations/return", return_of(first, 0, new_id()))
        for amount in ("5.00", "-5.00"):
            post(client, "cashoperations", to_json({"id": new_id(), "amount": Decimal(amount)}))
        post(client, "operations/intermediatetotals", "{}")
        for path in ("/healthz", "/readyz", "/livez", "/metrics"):
            http_call(client.url, "GET", path, timeout=60)
        for page in ("receipts", "reports", "cashoperations"):
            client.get(page, timeout=60)
        stage.kill("agent", signal.SIGTERM)
        client = stage.agent()
        sell(client, 2)
        post(client, "operations/closeday", "{}")
        wait_for(lambda: authority.received("z_report"), 300, "the Z-report is at the authority")
        stage.kill("agent", signal.SIGTERM)


def traced(binary: Path, play) -> set[str]:
    """The names of the functions of `binary` that an agent has called while `play` ran."""
    with tempfile.TemporaryDirectory() as folder:
        return traced_in(binary, play, Path(folder))


def traced_in(binary: Path, play, folder: Path) -> set[str]:
    wrapper = folder / "ferrotill"
    wrapper.write_text(
        f'''#!/bin/sh
case " $* " in *" run "*) exec valgrind -q --tool=callgrind --demangle=no --compress-strings=no \\
  --callgrind-out-file={folder}/calls.%p {binary} "$@";; esac
exec {binary} "$@"
''')
    wrapper.chmod(0o755)
    play(str(wrapper))
    names, ours = set(), False
    for file in folder.glob("calls.*"):
        for line in file.read_text("utf-8", "replace").splitlines():
            if line.startswith("ob="):
                ours = line[3:].strip() == str(binary)
            elif ours and line.startswith("fn="):
                names.add(re.sub(r"'\d+$", "", line[3:].strip()))
    return names


def sizes(binary: Path) -> dict[str, int]:
    """The bytes of each function of `binary`, by the name of its symbol."""
    found: dict[str, int] = {}
    for line in subprocess.run(["nm", "-S", "--defined-only", binary], capture_output=True, text=True, check=True).stdout.splitlines():
        columns = line.split()
        if len(columns) == 4 and columns[2] in "tTwW":
            found[columns[3]] = int(columns[1], 16)
    return found


def c_library() -> dict[str, str]:
    """Which member of the C library's archive holds each of its functions; the archive has no section for each function."""
    archive = subprocess.run(["cc", "-print-file-name=libc.a"], capture_output=True, text=True, check=True).stdout.strip()
    listed = subprocess.run(["nm", "-A", "--defined-only", archive], capture_output=True, text=True).stdout
    found: dict[str, str] = {}
    for line in listed.splitlines():
        place, columns = line[len(archive) + 1:].split(":", 1)
        columns = columns.split()
        if len(columns) == 3 and columns[1] in "tTwWi":
            found.setdefault(columns[2], place)
    return found


def parts(symbol: str) -> list[str]:
    """The beginnings of a symbol, from its crate to its whole name without hashes; of a function in C the name alone."""
    if symbol.startswith("_R"):  # the newer form of names, which the standard library has
        return [re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", symbol.partition(".")[0]) + "*"]
    stem = re.sub(r"17h[0-9a-f]{16}E.*$", "17h", symbol)
    if stem == symbol or not symbol.startswith("_ZN"):
        return [symbol]
    found, at = [], 3
    while (number := re.match(r"\d+", stem[at:])) and at < len(stem) - 3:
        at += number.end() + int(number.group())
        found.append(stem[:at] + "*")
    return [*found[:-1], stem + "*"]


def patterns(used: set[str], size: dict[str, int]) -> list[str]:
    """The shortest list of names and beginnings of names that holds the used functions and few others."""
    used_bytes: dict[str, int] = defaultdict(int)
    unused_bytes: dict[str, int] = defaultdict(int)
    for symbol, length in size.items():
        for part in parts(symbol):
            (used_bytes if symbol in used else unused_bytes)[part] += length
    chosen: dict[str, None] = {}
    for symbol in sorted(used & size.keys()):
        beginnings = parts(symbol)
        whole = next((part for part in beginnings if unused_bytes[part] <= UNUSED_PART * used_bytes[part]), beginnings[-1])
        chosen[whole] = None
    # Names that hold unused functions too stand last, so that those before them are packed without gaps.
    return sorted(chosen, key=lambda part: (unused_bytes[part] / (used_bytes[part] + unused_bytes[part]), part))


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    binary, script = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    size = sizes(binary)
    if not size:
        print(f"{binary} has no symbols: build it without `strip`", file=sys.stderr)
        return 2
    selling = traced(binary, play_sales) & size.keys()
    used = selling | traced(binary, play_day) & size.keys()
    members, rules = c_library(), {}
    # The names with their hashes pack the functions of this target closely, those that every sale uses first.
    # Of the C library the members of its archive are named.
    for symbol in [*sorted(selling), *sorted(used - selling)]:
        member = members.get(symbol)
        rules[f"*libc.a:{member}(.text .text.*)" if member else f"*(.text.{symbol} .text.unlikely.{symbol})"] = None
    # The names without hashes hold for other targets, and for the next versions of compiler and libraries.
    chosen = [name for name in patterns(used, size) if name not in members]
    # The star before the name: functions that the compiler takes for seldom used are in sections named `.text.unlikely.…`.
    rules |= {f"*(.text*.{name})": None for name in chosen}
    script.write_text(HEAD + "".join(f"    {rule}\n" for rule in rules) + TAIL)
    total = {what: sum(size[name] for name in names) for what, names in (("selling", selling), ("day", used))}
    held = sum(length for symbol, length in size.items() if any(part in chosen for part in parts(symbol)))
    print(f"{len(size)} functions of {sum(size.values())} bytes; a sale uses {len(selling)} of {total['selling']} bytes, a day "
          f"{len(used)} of {total['day']} bytes; {len(chosen)} names without hashes hold {held} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
