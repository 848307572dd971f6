#!/usr/bin/env python3
"""The acceptance suite: `acceptance.py BINARY [--jobs N] [scenario …]`.

The suite is a black box test: it starts the program's own commands and uses only what the specification says.
The suite needs Python 3.11 and nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

import abuse
import books
import calls
import day
import disk
import keyboard
import sales
import trouble
from stage import SCENARIOS, Skipped, Stage

MODULES = (sales, calls, day, trouble, books, abuse, disk, keyboard)


def play(binary: str, name: str) -> tuple[str, float, str, str]:
    """Plays one scenario; returns its outcome and, if it failed or was skipped, a text that says why."""
    function, limit = SCENARIOS[name]
    started = time.monotonic()
    with Stage(binary, limit) as stage:
        try:
            function(stage)
            outcome, words = "ok", ""
        except Skipped as skipped:
            outcome, words = "skipped", str(skipped)
        except Exception as error:
            here = os.path.dirname(os.path.abspath(__file__))
            where = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(here)]
            lines = " < ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in reversed(where))
            outcome = "FAILED"
            words = f"{type(error).__name__}: {error}\n    at {lines}\n{stage.logs()}"
            if stage.expired:
                words = f"took longer than {limit:g} s\n    {words}"
    return name, time.monotonic() - started, outcome, words


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="the ferrotill binary")
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help="the scenarios to play; all if none is named")
    parser.add_argument("--jobs", type=int, default=4, help="scenarios played at the same time (default 4)")
    parser.add_argument("--list", action="store_true", help="print the scenarios and end")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(SCENARIOS))
        return 0
    unknown = [name for name in arguments.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"unknown scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    binary = os.path.abspath(arguments.binary)
    if not os.access(binary, os.X_OK):
        parser.error(f"{binary} is not a program; build it with: cargo build --release")

    names = arguments.scenarios or list(SCENARIOS)
    outcomes = Counter()
    # The longest scenarios start first, so that no long scenario runs alone at the end.
    names.sort(key=lambda name: -SCENARIOS[name][1])
    with ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for future in as_completed([pool.submit(play, binary, name) for name in names]):
            name, seconds, outcome, words = future.result()
            outcomes[outcome] += 1
            print(f"{outcome:7} {name} ({seconds:.1f} s)" + (f"\n    {words}" if words else ""), flush=True)
    skipped = f", {outcomes['skipped']} skipped" if outcomes["skipped"] else ""
    print(f"{outcomes['ok']} passed, {outcomes['FAILED']} failed{skipped}")
    return 1 if outcomes["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
