#!/usr/bin/env python3
"""Lets python-escpos, a driver of other authors, print on our emulated receipt printer over a pty.

    python3 hardware-tests/escpos/driver.py

python-escpos 3.1 is installed into target/escpos-driver on the first run, unmodified.
The environment variable `FERROTILL` names the program; without it the program is built.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
HOME = TARGET / "escpos-driver"
PACKAGE = "python-escpos[serial]==3.1"
PORT = 28912
SIM = f"http://127.0.0.1:{PORT}/sim/printer"
CODE = "https://ereceipt.example.md/r/7f3kq?sum=31.75"


def slip(link):
    """Prints what a shop's own script would print; returns what the driver reads from the printer's answers."""
    from escpos.printer import Serial
    from PIL import Image

    printer = Serial(devfile=str(link), baudrate=9600, timeout=2.0, dsrdtr=False)
    printer.set(align="center", bold=True, double_height=True, double_width=True)
    printer.textln("FERROTILL")
    printer.set_with_default(align="left")
    printer.textln("Pâine albă            12.50 A")
    printer.textln("Хлеб «Бородинский»     8.00 B")
    printer.set(underline=1, invert=True)
    printer.textln("underlined")
    printer.barcode("4006381333931", "EAN13", function_type="A")
    printer.barcode("{BABC00000001", "CODE128", function_type="B")
    printer.qr(CODE, native=True, size=6)
    picture = Image.new("1", (64, 32), 1)
    for place in range(32):
        picture.putpixel((place, place), 0)
    for how in ("bitImageRaster", "graphics", "bitImageColumn"):
        printer.image(picture, impl=how)
    printer.set_with_default(align="right")
    printer.textln("TOTAL 20.50")
    printer.cashdraw(2)
    printer.cut()
    told = (printer.is_online(), printer.paper_status())
    printer.close()
    return told


def told(path=""):
    with urllib.request.urlopen(SIM + path, timeout=10) as answer:
        return answer.read().decode()


def put(switch):
    request = urllib.request.Request(SIM, json.dumps(switch).encode(), {"Content-Type": "application/json"}, method="PUT")
    urllib.request.urlopen(request, timeout=10).close()


def main():
    python = HOME / "venv" / "bin" / "python"
    if Path(sys.prefix) != HOME / "venv":
        if not python.exists():
            venv.create(HOME / "venv", with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-q", PACKAGE], check=True)
        return subprocess.run([python, __file__]).returncode
    program = os.environ.get("FERROTILL")
    if program is None:
        subprocess.run(["cargo", "build", "-q", "--release", "-p", "ferrotill"], cwd=ROOT, check=True)
        program = TARGET / "release" / "ferrotill"
    link = HOME / "tty"
    link.unlink(missing_ok=True)
    emulator = subprocess.Popen([program, "emulator", "--family", "escpos", "--link", link, "--listen", f"127.0.0.1:{PORT}"])
    failed = 0

    def check(what, is_so, found):
        nonlocal failed
        failed += not is_so
        print("ok    " if is_so else "FAILED", what, "" if is_so else f": {found}")

    try:
        end = time.monotonic() + 30
        while not link.exists() and time.monotonic() < end:
            time.sleep(0.05)
        answers = slip(link)
        paper = told("/paper").splitlines()
        state = json.loads(told())
        check("the driver reads that the printer is online and has paper", answers == (True, 2), answers)
        lines = [line for line in paper if line.strip() and not line.startswith("---")]
        meant = ["FERROTILL", "Pâine albă            12.50 A", "Хлеб «Бородинский»     8.00 B", "underlined", f"[QR L: {CODE}]", "[image 64 x 32]", "TOTAL 20.50"]
        check("every line, the code and the raster image are on the paper, and nothing else", [line.strip() for line in lines] == meant, paper)
        check("the total is printed on the right", lines[-1].startswith(" " * 30), lines[-1])
        check("the paper is cut once", sum(line.startswith("---") for line in paper) == 1, paper)
        check("the drawer got one pulse", state["drawer_pulses"] == 1, state)
        for paper_is, expected in (("low", 1), ("out", 0), ("ok", 2)):
            put({"paper": paper_is})
            check(f"the driver reads that the paper is {paper_is}", asked(link) == expected, asked(link))
    finally:
        emulator.terminate()
        emulator.wait(10)
    print(f"{failed} failed")
    return 1 if failed else 0


def asked(link):
    from escpos.printer import Serial

    printer = Serial(devfile=str(link), baudrate=9600, timeout=2.0, dsrdtr=False)
    paper = printer.paper_status()
    printer.close()
    return paper


if __name__ == "__main__":
    raise SystemExit(main())
