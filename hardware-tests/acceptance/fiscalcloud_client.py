"""A FiscalCloud client written from the specification alone, with the standard library only.

The client signs as the vendor's C# example signs and never turns an amount into a float:
requests are JSON text built from decimal text, answers are read into `Decimal` with their digits kept.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from decimal import Decimal
from urllib.parse import urlsplit

# The body of the vendor's `SaleExample`, as its serializer writes it: PascalCase names and the decimals' own digits.
SALE_EXAMPLE = (
    '{"ReceiptMode":"FiscalReceiptOnly","SendToEmail":true,"EmailAddress":"test@mail.com",'
    '"SendToPhone":true,"PhoneNumber":"079000001","Items":['
    '{"Name":"Piine Praga (Franzeluta)","Quantity":2.000,"Price":8.10,'
    '"ModifierMode":"ByPercent","ModifierValue":-15.00,"TaxGroupCode":"B"},'
    '{"Name":"Gura Cainarului 1.5l Necarbogazoasa","Quantity":1.000,"Price":12.00,'
    '"ModifierMode":"ByAmount","ModifierValue":-1.00,"TaxGroupCode":"A"}],'
    '"Payments":[{"TypeCode":1,"Amount":15.00,"UseBankTerminal":true},'
    '{"TypeCode":0,"Amount":10.00,"UseBankTerminal":false}],'
    '"AmountModifications":[{"Mode":"ByPercent","Value":-25.00}]}'
)

# The body of the vendor's `CreateFiscalReceiptExample`, without a receipt mode and without a bank terminal.
RECEIPT_EXAMPLE = (
    SALE_EXAMPLE.replace('"ReceiptMode":"FiscalReceiptOnly",', "")
    .replace(',"UseBankTerminal":true', "")
    .replace(',"UseBankTerminal":false', "")
)


def sign(secret: str, device: str, point_of_sale: str, timestamp: str, method: str, path: str, body: str) -> str:
    """HMAC-SHA256 of the parts, one after the other without separators, in lowercase hexadecimal."""
    text = device + point_of_sale + timestamp + method.upper() + path + body
    return hmac.new(secret.encode("ascii"), text.encode("utf-8"), hashlib.sha256).hexdigest()


def to_json(value) -> str:
    """JSON text of nested dicts and lists; a `Decimal` keeps its digits, a float is refused."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(to_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        raise TypeError("an amount must not be a float")
    return json.dumps(value, ensure_ascii=False)


def with_id(body: str, request_id: str) -> str:
    """The body of a request with a request id as its first field."""
    return '{"Id":"%s",%s' % (request_id, body[1:]) if body != "{}" else '{"Id":"%s"}' % request_id


def sale(*lines, payments=None, request_id=None, **more) -> str:
    """The body of a sale with names in camelCase. A line is (name, quantity, price, tax group); by default cash pays it exactly."""
    items = [
        {"name": name, "quantity": Decimal(quantity), "price": Decimal(price), "taxGroupCode": group}
        for name, quantity, price, group in lines
    ]
    if payments is None:
        total = sum((item["quantity"] * item["price"] for item in items), Decimal(0)).quantize(Decimal("0.01"))
        payments = [(0, total)]
    body = {
        "items": items,
        "payments": [{"typeCode": code, "amount": Decimal(amount)} for code, amount in payments],
        **more,
    }
    return to_json({"id": request_id, **body} if request_id else body)


class Answer:
    """An answer of the server: status, headers, the body as text, and the body as JSON with exact decimals."""

    def __init__(self, status: int, headers, text: str):
        self.status, self.headers, self.text = status, headers, text
        try:
            self.json = json.loads(text, parse_float=Decimal)
        except ValueError:
            self.json = None

    @property
    def data(self):
        return self.json.get("data") if isinstance(self.json, dict) else None

    @property
    def state(self) -> str | None:
        return self.headers.get("X-Fiscal-State")

    @property
    def replayed(self) -> bool:
        return self.headers.get("Idempotent-Replayed") == "true"

    @property
    def error(self) -> str | None:
        return self.json.get("errorType") if isinstance(self.json, dict) else None

    @property
    def message(self) -> str:
        return (self.json.get("message") or "") if isinstance(self.json, dict) else ""

    def __str__(self) -> str:
        return f"{self.status} {self.state} {self.text[:1500]}"


def http_call(url: str, method: str, path: str, body: str | None = None, headers=None, timeout: float = 40, source: str = "") -> Answer:
    """Sends one request on a new connection, from the address `source`, and returns the answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout, source_address=(source, 0))
    try:
        data = None if body is None else body.encode("utf-8")
        connection.request(method, path, body=data, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode("utf-8"))
    finally:
        connection.close()


def additional(document: dict) -> dict:
    """The object that the text in a document's `additionalData` holds."""
    return json.loads(document["additionalData"], parse_float=Decimal)


class Client:
    """Calls one device of one server, signing every request."""

    BASE = "/api/v1/"

    def __init__(self, url: str, key: str, secret: str, device: str, point_of_sale: str = ""):
        self.url, self.key, self.secret, self.device, self.point_of_sale = url, key, secret, device, point_of_sale

    def headers(self, method: str, path: str, body: str, **change) -> dict[str, str]:
        """The five headers of a signed request; `change` replaces a header after signing, or `offset_ms` the time before it."""
        timestamp = str(time.time_ns() // 1_000_000 + change.pop("offset_ms", 0))
        device = change.pop("device", self.device)
        headers = {
            "Api-Key": self.key,
            "Api-Timestamp": timestamp,
            "Api-Signature": sign(self.secret, device, self.point_of_sale, timestamp, method, path, body),
        }
        if device:
            headers["Api-DeviceId"] = device
        if self.point_of_sale:
            headers["Api-PointOfSaleId"] = self.point_of_sale
        if body:
            headers["Content-Type"] = "application/json; charset=utf-8"
        headers.update({name.replace("_", "-"): value for name, value in change.items()})
        return headers

    def call(self, method: str, operation: str, body: str = "", timeout: float = 40, **change) -> Answer:
        path = self.BASE + operation
        headers = self.headers(method, path, body, **change)
        return http_call(self.url, method, path, body or None, headers, timeout)

    def get(self, operation: str, **change) -> Answer:
        return self.call("GET", operation, **change)

    def post(self, operation: str, body: str = "", **change) -> Answer:
        return self.call("POST", operation, body, **change)
