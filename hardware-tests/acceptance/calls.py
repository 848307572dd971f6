"""Scenarios of calls that must sell nothing: unsigned calls, unreadable or unlawful ones, too large ones, too many at once."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import time
from urllib.parse import urlsplit

from fiscalcloud_client import SALE_EXAMPLE, Answer, Client, http_call, sale, sign, with_id
from sales import page
from stage import DEVICE, NETWORK_ERRORS, Stage, check, equal, new_id, scenario, wait_for

LINES_MAX = 512


def strings(value) -> list[str]:
    """Every string anywhere in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


@scenario(limit=90)
def bad_auth(stage: Stage) -> None:
    """A wrong call is answered with 401, which names the wrong part and in TEST mode shows the text that must be signed."""
    client, simulator = stage.demo()
    minutes = 60_000
    stranger = new_id()

    def say(answer: Answer) -> str:
        return f"{answer.error} {answer.message}".lower()

    for word, change in [
        ("signature", dict(Api_Signature="0" * 64)),
        ("signature", dict(Api_Signature="not hexadecimal")),
        ("key", dict(Api_Key="nobody")),
        ("timestamp", dict(offset_ms=11 * minutes)),
        ("timestamp", dict(offset_ms=-11 * minutes)),
        ("timestamp", dict(Api_Timestamp="yesterday")),
        ("device", dict(device=stranger)),
    ]:
        answer = client.post("operations/sale", SALE_EXAMPLE, **change)
        equal(answer.status, 401, f"status with {change}", answer)
        check(isinstance(answer.json, dict) and answer.json.get("success") is False, "a 401 without the envelope", answer)
        check(word in say(answer), f"a 401 that does not name the {word}", answer)

    path = "/api/v1/operations/sale"
    headers = client.headers("POST", path, SALE_EXAMPLE) | {"Api-Signature": "f" * 64}
    answer = http_call(client.url, "POST", path, SALE_EXAMPLE, headers)
    signed = client.device + headers["Api-Timestamp"] + "POST" + path + SALE_EXAMPLE
    check(any(signed in text for text in strings(answer.json)), "the signed text is not in the body", answer, signed)

    # Changes each signed part after signing, one at a time, and leaves out each header.
    good = client.headers("POST", path, SALE_EXAMPLE)
    other_time = str(int(good["Api-Timestamp"]) + 1)
    for what, method, target, body, headers in [
        ("device", "POST", path, SALE_EXAMPLE, good | {"Api-DeviceId": stranger}),
        ("point of sale", "POST", path, SALE_EXAMPLE, good | {"Api-PointOfSaleId": stage.ready["point_of_sale_id"]}),
        ("timestamp", "POST", path, SALE_EXAMPLE, good | {"Api-Timestamp": other_time}),
        ("query", "POST", path + "?a=1", SALE_EXAMPLE, good),
        ("path", "POST", "/api/v1/receipts", SALE_EXAMPLE, good),
        ("body", "POST", path, SALE_EXAMPLE.replace("8.10", "8.1"), good),
        ("method", "GET", "/api/v1/receipts", None, good),
    ] + [
        (f"no {name}", "POST", path, SALE_EXAMPLE, {key: value for key, value in good.items() if key != name})
        for name in ("Api-Key", "Api-Timestamp", "Api-Signature", "Api-DeviceId")
    ]:
        # Ten wrong signatures from one address would be answered with 429.
        answer = http_call(client.url, method, target, body, headers, source="127.0.0.2")
        equal(answer.status, 401, f"status with a changed {what}", answer)
        if method == "POST":
            equal(answer.state, "unknown", f"state with a changed {what}", answer)

    equal(client.get("receipts", offset_ms=9 * minutes).status, 200, "nine minutes ahead")
    equal(client.get("receipts", offset_ms=-9 * minutes).status, 200, "nine minutes behind")
    equal(simulator.receipts(), [], "fiscal receipts in the printer")
    equal(page(client, 0, 5)["totalCount"], 0, "receipts in the list")


@scenario(limit=120)
def bad_input(stage: Stage) -> None:
    """A faulty order is answered with 422, which names every fault with its path, and nothing is sold."""
    client, simulator = stage.demo()
    before = simulator.printer()
    line = ("Covrig", "1.000", "10.00", "A")
    many = [("n", "1", "1", "A")] * (LINES_MAX + 1)
    cash_only = SALE_EXAMPLE.replace('"TypeCode":1', '"TypeCode":0').replace(',"UseBankTerminal":true', "")

    def changed(old: str, new: str) -> str:
        assert old in SALE_EXAMPLE, old
        return SALE_EXAMPLE.replace(old, new, 1)

    for what, body, words in [
        ("malformed JSON", SALE_EXAMPLE[:-1], []),
        ("not an object", "[1]", []),
        ("no body", "", []),
        ("unknown field", changed('"Price"', '"Colour":"red","Price"'), ["colour"]),
        ("unknown field on top", with_id(SALE_EXAMPLE, new_id()).replace("{", '{"Tip":1.00,', 1), ["tip"]),
        ("three decimals in a price", changed("8.10", "8.105"), ["price"]),
        ("four decimals in a quantity", changed("2.000", "2.0001"), ["quantity"]),
        ("a price as text", changed("8.10", '"cheap"'), ["price"]),
        ("an enormous price", changed("8.10", "1e30"), ["price"]),
        ("a quantity of nothing", changed("2.000", "0.000"), ["quantity"]),
        ("unknown tax group", changed('"TaxGroupCode":"B"', '"TaxGroupCode":"Z"'), ["taxgroup"]),
        ("unknown payment type", changed('"TypeCode":0', '"TypeCode":99'), ["typecode"]),
        ("unknown modifier mode", changed('"ModifierMode":"ByPercent"', '"ModifierMode":"ByMoon"'), ["modifiermode"]),
        ("unknown receipt mode", changed("FiscalReceiptOnly", "NoReceipt"), ["receiptmode"]),
        ("an id that is none", with_id(SALE_EXAMPLE, "12345"), ["id"]),
        ("no e-mail address", changed("test@mail.com", "nobody"), ["emailaddress"]),
        ("no phone number", changed("079000001", "call me"), ["phonenumber"]),
        ("payments below the total", changed('"Amount":15.00', '"Amount":5.00'), ["payments"]),
        ("card above the total", changed('"Amount":15.00', '"Amount":35.00'), ["payments"]),
        ("change above the cash", sale(line, payments=[(1, "12.00"), (0, "1.00")]), ["payments"]),
        ("no payments", sale(line, payments=[]), ["payments"]),
        ("no items", sale(payments=[(0, "1.00")]), ["items"]),
        ("too many lines", sale(*many, payments=[(0, f"{LINES_MAX + 1}.00")]), ["items"]),
        (
            "three faults at once",
            changed("8.10", "8.105").replace('"TaxGroupCode":"A"', '"TaxGroupCode":"Z"').replace('"TypeCode":0', '"TypeCode":99'),
            ["price", "taxgroup", "typecode"],
        ),
    ]:
        answer = client.post("operations/sale", body)
        equal(answer.status, 422, what, answer)
        # An id that could not be read may have been sold before, so "unknown" is a true answer too.
        states = ("not_registered",) if words and words != ["id"] else ("not_registered", "unknown")
        check(answer.state in states, f"{what}: state {answer.state}", answer)
        lines = answer.message.splitlines()
        check(lines, f"{what}: no message", answer)
        for text in lines:
            check(re.fullmatch(r"[^\s:][^:]*: \S.*", text), f"{what}: not `path: sentence`", text)
        paths = [text.split(":")[0].lower() for text in lines]
        for word in words:
            check(any(word in path for path in paths), f"{what}: no path names {word}", answer.message)

    # A path contains the place of the line and not only the field: the second line's price and the first line's tax group.
    answer = client.post("operations/sale", changed("12.00", "12.005").replace('"TaxGroupCode":"B"', '"TaxGroupCode":"Z"'))
    places = {re.sub(r"\D", "", text.split(":")[0]) for text in answer.message.splitlines()}
    equal(places, {"0", "1"}, "the lines' places", answer.message)

    after = simulator.printer()
    for field in ("fiscal_receipts", "last_document", "cash", "receipt_open"):
        equal(after[field], before[field], f"the printer's {field} after bad input")
    equal(page(client, 0, 5)["totalCount"], 0, "receipts in the list")
    equal(client.post("operations/sale", cash_only).data["fiscalReceipt"]["number"], 1, "number of the first good sale")


def declare_huge_body(client: Client, announced: int) -> Answer | None:
    """Announces a body, sends its first kilobyte and reads the answer."""
    path, body = "/api/v1/operations/sale", " " * 1024
    timestamp = str(time.time_ns() // 1_000_000)
    signature = sign(client.secret, client.device, "", timestamp, "POST", path, body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {announced}\r\n"
        f"Api-Key: {client.key}\r\nApi-DeviceId: {client.device}\r\nApi-Timestamp: {timestamp}\r\nApi-Signature: {signature}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", urlsplit(client.url).port), timeout=20) as connection:
        connection.sendall(head.encode() + body.encode())
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        return Answer(response.status, response.headers, response.read().decode())


@scenario(limit=150)
def limits(stage: Stage) -> None:
    """A body that is too large, bodies without an end, and two hundred callers that never finish their request."""
    client, simulator = stage.demo()
    for path in ("/livez", "/readyz", "/healthz"):
        answer = http_call(client.url, "GET", path)
        equal(answer.status, 200, path, answer)
        check(answer.headers.get("X-Request-Id"), f"{path} without X-Request-Id")

    for announced in (8 << 20, 1 << 40):
        answer = declare_huge_body(client, announced)
        equal((answer.status, answer.state), (413, "unknown"), f"a body of {announced} bytes", answer)
        check(answer.headers.get("X-Request-Id"), "413 without X-Request-Id")

    # Sends a large body without announcing its length: whatever the server answers, it stops reading and sells nothing.
    with contextlib.suppress(*NETWORK_ERRORS):
        with socket.create_connection(("127.0.0.1", urlsplit(client.url).port), timeout=20) as connection:
            connection.sendall(b"POST /api/v1/operations/sale HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(256):
                connection.sendall(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
            check(not connection.recv(64).startswith(b"HTTP/1.1 200"), "eight megabytes were accepted")
    # Sends headers without an end.
    with contextlib.suppress(*NETWORK_ERRORS):
        with socket.create_connection(("127.0.0.1", urlsplit(client.url).port), timeout=20) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\n" + b"X-Long: " + b"a" * (4 << 20))
            check(not connection.recv(64).startswith(b"HTTP/1.1 200"), "four megabytes of headers were accepted")
    stage.alive("demo")

    half_open = []
    try:
        for number in range(200):
            with contextlib.suppress(*NETWORK_ERRORS):
                connection = socket.create_connection(("127.0.0.1", urlsplit(client.url).port), timeout=2)
                half_open.append(connection)
                connection.sendall(b"POST /api/v1/operations/sale HTTP/1.1\r\nHost: localhost\r\n"[: 20 + number % 40])
        started = time.monotonic()
        body = with_id(SALE_EXAMPLE, new_id())
        answer = client.until_registered("operations/sale", body, limit=30)
        equal(answer.status, 200, "a sale beside half-open connections", answer)
        check(time.monotonic() - started < 30, "the sale took longer than 30 s")
    finally:
        for connection in half_open:
            connection.close()
    wait_for(lambda: http_call(client.url, "GET", "/readyz", timeout=5).status == 200, 20, "ready again")
    equal(len(simulator.receipts()), 1, "fiscal receipts in the printer")
    equal(client.device, DEVICE, "the demo's device is the one of the specification")
