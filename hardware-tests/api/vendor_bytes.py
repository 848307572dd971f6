"""Sends the bytes of the vendor's own samples: C# as `System.Text.Json` writes them, and 1C as `ЗаписатьJSON` writes them.

1C writes each member on a line of its own, stamps whole seconds, and some of its versions send a byte order mark that is not signed.
"""

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "acceptance"))
from fiscalcloud_client import RECEIPT_EXAMPLE, SALE_EXAMPLE  # noqa: E402

MARK = b"\xef\xbb\xbf"


def as_1c(value) -> str:
    """JSON as 1C writes it: each member and each item on a line of its own, without indentation, and numbers in their shortest form."""
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f'"{name}": {as_1c(item)}' for name, item in value.items()) + "\n}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(as_1c, value)) + "\n]"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return json.dumps(value, ensure_ascii=False)


def call(path: str, body: bytes, signed: bytes, timestamp: int):
    """The answer, and the names of its headers as they were sent."""
    device = os.environ["FERROTILL_DEVICE"]
    head = f"{device}{timestamp}POST{path}".encode("utf-8")
    secret = os.environ["FERROTILL_SECRET"].encode("ascii")
    request = urllib.request.Request(os.environ["FERROTILL_URL"] + path, data=body, method="POST")
    for name, value in (
        ("Content-Type", "application/json"),
        ("Api-Key", os.environ["FERROTILL_KEY"]),
        ("Api-Timestamp", str(timestamp)),
        ("Api-Signature", hmac.new(secret, head + signed, hashlib.sha256).hexdigest()),
        ("Api-DeviceId", device),
    ):
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer), [name for name, _ in answer.getheaders()]
    except urllib.error.HTTPError as refused:
        raise SystemExit(f"{path}: {refused.status}: {refused.read().decode()}") from refused


def main() -> None:
    assert urlsplit(os.environ["FERROTILL_URL"]).scheme == "http"
    sale = json.loads(SALE_EXAMPLE, parse_float=Decimal, parse_int=Decimal)
    # The 1C sample sends no telephone number, and no UseBankTerminal for cash.
    for name in ("SendToPhone", "PhoneNumber"):
        del sale[name]
    del sale["Payments"][1]["UseBankTerminal"]
    totals = []
    for path, text, mark in (
        ("operations/sale", SALE_EXAMPLE, None),
        ("receipts", RECEIPT_EXAMPLE, None),
        ("operations/sale", as_1c(sale), b""),
        ("operations/sale", as_1c(sale), MARK),
        ("operations/intermediatetotals", "{}", None),
        ("operations/intermediatetotals", "{\n}", b""),
    ):
        now = time.time_ns() // 1_000_000
        if mark is not None:
            # The same second is another sale's: its bytes would be a repetition.
            time.sleep(1.0 - time.time() % 1)
            now = time.time_ns() // 1_000_000 // 1000 * 1000
        body = text.encode("utf-8")
        answer, headers = call(f"/api/v1/{path}", (mark or b"") + body, body, now)
        assert answer["success"] is True and "Content-Type" in headers, (answer, headers)
        receipt = answer["data"].get("fiscalReceipt") or answer["data"]
        totals.append((path, receipt["totalAmount"]))
        if "totalChange" in receipt:
            assert (receipt["totalAmount"], receipt["totalChange"]) == (18.58, 6.42), receipt
    print("sent", len(totals), "of the vendor's bytes:", totals)


if __name__ == "__main__":
    main()
