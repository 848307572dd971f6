"""Sells with Python's standard library, repeats the call, and prints number and total of the receipt.

FERROTILL_URL (http://127.0.0.1:50700), FERROTILL_KEY, FERROTILL_SECRET and FERROTILL_DEVICE name the till and the client.
"""

import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from decimal import Decimal


def call(method: str, path: str, body: str = ""):
    """The answer to a signed call: its JSON, with exact decimals. A refusal (422) has success false and a message."""
    device = os.environ["FERROTILL_DEVICE"]
    timestamp = str(time.time_ns() // 1_000_000)
    text = device + timestamp + method + path + body
    signature = hmac.new(os.environ["FERROTILL_SECRET"].encode("ascii"), text.encode("utf-8"), hashlib.sha256)
    request = urllib.request.Request(
        os.environ["FERROTILL_URL"] + path,
        data=body.encode("utf-8") if body else None,
        method=method,
        headers={
            "Content-Type": "application/json",
            "Api-Key": os.environ["FERROTILL_KEY"],
            "Api-DeviceId": device,
            "Api-Timestamp": timestamp,
            "Api-Signature": signature.hexdigest(),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer, parse_float=Decimal)
    except urllib.error.HTTPError as refused:
        return json.load(refused, parse_float=Decimal)


def main() -> None:
    # Amounts are written as texts: a number in floating point is not exact.
    body = json.dumps(
        {
            "id": str(uuid.uuid4()),
            "items": [{"name": "Piine", "quantity": "2.000", "price": "8.10", "taxGroupCode": "B"}],
            "payments": [{"typeCode": 0, "amount": "20.00"}],
        }
    )
    first = call("POST", "/api/v1/operations/sale", body)
    if not first["success"]:
        raise SystemExit(f"{first['errorType']}: {first['message']}")
    # The same id gets the same receipt: repeat the call whenever the answer was lost.
    again = call("POST", "/api/v1/operations/sale", body)
    receipt = first["data"]["fiscalReceipt"] or first["data"]["alternativeReceipt"]
    repeated = again["data"]["fiscalReceipt"] or again["data"]["alternativeReceipt"]
    assert receipt["uniqueId"] == repeated["uniqueId"]
    print("sold", receipt["number"], receipt["totalAmount"])


if __name__ == "__main__":
    main()
