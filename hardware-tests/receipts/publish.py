#!/usr/bin/env python3
"""Publishes receipts while the network is cut again and again: `publish.py BINARY TOOLS [--receipts N] [--cuts N]`.

The bucket is that of `moto`, an S3 server by others, which checks the signature of each request; the eReceipt service is a second till.
Both are reached through a proxy that cuts all connections, also in the middle of a request or of an answer. Half of the receipts are sales
of the till, half are uploaded. In the end each receipt must be in the bucket and at the service once, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "acceptance"))
sys.path.insert(0, str(HERE.parent / "api"))
from fiscalcloud_client import Client  # noqa: E402
from proxy import Proxy  # noqa: E402

MOTO = "moto[server]==5.2.5"
DEVICE = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
PLACE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
SECRET = "secret-of-the-client-0123456789abcdef"
WAIT_S = 300


def moto_of(tools: Path) -> Path | None:
    """The program `moto_server`, which is installed once."""
    program = tools / "moto/bin/moto_server"
    if not program.exists():
        commands = ([sys.executable, "-m", "venv", tools / "moto"], [tools / "moto/bin/pip", "install", "--quiet", MOTO])
        for command in commands:
            if subprocess.run([str(part) for part in command], capture_output=True, timeout=300).returncode:
                return None
    return program


def configuration(folder: Path, more: str) -> Path:
    folder.mkdir()
    file = folder / "ferrotill.toml"
    file.write_text(f"""
[till]
country = "MD"
mode = "TEST"
data_dir = "{folder / 'data'}"
organization_name = "Magazin Șase SRL"
idnx = "1003600000001"
[api]
listen = "127.0.0.1:0"
[[api.clients]]
key = "pos-1"
secret = "{SECRET}"
apis = ["fiscalcloud", "ereceipt"]
[[device]]
id = "{DEVICE}"
name = "Till 1"
uri = "datecs+tcp://127.0.0.1:9"
use_alternative_receipts = true
tax_groups = [ {{ code = "A", rate = "20.00" }}, {{ code = "B", rate = "8.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true }} ]
alternative_receipts_ranges = [ {{ series = "ABC", start = 1, end = 5000, number_length = 8 }} ]
points_of_sale = [ {{ id = "{PLACE}", code = "1" }} ]
{more}
""", encoding="utf-8")
    return file


class Till:
    def __init__(self, binary: Path, config: Path):
        self.process = subprocess.Popen([binary, "--json", "run", "--config", config], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, stderr=(config.parent / "log").open("a"), text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError((config.parent / "log").read_text())
        self.url = json.loads(line)["url"]
        self.token = ""

    def call(self, method: str, path: str, body: dict | None = None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def log_in(self) -> None:
        self.token = self.call("POST", "/ereceipt/api/v1/auth", {"api_key": "pos-1", "api_secret": SECRET})["access_token"]

    def sell(self, name: str, **more):
        body = json.dumps({**more, "id": name, "receiptMode": "AlternativeReceiptOnly", "payments": [{"typeCode": 0, "amount": 30}],
                           "items": [{"name": "Pâine țărănească", "price": 8.10, "quantity": 3, "taxGroupCode": "B"}]})
        answer = Client(self.url, "pos-1", SECRET, DEVICE, PLACE).post("operations/sale", body)
        assert answer.state == "registered", answer
        return answer

    def upload(self, name: str, number: int) -> None:
        data = {"currency": "EUR", "full_amount_incl_vat": "11.90", "payment_types": [{"name": "CASH", "amount": "11.90"}],
                "vat_amounts": [{"percentage": "0.19", "incl_vat": "11.90", "excl_vat": "10.00", "vat": "1.90"}],
                "lines": [{"text": "Suppe", "vat_amounts": [{"percentage": "0.19", "incl_vat": "11.90"}],
                           "item": {"quantity": "1.00", "price_per_unit": "11.90"}}]}
        head = {"id": str(number), "number": str(number), "date": 1795939200}
        self.call("PUT", f"/ereceipt/api/v1/receipt/{name}", {"schema": {"ekabs_v0": {"head": head, "data": data, "security": {}}}})

    def problems(self) -> list:
        with urllib.request.urlopen(self.url + "/healthz", timeout=30) as answer:
            return [problem["id"] for problem in json.load(answer)["problems"]]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def objects(url: str) -> list:
    """The names of all objects of the bucket."""
    names, more = [], ""
    while True:
        with urllib.request.urlopen(f"{url}/receipts?list-type=2{more}", timeout=30) as answer:
            text = answer.read().decode()
        names += re.findall(r"<Key>([^<]+)</Key>", text)
        token = re.search(r"<NextContinuationToken>([^<]+)<", text)
        if not token:
            return names
        more = "&continuation-token=" + urllib.request.quote(token.group(1), safe="")


def prepare(url: str) -> tuple[str, str]:
    """Makes the bucket, which everybody may read, and a user who may write below `r/`. Returns the access key: its id and its secret."""

    def call(method: str, path: str, body: str, service: str) -> str:
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential=first/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"}
        headers["Content-Type"] = "application/x-www-form-urlencoded" if service == "iam" else "application/octet-stream"
        with urllib.request.urlopen(urllib.request.Request(url + path, body.encode(), headers, method=method), timeout=30) as answer:
            return answer.read().decode()

    def allowed(action: str, **more) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::receipts/r/*", **more}]})

    call("PUT", "/receipts", "", "s3")
    call("PUT", "/receipts?policy", allowed("s3:GetObject", Principal="*"), "s3")
    call("POST", "/", "Action=CreateUser&UserName=till", "iam")
    policy = urllib.request.quote(allowed("s3:PutObject"), safe="")
    call("POST", "/", f"Action=PutUserPolicy&UserName=till&PolicyName=write&PolicyDocument={policy}", "iam")
    made = call("POST", "/", "Action=CreateAccessKey&UserName=till", "iam")
    return tuple(re.search(f"<{name}>([^<]+)<", made).group(1) for name in ("AccessKeyId", "SecretAccessKey"))


def check_requests(url: str, is_checked: bool) -> None:
    """Has moto check signatures and rights, or not."""
    count = b"0" if is_checked else b"1000000"
    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset-auth", count, {"Content-Type": "text/plain"}, method="POST"), timeout=30) as answer:
        assert answer.status == 200


def refused_key(binary: Path, folder: Path, url: str, key: str) -> None:
    """A till with a wrong secret publishes nothing, and says why: this shows that the server checks signatures."""
    till = Till(binary, configuration(folder / "wrong", bucket(url, key, "a-wrong-secret")))
    try:
        name = str(uuid.uuid4())
        till.sell(name)
        until("the problem is listed", lambda: "bucket_away" in till.problems())
        row = next(row for row in till.call("GET", f"/operations/{name}")["deliveries"] if row["recipient"] == "bucket")
        assert row["state"] == "waiting" and "SignatureDoesNotMatch" in row["last_error"], row
    finally:
        till.stop()


def bucket(url: str, key: str, secret: str) -> str:
    return f"""
[ereceipt]
public_url = "https://receipts.shop.example"
[ereceipt.bucket]
url = "{url}"
name = "receipts"
key = "{key}"
secret = "{secret}"
"""


def all_receipts(till: Till) -> list:
    names = []
    while True:
        page = till.call("GET", f"/ereceipt/api/v1/receipt?limit=100&offset={len(names)}")
        names += [entry["_id"] for entry in page["data"]]
        if not page["data"]:
            return names


def until(what: str, condition) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {WAIT_S} s")
        time.sleep(0.25)


def cutter(proxies: list, count: int, ended: threading.Event) -> None:
    """Cuts the network some times: for a while, in the middle of whatever is being sent."""
    chance = random.Random(1)
    for _ in range(count):
        ended.wait(chance.uniform(0.3, 1.5))
        for proxy in proxies:
            proxy.cut()
        ended.wait(chance.uniform(0.5, 2.5))
        for proxy in proxies:
            proxy.mend()
    ended.set()


def run(binary: Path, moto: Path, receipts: int, cuts: int, folder: Path) -> str:
    port = 20_000 + os.getpid() % 20_000
    server = subprocess.Popen([moto, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=(folder / "moto.log").open("w"))
    tills, url = [], f"http://127.0.0.1:{port}"
    try:
        def is_up() -> bool:
            try:
                with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                return False

        until("moto is up", is_up)
        key, secret = prepare(url)
        check_requests(url, True)
        refused_key(binary, folder, url, key)
        service = Till(binary, configuration(folder / "service", ""))
        tills.append(service)
        proxies = [Proxy(port), Proxy(int(service.url.rsplit(":", 1)[1]))]
        in_bucket = bucket(f"http://127.0.0.1:{proxies[0].port}", key, secret)
        till = Till(binary, configuration(folder / "till", in_bucket + f"""
[ereceipt.service]
url = "http://127.0.0.1:{proxies[1].port}/ereceipt/api/v1"
key = "pos-1"
secret = "{SECRET}"
"""))
        tills.append(till)
        till.log_in()
        ended = threading.Event()
        threading.Thread(target=cutter, args=(proxies, cuts, ended), daemon=True).start()
        names = [str(uuid.uuid4()) for _ in range(receipts)]
        slowest = 0.0
        for number, name in enumerate(names):
            begin = time.monotonic()
            till.sell(name) if number % 2 else till.upload(name, number)
            slowest = max(slowest, time.monotonic() - begin)
        if not ended.wait(WAIT_S):
            raise AssertionError("the cuts have not ended")

        def of(name: str) -> dict:
            if names.index(name) % 2:
                rows = till.call("GET", f"/operations/{name}")["deliveries"]
            else:
                rows = till.call("GET", f"/ereceipt/api/v1/receipt/{name}")["deliveries"]
            return {row["recipient"]: row for row in rows if row["recipient"] in ("bucket", "ereceipt")}

        until("the last receipt is published", lambda: {row["state"] for row in of(names[-1]).values()} == {"sent"})
        rows = {}

        def all_sent() -> bool:
            for name in names:
                if name not in rows:
                    row = of(name)
                    if any(one["state"] == "waiting" for one in row.values()):
                        return False
                    rows[name] = row
            return True

        until("all receipts are published", all_sent)
        assert all(len(row) == 2 and all(one["state"] == "sent" for one in row.values()) for row in rows.values()), rows
        again = sum(one["attempts"] - 1 for row in rows.values() for one in row.values())
        service.log_in()
        there = all_receipts(service)
        assert len(there) == len(set(there)) == receipts and set(there) == set(names), f"{len(there)} receipts are at the service"
        links = {row["ereceipt"]["link"] for row in rows.values()}
        assert len(links) == receipts and None not in links, links
        check_requests(url, False)
        keys = objects(url)
        pages, pdfs = [key for key in keys if not key.endswith("/pdf")], [key for key in keys if key.endswith("/pdf")]
        assert len(keys) == 2 * receipts and sorted(f"{page}/pdf" for page in pages) == sorted(pdfs), f"{len(keys)} objects"
        largest = 0
        for key in pages[:20]:
            with urllib.request.urlopen(f"{url}/receipts/{key}", timeout=30) as answer:
                assert answer.headers["Content-Type"].startswith("text/html"), answer.headers
                page = answer.read()
            largest = max(largest, len(page))
            assert b"Content-Security-Policy" in page and re.search(rb'href="[\w-]{22}/pdf"', page), page
        assert largest <= 40 * 1024, largest
        assert not till.problems() or all(not name.startswith(("bucket", "ereceipt")) for name in till.problems()), till.problems()
        return f"{receipts} receipts, each once in the bucket and at the service; {cuts} cuts, {again} attempts more than receipts, " \
               f"the slowest request {slowest:.2f} s, the largest page {largest} bytes"
    finally:
        for till in tills:
            till.stop()
        server.terminate()
        server.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("tools", type=Path)
    parser.add_argument("--receipts", type=int, default=60)
    parser.add_argument("--cuts", type=int, default=4)
    arguments = parser.parse_args()
    moto = moto_of(arguments.tools.resolve())
    if moto is None:
        print("SKIPPED: moto cannot be installed, so no bucket by others was filled.")
        print("INSTEAD: edge-agent/tests/publishing.rs checks what a bucket and a service get, with servers of ours.")
        return
    with tempfile.TemporaryDirectory() as folder:
        print(run(arguments.binary.resolve(), moto, arguments.receipts, arguments.cuts, Path(folder)))


if __name__ == "__main__":
    main()
