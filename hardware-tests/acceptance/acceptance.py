#!/usr/bin/env python3
"""The acceptance suite: `acceptance.py BINARY [--jobs N] [scenario …]`.

Black box: it starts the program's own verbs and knows nothing but the specification.
It needs Python 3.11 and nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed

import abuse
import books
import calls
import day
import sales
import trouble
from stage import SCENARIOS, Stage

MODULES = (sales, calls, day, trouble, books, abuse)


def play(binary: str, name: str) -> tuple[str, float, str]:
    """Plays one scenario; the last value is empty when it passed."""
    function, limit = SCENARIOS[name]
    started = time.monotonic()
    with Stage(binary, limit) as stage:
        try:
            function(stage)
            fault = ""
        except Exception as error:
            here = os.path.dirname(os.path.abspath(__file__))
            where = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(here)]
            lines = " < ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in reversed(where))
            fault = f"{type(error).__name__}: {error}\n    at {lines}\n{stage.logs()}"
            if stage.expired:
                fault = f"took longer than {limit:g} s\n    {fault}"
    return name, time.monotonic() - started, fault


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="the ferrotill binary")
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help="all of them when none is named")
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
    failed = 0
    # The longest first, so that none is left alone at the end.
    names.sort(key=lambda name: -SCENARIOS[name][1])
    with ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for future in as_completed([pool.submit(play, binary, name) for name in names]):
            name, seconds, fault = future.result()
            failed += bool(fault)
            print(f"{'FAILED' if fault else 'ok    '} {name} ({seconds:.1f} s)" + (f"\n    {fault}" if fault else ""), flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
