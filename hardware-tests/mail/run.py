#!/usr/bin/env python3
"""Sends receipts to a mail server that others have written (aiosmtpd): `run.py BINARY TOOLS`.

TOOLS is a folder for tools that are installed once. The server asks for TLS and for a login. Tried are STARTTLS, TLS from the first byte
(port 465, where this user may listen there), a wrong password, and a certificate that nothing trusts. Each mail that arrives is read by
Python's own parser, and its PDF by pdftotext where that is installed.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "acceptance"))
from fiscalcloud_client import Client  # noqa: E402

SERVER = "aiosmtpd==1.4.6"
DEVICE = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
PLACE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
BUYER = "maria@shop.example"
PASSWORD = "correct horse"
SECRET = "secret-of-the-client-0123456789abcdef"
WAIT_S = 60


def server(folder: Path, port: int, implicit: bool) -> None:
    """Serves until standard input ends. Each mail becomes a file of the folder."""
    import ssl

    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    class Keep:
        count = 0

        async def handle_DATA(self, server, session, envelope):
            Keep.count += 1
            name = folder / f"mail-{Keep.count}"
            part = name.with_suffix(".part")
            part.write_bytes(f"X-To: {','.join(envelope.rcpt_tos)}\r\n".encode() + envelope.content)
            part.rename(name.with_suffix(".eml"))
            return "250 taken"

    def login(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"till", PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    more = {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
    more |= {"authenticator": login, "auth_required": True, "auth_require_tls": not implicit}
    controller = Controller(Keep(), hostname="127.0.0.1", port=port, **more)
    controller.start()
    print("ready", flush=True)
    sys.stdin.read()
    controller.stop()


def run(command: list) -> None:
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=240)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"{' '.join(map(str, command))} took longer than 240 s") from error
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def make_certificates(folder: Path) -> None:
    """An authority of this test, a certificate of the server by it, and another authority."""
    for name in ("ca", "other"):
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"])
    run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server",
         "-keyout", folder / "server.key", "-out", folder / "server.csr"])
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    run(["openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
         "-CAcreateserial", "-days", "2", "-extfile", folder / "names", "-out", folder / "server.pem"])


def configuration(folder: Path, port: int, password: str, authority: str) -> Path:
    file = folder / "ferrotill.toml"
    (folder / "password").write_text(password)
    (folder / "password").chmod(0o600)
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
[[device]]
id = "{DEVICE}"
name = "Till 1"
uri = "datecs+tcp://127.0.0.1:9"
use_alternative_receipts = true
tax_groups = [ {{ code = "A", rate = "20.00" }}, {{ code = "B", rate = "8.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true }} ]
alternative_receipts_ranges = [ {{ series = "ABC", start = 1, end = 500, number_length = 8 }} ]
points_of_sale = [ {{ id = "{PLACE}", code = "1" }} ]
[mail]
host = "127.0.0.1"
port = {port}
user = "till"
password_file = "{folder / 'password'}"
from = "Magazin Șase <receipts@shop.example>"
ca_file = "{folder / authority}"
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

    def get(self, path: str):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def sell(self, request_id: str) -> None:
        body = json.dumps({
            "id": request_id, "receiptMode": "AlternativeReceiptOnly", "sendToEmail": True, "emailAddress": BUYER,
            "items": [{"name": "Pâine țărănească", "price": 8.10, "quantity": 3, "taxGroupCode": "B"}],
            "payments": [{"typeCode": 0, "amount": 30}],
        })
        answer = Client(self.url, "pos-1", SECRET, DEVICE, PLACE).post("operations/sale", body)
        assert answer.state == "registered", answer

    def delivery(self, request_id: str) -> dict:
        deliveries = self.get(f"/operations/{request_id}")["deliveries"]
        return next(delivery for delivery in deliveries if delivery["recipient"] == "mail")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def until(what: str, condition):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not seen in {WAIT_S} s: {what}")


def check_mail(raw: bytes, request_id: str) -> None:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["X-To"] == mail["To"] == BUYER, mail.items()
    assert mail["From"] == "Magazin Șase <receipts@shop.example>", mail["From"]
    assert mail["Subject"].startswith("Magazin Șase SRL: ABC00000"), mail["Subject"]
    assert request_id in mail["Message-ID"] and mail["Date"], mail.items()
    assert not mail.defects, mail.defects
    texts = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
    pdf = next(part for part in mail.iter_attachments())
    assert pdf.get_content_type() == "application/pdf" and pdf.get_filename() == "receipt.pdf", pdf.items()
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf.get_content(), capture_output=True, check=True)
        texts.append(done.stdout.decode())
    for text in texts:
        for words in ("Pâine țărănească", "24.30", "Magazin Șase SRL"):
            assert words in text, (words, text)


def checks(binary: Path, python: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_certificates(folder)
        ids = (f"7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f{number:04}" for number in range(1, 100))
        ports = [("STARTTLS", 2525 + os.getpid() % 20_000, "")]
        if os.geteuid() == 0:
            ports.append(("TLS from the first byte", 465, "implicit"))
        else:
            print("SKIPPED: this user may not listen on port 465, so TLS from the first byte was not tried.")
        for title, port, kind in ports:
            one_kind(binary, python, folder, (title, port, kind), ids)


def one_kind(binary: Path, python: Path, folder: Path, served: tuple, ids) -> None:
    title, port, kind = served
    command = [python, __file__, "--server", folder, str(port), kind]
    server_log = (folder / "server.log").open("a")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=server_log, text=True)
    assert process.stdout.readline() == "ready\n"
    try:
        for fault, password, authority in [("a wrong password", "wrong", "ca.pem"), ("another authority", PASSWORD, "other.pem")]:
            till = Till(binary, configuration(folder, port, password, authority))
            request_id = next(ids)
            till.sell(request_id)
            until(f"{title}: {fault}", lambda: "mail_away" in json.dumps(till.get("/healthz")["problems"]))
            delivery = till.delivery(request_id)
            assert delivery["state"] == "waiting" and delivery["attempts"] >= 1, delivery
            print(f"{title}: with {fault} the receipt waits: {delivery['last_error']}")
            till.stop()
            assert not list(folder.glob("*.eml"))
            # The next start sends what waited.
            till = Till(binary, configuration(folder, port, PASSWORD, "ca.pem"))
            until(f"{title}: sent after {fault}", lambda: till.delivery(request_id)["state"] == "sent")
            till.stop()
            found = list(folder.glob("*.eml"))
            assert len(found) == 1, found
            check_mail(found[0].read_bytes(), request_id)
            found[0].unlink()
        log = (folder / "log").read_text()
        assert BUYER not in log and "m***@shop.example" in log, log
        print(f"{title}: two mails arrived whole, and the log has no address")
    finally:
        process.stdin.close()
        process.wait(20)
        server_log.close()


def main() -> None:
    if sys.argv[1] == "--server":
        server(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:5] == ["implicit"])
        return
    binary, tools = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    if not shutil.which("openssl"):
        print("SKIPPED: openssl is not installed, so no mail server with TLS was tried.")
        return
    python = tools / "mail-python/bin/python"
    if not (tools / "mail-python/installed").exists():
        try:
            run([sys.executable, "-m", "venv", tools / "mail-python"])
            run([python, "-m", "pip", "install", "--quiet", SERVER])
        except AssertionError as error:
            print(f"SKIPPED: {SERVER} could not be installed: {str(error)[-300:]}")
            print("INSTEAD: tests/delivery.rs sends to a scripted server without TLS.")
            return
        (tools / "mail-python/installed").touch()
    checks(binary, python)


if __name__ == "__main__":
    main()
