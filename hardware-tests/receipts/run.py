#!/usr/bin/env python3
"""Receipts for buyers, from outside: `run.py BINARY TOOLS [CHECK…]`. TOOLS is a folder for tools that are installed once.

A check whose tools cannot be had prints a line SKIPPED with the reason.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import codes  # noqa: E402
import hostile as hostile_calls  # noqa: E402
from publish import Till, configuration  # noqa: E402
from shops import COUNTRIES, Demo, send, uploaded  # noqa: E402

AXE = "axe-core@4.11.0"
NEWMAN = "newman@6.2.1"
EXAMPLES = HERE.parents[1] / "docs/examples"


class Skipped(Exception):
    pass


def need(*programs: str) -> None:
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise Skipped(f"{', '.join(missing)} is not installed")


def run(command: list, timeout: int = 300, **more) -> str:
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout, **more)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"{Path(str(command[0])).name} took longer than {timeout} s") from error
    if done.returncode:
        raise AssertionError(f"{Path(str(command[0])).name} ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def npm(tools: Path, name: str, package: str, file: str) -> Path:
    """A file of a package of npm, which is installed once."""
    need("node", "npm")
    found = tools / name / "node_modules" / file
    if not found.exists():
        (tools / name).mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix", tools / name, package]
        try:
            run(command)
        except AssertionError as error:
            raise Skipped(f"{package} cannot be installed: {str(error)[-200:]}") from error
    return found


def look(demos: dict, sold: dict, tools: Path, folder: Path) -> str:
    """Every page in Chromium."""
    need("chromium")
    axe = npm(tools, "axe", AXE, "axe-core/axe.min.js")
    pages = [{"name": country, "url": demos[country].page(receipt), "total": total} for country, (receipt, total) in sold.items()]
    demo = demos["MD"]
    ekabs = demo.upload(uploaded())
    plain = uploaded()
    plain["schema"]["ekabs_v0"]["custom_elements"] = []
    for name, receipt, more in (("EKaBS", ekabs, {}), ("EKaBS-plain", demo.upload(plain), {"hospitality": True})):
        _, said = demo.api("GET", f"/receipt/{receipt}")
        pages.append({"name": name, "url": said["public_link"]["href"], "total": "36.50", **more})
    for language in ("en", "es", "fr", "it"):
        plain["schema"]["ekabs_v0"]["language"] = language
        _, said = demo.api("GET", f"/receipt/{demo.upload(plain)}")
        pages.append({"name": f"EKaBS-{language}", "url": said["public_link"]["href"], "total": "36.50"})
    pages.append({"name": "unknown", "url": f"{demo.url}/r/{'A' * 22}"})
    (folder / "pages.json").write_text(json.dumps(pages))
    said = run(["node", HERE / "look.mjs", folder / "pages.json", axe, tools / "receipts"], 600).strip()
    return f"{said.replace(chr(10), '; ')}; the pictures are in {tools / 'receipts'}"


def papers(demos: dict, sold: dict, tools: Path, folder: Path) -> str:
    """The PDF of each receipt: tagged, every amount of the page in its text, no letter outside of its page."""
    need("pdftotext", "pdfinfo", "pdftoppm")
    done = []
    demo = demos["MD"]
    _, said = demo.api("GET", f"/receipt/{demo.upload(uploaded())}")
    pages = {country: demos[country].page(receipt) for country, (receipt, _) in sold.items()} | {"EKaBS": said["public_link"]["href"]}
    for name, url in pages.items():
        page, pdf = (send("GET", one)[2] for one in (url, f"{url}/pdf"))
        file = tools / f"receipts/{name}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pdf)
        assert re.search(r"Tagged: +yes", run(["pdfinfo", file])), name
        text = re.sub(r"\s", "", run(["pdftotext", "-raw", file, "-"]))
        shown = re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", page.decode(), flags=re.S)
        amounts = set(re.findall(r"\d[\d \u00a0\u202f]*[.,]\d\d\b", shown))
        missing = [amount for amount in amounts if re.sub(r"\s", "", amount) not in text]
        assert amounts and not missing, f"{name}: {missing} are not in the PDF"
        boxes = run(["pdftotext", "-bbox", file, "-"])
        width, height = (float(value) for value in re.search(r'<page width="([\d.]+)" height="([\d.]+)"', boxes).groups())
        for box in re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">([^<]*)', boxes):
            left, top, right, bottom = (float(value) for value in box[:4])
            assert left >= -0.5 and top >= -0.5 and right <= width + 0.5 and bottom <= height + 0.5, f"{name}: {box} is clipped"
        run(["pdftoppm", "-r", "110", "-png", file, file.with_suffix("")])
        done.append(f"{name} {len(amounts)} amounts")
    return ", ".join(done)


def barcodes(demos: dict, sold: dict, tools: Path, folder: Path) -> str:
    """Every barcode of the PDF, and the code of the printer's paper, read by readers of others."""
    need("pdftoppm", "zbarimg")
    python = tools / "codes/bin/python"
    if not python.exists():
        try:
            run([sys.executable, "-m", "venv", tools / "codes"])
            run([tools / "codes/bin/pip", "install", "--quiet", *codes.PACKAGES])
        except AssertionError as error:
            raise Skipped(f"zxing-cpp cannot be installed: {str(error)[-200:]}") from error
    demo, body = demos["MD"], uploaded()
    _, said = demo.api("GET", f"/receipt/{demo.upload(body)}")
    link = said["public_link"]["href"]
    (folder / "page.html").write_bytes(send("GET", link)[2])
    contents = [element["content"] for element in body["schema"]["ekabs_v0"]["custom_elements"]]
    (folder / "encodings.json").write_text(json.dumps([content["encoding"] for content in contents if content["type"] == "BAR_CODE"]))
    (folder / "receipt.pdf").write_bytes(send("GET", f"{link}/pdf")[2])
    run(["pdftoppm", "-r", "203", "-png", folder / "receipt.pdf", folder / "paper"])
    # The check `look` leaves the page as a browser prints it.
    printed = tools / "receipts/EKaBS-printed.pdf"
    if printed.exists():
        run(["pdftoppm", "-r", "203", "-png", printed, folder / "printed"])
    # The code on paper, as wide as the heads of printers for 58 and 80 mm.
    till, links = Till(demo.binary, configuration(folder / "till", '[ereceipt]\npublic_url = "https://receipts.shop.example"\n')), {}
    try:
        for width, dots in (("58", 384), ("80", 576)):
            name = str(uuid.uuid4())
            form = {"printOnServer": False, "printFormMediaType": "Image", "imagePrintFormSettings": {"contentWidth": dots}}
            picture = till.sell(name, **form).data["alternativeReceipt"]["printFormContent"]
            (folder / f"till-{width}.png").write_bytes(base64.b64decode(picture))
            command = [demo.binary, "receipts", name, "--as", "link", "--config", folder / "till/ferrotill.toml"]
            links[f"till-{width}.png"] = run(command).strip()
    finally:
        till.stop()
    (folder / "links.json").write_text(json.dumps(links))
    return run([python, HERE / "codes.py", folder]).strip()


def ekabs(demos: dict, sold: dict, tools: Path, folder: Path) -> str:
    """The EKaBS document of a receipt of each country is taken by the strict reader, and its amounts agree."""
    done = []
    for country, (receipt, total) in sold.items():
        document = json.loads(demos[country].verb("receipts", receipt, "--as", "ekabs"))
        data = document["data"]
        assert data["full_amount_incl_vat"] == total, (total, data)
        cents = lambda text: round(float(text) * 100)  # noqa: E731
        assert sum(cents(line["vat_amounts"][0]["incl_vat"]) for line in data["lines"] if line["vat_amounts"]) == cents(total), data
        assert sum(cents(rate["incl_vat"]) for rate in data["vat_amounts"]) == cents(total), data
        for rate in data["vat_amounts"]:
            assert cents(rate["excl_vat"]) + cents(rate["vat"]) == cents(rate["incl_vat"]), rate
        assert sum(cents(payment["amount"]) for payment in data["payment_types"]) >= cents(total), data
        name = demos["MD"].upload({"schema": {"ekabs_v0": document}})
        assert demos["MD"].api("GET", f"/receipt/{name}")[1]["schema"]["ekabs_v0"] == document
        done.append(f"{country} {total}")
    return ", ".join(done)


def hostile(demos: dict, sold: dict, tools: Path, folder: Path) -> str:
    return hostile_calls.all_of(demos["UA"], demos["UA"].binary, folder)


def collection(demos: dict, sold: dict, tools: Path, folder: Path) -> str:
    """The Postman collection with its environment and its logo, played by newman."""
    newman = npm(tools, "newman", NEWMAN, "newman/bin/newman.js")
    demo = demos["AT"]
    values = {"ereceipt_url": demo.ready["apis"]["ereceipt"], "ereceipt_key": demo.ready["api_key"], "ereceipt_secret": demo.ready["api_secret"]}
    command = ["node", newman, "run", EXAMPLES / "ereceipt.postman_collection.json", "-e", EXAMPLES / "ereceipt.postman_environment.json",
               "--working-dir", EXAMPLES, "--bail", "--color", "off", "--reporters", "cli,json", "--reporter-json-export", folder / "newman.json"]
    run(command + [part for name, value in values.items() for part in ("--env-var", f"{name}={value}")])
    stats = json.loads((folder / "newman.json").read_text())["run"]["stats"]
    assert stats["requests"]["failed"] == 0 and stats["assertions"]["failed"] == 0 and stats["assertions"]["total"] >= stats["requests"]["total"]
    return f"{stats['requests']['total']} requests, {stats['assertions']['total']} assertions"


def publish(demos: dict, sold: dict, tools: Path, folder: Path) -> str:
    return run([sys.executable, HERE / "publish.py", demos["MD"].binary, tools], 600).strip()


ALL = {"look": look, "papers": papers, "barcodes": barcodes, "ekabs": ekabs, "hostile": hostile, "collection": collection, "publish": publish}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("tools", type=Path)
    parser.add_argument("checks", nargs="*", choices=[[], *ALL])
    arguments = parser.parse_args()
    binary, tools = arguments.binary.resolve(), arguments.tools.resolve()
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        demos = {country: Demo(binary, root / country, country) for country in COUNTRIES}
        try:
            sold = {country: demo.sell() for country, demo in demos.items()}
            for name in arguments.checks or ALL:
                started = time.monotonic()
                folder = root / name
                folder.mkdir()
                try:
                    outcome = f"ok      {name}: {ALL[name](demos, sold, tools, folder)}"
                except Skipped as skipped:
                    outcome = f"SKIPPED {name}: {skipped}"
                except Exception as error:  # noqa: BLE001: whatever went wrong is shown, and the other checks run
                    failed += 1
                    outcome = f"FAILED  {name}: {type(error).__name__}: {error}"
                print(f"{outcome} ({time.monotonic() - started:.1f} s)", flush=True)
        finally:
            for demo in demos.values():
                demo.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
