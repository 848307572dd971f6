#!/usr/bin/env python3
"""Lets our driver print on emupos, an emulated ESC/POS printer of other authors, and compares the paper with what was intended.

    python3 hardware-tests/escpos/judge.py

Needs Python 3.13 or newer; emupos 0.4.0 is installed into target/escpos-judge on the first run.
With an older Python the program says so, judges nothing and ends with exit code 0.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "escpos-judge"
PACKAGE = "emupos==0.4.0"

# Epson's code page numbers, as in the driver's default profile. emupos has no glyphs for some pages, but decodes their text.
PROFILE = """\
type: printer
name: All code pages
dpi: 203
width_dots: 576
font_a: { width: 12, height: 24 }
font_b: { width: 9, height: 17 }
code_pages:
  0: PC437
  2: PC850
  16: WPC1252
  17: PC866
  18: PC852
  19: PC858
  34: PC855
  44: PC1125
  45: WPC1250
  46: WPC1251
default_code_page: 0
drawer_sensor_open_level: low
serial: { baud: 115200, data_bits: 8, parity: none, stop_bits: 1 }
"""

CONFIG = """\
schema: 1
api: { host: 127.0.0.1, port: %(api)d }
devices:
  - id: front
    type: printer
    profile: epson-tm-t20iii
    job_idle_timeout_ms: 60000
    receipts_dir: ./receipts
    connections: [ { serial: { pty: true, link: ttyESC } }, { tcp: { port: %(front)d } } ]
  - id: full
    type: printer
    profile: ./full.yaml
    job_idle_timeout_ms: 60000
    receipts_dir: ./receipts
    connections: [ { tcp: { port: %(full)d } } ]
"""

RULE = "-" * 48
TAIL = [
    "A line that is longer than the paper is wide and",
    "is wrapped between two words",
]
# The European TM-T20III has only one Windows code page, 1252: Ukrainian and Uzbek letters are replaced by similar ones.
FRONT = [
    "Pâine şi ţuică, îngheţată           12.50 A",
    "Хлеб «Бородинский», 1 шт             8.00 B",
    "Гарячий шоколад i ганок з Києва      5.25 B",
    "O‘rik, g‘isht, san’at                3.00 A",
    "Ўрик, ковун, гишт, холва             3.00 A",
    "TOTAL 31.75 €",
]
FULL = FRONT[:2] + ["Гарячий шоколад і ґанок з Києва      5.25 B"] + FRONT[3:]
CODE = "https://ereceipt.example.md/r/7f3kq?sum=31.75&t=ă"
PAGES_FRONT = {17: "cp866", 18: "cp852", 16: "cp1252", 19: "cp858", 2: "cp850", 0: "cp437"}
PAGES_FULL = {46: "cp1251", 45: "cp1250", 44: "cp1125", 34: "cp855"} | PAGES_FRONT


class Judge:
    def __init__(self, python: Path):
        self.folder = HOME / "run"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "tmp").mkdir(parents=True)
        self.ports = {name: free_port() for name in ("api", "front", "full")}
        (self.folder / "emupos.yaml").write_text(CONFIG % self.ports)
        (self.folder / "full.yaml").write_text(PROFILE)
        self.log = (self.folder / "emupos.log").open("w")
        self.process = subprocess.Popen(
            [python.parent / "emupos", "run", "--config", "emupos.yaml"],
            cwd=self.folder,
            env=os.environ | {"TMPDIR": str(self.folder / "tmp")},
            stdout=self.log,
            stderr=self.log,
        )
        self.failed = []
        until("emupos listens", lambda: reachable(self.ports["full"]) and reachable(self.ports["api"]))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def call(self, method, path):
        url = f"http://127.0.0.1:{self.ports['api']}/api/v1/devices/{path}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
            return answer.read()

    def fault(self, device, name, active):
        self.call("PUT" if active else "DELETE", f"{device}/faults/{name}")

    def receipts(self, device):
        return json.loads(self.call("GET", f"{device}/receipts"))

    def newest(self, device):
        newest = self.receipts(device)[0]["id"]
        text = self.call("GET", f"{device}/receipts/{newest}/text").decode()
        return newest, text.splitlines()

    def uri(self, device, options=""):
        profile = {"front": "tm-t20iii", "full": "epson"}[device]
        return f"escpos+tcp://127.0.0.1:{self.ports[device]}?profile={profile}{options}"

    def check(self, what, good, seen=""):
        print(f"{'ok    ' if good else 'FAILED'} {what}")
        if not good:
            self.failed.append(what)
            print(f"       seen: {seen}")


def scene(name, uri, hear=lambda outcome: None):
    """Runs a scene of device/tests/escpos_judge.rs; returns its outcomes and the bytes that were sent and received."""
    command = ["cargo", "test", "-q", "-p", "ferrotill-device", "--test", "escpos_judge", "--", "--nocapture"]
    environment = os.environ | {"FERROTILL_ESCPOS": uri, "FERROTILL_ESCPOS_SCENE": name}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
    timer = threading.Timer(120, process.kill)
    timer.start()
    outcomes, trace = [], []
    for line in process.stdout:
        if "outcome: " in line:
            outcomes.append(line.split("outcome: ", 1)[1].strip())
            hear(outcomes[-1])
        elif line[:2] in ("> ", "< ", "! "):
            trace.append(line.strip())
    timer.cancel()
    if process.wait() != 0:
        outcomes.append("the test failed")
    return outcomes, trace


def slip_is_right(judge, device, uri, lines, how):
    before = len(judge.receipts(device))
    outcomes, _ = scene("slip", uri)
    judge.check(f"{how}: the driver reports the slip as printed", outcomes == ["printed"], outcomes)
    judge.check(f"{how}: one receipt, and the paper is cut", len(judge.receipts(device)) == before + 1)
    newest, text = judge.newest(device)
    shown = [line.strip() for line in text]
    for line in ["FERROTILL", "Bon de plată ABC 00000001", RULE, *lines, *TAIL]:
        judge.check(f"{how}: {line}", line in shown, text)
    codes = [line for line in text if CODE in line]
    judge.check(f"{how}: the QR code says {CODE}", len(codes) == 1, text)
    picture_is_right(judge, device, newest, how)
    return newest


def picture_is_right(judge, device, newest, how, left=0):
    """Checks that the picture shows the wedge of the test from this column on, dot by dot, except for dots that were changed to break up a real-time request."""
    from PIL import Image  # installed together with emupos

    path = judge.folder / "receipts" / f"{newest}.png"
    image = Image.open(path).convert("L")
    dark = lambda x, y: image.getpixel((x, y)) < 128
    expected = [[x // 4 < y for x in range(256)] for y in range(48)]
    best = None
    for top in range(image.height - 48):
        wrong = 0
        for y in range(48):
            for x in range(0, 256, 3):
                wrong += dark(left + x, top + y) != expected[y][x]
            if wrong > 40:
                break
        if best is None or wrong < best[0]:
            best = (wrong, top)
    # Three rows contain a real-time request each, and at most 4 dots of each request differ.
    judge.check(f"{how}: the picture shows the wedge ({path.name})", best is not None and best[0] <= 6, best)


def slip_of_the_agent_is_right(judge, device, title, name):
    """The agent prints the slip of an alternative receipt below a logo in the middle; its picture is for people to look at."""
    from PIL import Image  # installed together with emupos

    wedge = Image.new("L", (256, 48), 255)
    for y in range(48):
        for x in range(min(256, 4 * y)):
            wedge.putpixel((x, y), 0)
    wedge.save(judge.folder / "logo.png")
    command = ["cargo", "test", "-q", "-p", "ferrotill", "--test", "papers", "the_slip_is_printed"]
    before = len(judge.receipts(device))
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PAPER_URI": judge.uri(device), "PAPER_LOGO": str(judge.folder / "logo.png")}, capture_output=True, text=True)
    judge.check(f"{device}: the agent prints its slip", done.returncode == 0, done.stdout[-2000:])
    judge.check(f"{device}: one slip, and the paper is cut", len(judge.receipts(device)) == before + 1)
    newest, text = judge.newest(device)
    shown = [" ".join(line.split()) for line in text]
    for line in ["Test SRL", title, "ABC00000001", name, "Хлеб «Бородинский» нарезной", "0.345 x 123.45 42.59 A",
                 "Cafea 3 € / pachet, ½ kg", "TOTAL MDL 114.33", "REST 55.67", "TVA A 20% din 97.48 16.24"]:
        judge.check(f"{device}: {line}", line in shown, text)
    picture_is_right(judge, device, newest, f"{device}: the logo", left=(576 - 256) // 2)
    print(f"       look at {judge.folder / 'receipts' / (newest + '.png')}")


def pages_are_right(judge, device, pages):
    outcomes, _ = scene("pages", judge.uri(device))
    judge.check(f"{device}: the code page slip is printed", outcomes == ["printed"], outcomes)
    _, text = judge.newest(device)
    for number, codec in pages.items():
        head = [place for place, line in enumerate(text) if line.split(" ")[0] == str(number)]
        rows = text[head[0] + 1 : head[0] + 5] if head else []
        meant = [bytes(range(start, start + 32)).decode(codec, "replace") for start in range(0x80, 0x100, 32)]
        same = [row.rstrip() for row in rows] == [row.rstrip() for row in meant]
        judge.check(f"{device}: page {number} is {codec}", same, rows)


def troubles_are_told(judge):
    for fault, name in (("paper-out", "PaperOut"), ("cover-open", "CoverOpen"), ("offline", "Busy")):
        judge.fault("front", fault, True)
        before = len(judge.receipts("front"))
        outcomes, _ = scene("slip", judge.uri("front"))
        judge.fault("front", fault, False)
        told = len(outcomes) == 1 and outcomes[0].startswith(f"refused {name} nothing was sent")
        judge.check(f"{fault} is reported as {name}", told, outcomes)
        judge.check(f"{fault}: nothing is printed later either", len(judge.receipts("front")) == before)

    heard = []

    def hear(outcome):
        heard.append(outcome)
        if len(heard) == 1:
            judge.fault("front", "paper-out", True)
        elif outcome.startswith("refused"):
            judge.fault("front", "paper-out", False)

    before = len(judge.receipts("front"))
    outcomes, _ = scene("waits", judge.uri("front"), hear)
    count = len(judge.receipts("front")) - before
    judge.check("paper that ends between two slips loses no slip and doubles none", outcomes[-1] == "printed" and count == 2, (outcomes, count))


def drawer_opens(judge):
    for device, sensor in (("front", "high"), ("full", "low")):
        for kick in ("esc-p", "dle-dc4"):
            options = f"&drawer={kick}&drawer_sensor={sensor}"
            outcomes, _ = scene("drawer", judge.uri(device, options))
            state = json.loads(judge.call("GET", device))["state"]["drawer"]
            judge.call("POST", f"{device}/drawer/close")
            judge.check(f"{device}: {kick} opens the drawer and the sensor reports it as open", outcomes == ["Ok(Open)"] and state == "open", (outcomes, state))
    # The real-time command opens the drawer without paper. ESC p would open the drawer when paper is loaded, so it is refused.
    judge.fault("front", "paper-out", True)
    options = "&drawer=dle-dc4&drawer_sensor=high"
    outcomes, _ = scene("drawer", judge.uri("front", options))
    judge.check("front: dle-dc4 opens the drawer without paper", outcomes == ["Ok(Open)"], outcomes)
    outcomes, _ = scene("drawer", judge.uri("front", "&drawer=esc-p"))
    judge.check("front: esc-p without paper is refused", outcomes == ["Err(PaperOut)"], outcomes)
    judge.fault("front", "paper-out", False)
    judge.call("POST", "front/drawer/close")


def main():
    if sys.version_info < (3, 13):
        print(f"skipped: emupos needs Python 3.13, this is {sys.version.split()[0]}; nothing was judged")
        return 0
    python = HOME / "venv" / "bin" / "python"
    if not (python.parent / "emupos").exists():
        venv.create(HOME / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PACKAGE], check=True)
    if Path(sys.prefix) != HOME / "venv":
        # The Python of the virtual environment has the packages that read pictures.
        return subprocess.run([python, __file__]).returncode
    subprocess.run(["cargo", "test", "-q", "-p", "ferrotill-device", "--test", "escpos_judge", "--no-run"], cwd=ROOT, check=True)
    judge = Judge(python)
    try:
        outcomes, trace = scene("who", judge.uri("front"))
        judge.check("the printer reports its model when it is asked", 'model: "TM-T20III"' in outcomes[0], outcomes)
        slip_is_right(judge, "front", judge.uri("front"), FRONT, "tcp, TM-T20III")
        slip_is_right(judge, "full", judge.uri("full"), FULL, "tcp, all pages")
        pty = judge.folder / "tmp" / "emupos" / "ttyESC"
        slip_is_right(judge, "front", f"escpos+serial://{pty}?baud=9600&profile=tm-t20iii", FRONT, "pty, TM-T20III")
        for device in ("front", "full"):
            slip_of_the_agent_is_right(judge, device, "BON DE PLATĂ", "Brânză de vaci proaspătă cu smântână şi mărar,")
        outcomes, _ = scene("long", judge.uri("front"))
        _, text = judge.newest("front")
        lines = [line for line in text if line.endswith("of a long slip")]
        judge.check("300 lines in order", outcomes == ["printed"] and lines == [f"line {n:03} of a long slip" for n in range(300)], (outcomes, len(lines)))
        pages_are_right(judge, "front", PAGES_FRONT)
        pages_are_right(judge, "full", PAGES_FULL)
        drawer_opens(judge)
        troubles_are_told(judge)
    finally:
        judge.stop()
    print(f"{len(judge.failed)} failed; pictures and text are in {judge.folder / 'receipts'}")
    return 1 if judge.failed else 0


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def reachable(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def until(what, condition):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"timed out: {what}")
        time.sleep(0.1)


if __name__ == "__main__":
    raise SystemExit(main())
