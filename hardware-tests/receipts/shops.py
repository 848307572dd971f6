"""Demos of the four countries that sell a few things, and what is uploaded to one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "api"))

COUNTRIES = ("MD", "UA", "AT", "UZ")
# What is sold: name, price, quantity, tax group.
GOODS = {
    "MD": [("Cafea cu lapte proaspăt de la munte, mare", "18.50", "2", "A"), ("Pâine țărănească", "8.10", "3", "B")],
    "UA": [("Кава з молоком, велика", "18.50", "2", "A"), ("Хліб житній", "8.10", "3", "B")],
    "AT": [("Großer Brauner mit Schlagobers", "4.90", "2", "A"), ("Semmel", "0.95", "4", "B")],
}


def send(method: str, url: str, body=None, headers: dict | None = None):
    """Status, headers and bytes of an answer."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Demo:
    """A demo, and the eReceipt API of it."""

    def __init__(self, binary: Path, folder: Path, country: str):
        self.binary, self.country = binary, country
        folder.mkdir(parents=True, exist_ok=True)
        command = [binary, "--json", "demo", "--serve", "--country", country, "--listen", "127.0.0.1:0", "--data", folder / "data"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=(folder / "log").open("w"), text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.url = self.ready["url"]
        self.token = ""
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """A till that needs fiscal numbers sells once the authority has given some."""
        for _ in range(120):
            command = [self.binary, "status", "--config", self.ready["config"]]
            if subprocess.run([str(part) for part in command], capture_output=True, timeout=60).returncode == 0:
                return
            time.sleep(0.25)
        raise AssertionError("the demo is not ready to sell")

    def verb(self, *arguments: str) -> str:
        command = [self.binary, *arguments, "--config", self.ready["config"]]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def sell(self) -> tuple[str, str]:
        """Sells. Returns the id of the receipt and its total as text."""
        if self.country == "UZ":
            from fiscalbox_client import Client

            client = Client(self.url + "/fiscalbox")
            client.sell(1_150_000, 0, [client.product(650_000, name="Non, issiq, katta"), client.product(500_000, name="Choy")])
            listed = json.loads(self.verb("receipts", "--json"))
            entries = listed if isinstance(listed, list) else next(value for value in listed.values() if isinstance(value, list))
            name = next(entry["id"] for entry in entries if entry["kind"] == "sale")
        else:
            items = [part for goods in GOODS[self.country] for part in ("--item", ":".join(goods))]
            name = str(uuid.uuid4())
            self.verb("sale", "--id", name, *items, "--pay", "0:100")
        return name, f"{json.loads(send('GET', f'{self.url}/operations/{name}')[2])['document']['amount']:.2f}"

    def page(self, receipt: str) -> str:
        """The address of the page of a receipt of the till."""
        return self.url + self.verb("receipts", receipt, "--as", "link").strip()

    def api(self, method: str, path: str, body=None, headers: dict | None = None):
        """Status and JSON of an operation of the eReceipt API."""
        base = self.ready["apis"]["ereceipt"]
        if not self.token:
            keys = {"api_key": self.ready["api_key"], "api_secret": self.ready["api_secret"]}
            self.token = json.loads(send("POST", f"{base}/auth", keys)[2])["access_token"]
        status, _, text = send(method, base + path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})})
        return status, json.loads(text) if text.startswith((b"{", b"[")) else text

    def upload(self, body: dict) -> str:
        name = str(uuid.uuid4())
        status, said = self.api("PUT", f"/receipt/{name}", body)
        assert status == 200, said
        return name

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def uploaded() -> dict:
    """The receipt of a restaurant in Germany, with everything that an EKaBS document may have."""
    for name in ("URL", "KEY", "SECRET"):
        os.environ.setdefault(f"ERECEIPT_{name}", "")
    from ereceipt_client import CODES, german_receipt

    body = german_receipt()
    ekabs = body["schema"]["ekabs_v0"]
    texts = [("HEAD", "BEFORE", {"type": "TEXT", "data": "Heute: Spargel &euro; 9,90<br>nur bis 14 Uhr"}), ("FOOTER", "AFTER", {"type": "QR_CODE", "data": "https://example.org/feedback"})]
    codes = [("LINES", "AFTER", {"type": "BAR_CODE", "data": data, "encoding": encoding}) for encoding, data in CODES.items()]
    ekabs["custom_elements"] = [{"alignment": "CENTER", "content": content, "orientation": orientation, "position": position, "sort_order": place}
                                for place, (position, orientation, content) in enumerate(texts + codes)]
    return body
