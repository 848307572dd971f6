#!/usr/bin/env python3
"""Walks through the dashboard with a real browser: `run.py BINARY TOOLS`. TOOLS is a folder for axe-core, which npm installs once.

Without Chromium, Node.js or axe-core it prints a line SKIPPED with the reason.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
AXE = "axe-core@4.11.0"


def skipped(why: str) -> None:
    print(f"SKIPPED: {why}, so no browser has walked through the dashboard.")
    print("INSTEAD: edge-agent/tests/dashboard.rs checks sessions, rights, tokens and the policy of the pages.")
    sys.exit(0)


def main() -> None:
    binary, tools = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve() / "axe"
    for name in ("node", "npm", "chromium"):
        if not shutil.which(name):
            skipped(f"{name} is not installed")
    axe = tools / "node_modules/axe-core/axe.min.js"
    if not axe.exists():
        tools.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(tools), AXE]
        try:
            installed = subprocess.run(command, capture_output=True, timeout=300).returncode == 0
        except subprocess.TimeoutExpired:
            installed = False
        if not installed or not axe.exists():
            skipped("axe-core cannot be installed")
    pictures = tools.parent / "dashboard"
    walk = ["node", str(HERE / "walk.mjs"), str(binary), str(axe), str(pictures)]
    code = subprocess.run(walk, timeout=900).returncode
    print(f"the pictures are in {pictures}")
    sys.exit(code)


if __name__ == "__main__":
    main()
