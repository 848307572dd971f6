"""What somebody who wants harm sends to the eReceipt API, to the pages and to the listener for buyers, and what they must answer."""

from __future__ import annotations

import copy
import http.client
import json
import secrets
import statistics
import threading
import time
import uuid
from pathlib import Path

from publish import Till, configuration
from shops import Demo, send, uploaded

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)><svg onload=alert(3)>"
# None of these may be in a page: every letter that begins a tag must have been escaped.
RAW = ("<script", "<img src=x", "<svg onload", "'><img", "\"'>")
GUESSES = 10_000


def leaves(value, path=()):
    """Every text, number and truth of a document, with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path


def changed(body: dict, path: tuple, value) -> dict:
    """A copy of a document in which one place has another value."""
    copied = copy.deepcopy(body)
    inner = copied
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return copied


def harmless(page: str, where: str) -> None:
    found = [raw for raw in RAW if raw in page.lower()]
    assert not found, f"{where}: {found} is on the page"


def page_of(demo: Demo, name: str) -> str:
    _, said = demo.api("GET", f"/receipt/{name}")
    status, _, page = send("GET", said["public_link"]["href"])
    assert status == 200, status
    return page.decode()


def texts(demo: Demo) -> str:
    """A script in every field of the document: it is refused, or shown as it is written."""
    body = uploaded()
    body["schema"]["ekabs_v0"]["head"]["buyer"] |= {"name": "x", "customer_number": "1"}
    body["schema"]["ekabs_v0"]["head"]["buyer_text"] = "x"
    body["schema"]["ekabs_v0"]["misc"]["conformity_text"] = "x"
    shown = refused = 0
    for path in leaves(body):
        status, said = demo.api("PUT", f"/receipt/{uuid.uuid4()}", changed(body, path, EVIL))
        where = ".".join(map(str, path))
        if status == 400:
            assert said["code"].startswith("E_") and EVIL not in json.dumps(said), (where, said)
            refused += 1
            continue
        assert status == 200, (where, said)
        harmless(page_of(demo, said["_id"]), where)
        shown += 1
    name = demo.upload(body)
    # Labels, sections, the text of an image, and the particulars of a meal.
    assert demo.api("PUT", "/configuration/dictionary", {"language": "de", "receipt": {"total": EVIL, "receipt": EVIL, "own": EVIL}})[0] == 200
    section = str(uuid.uuid4())
    content = {"custom_content": {"type": "TEXT", "data": EVIL + "&lt;script&gt;", "alignment": "LEFT"}, "custom_type": "TEXT", "label": EVIL}
    assert demo.api("PUT", f"/custom-section/{section}", content)[0] == 200
    use = [{"custom_section_id": section, "orientation": "AFTER", "position": "HEAD"}]
    assert demo.api("PUT", "/configuration/custom-section", use)[0] == 200
    harmless(page_of(demo, demo.upload(body)), "labels and sections")
    meal = {"schema": {"occasion": EVIL, "place": EVIL, "attendees": [EVIL], "host": {"name": EVIL, "company": EVIL}, "own": EVIL}}
    base = demo.ready["apis"]["ereceipt"]
    assert send("PUT", f"{base}/public/test/receipt/{name}/hospitality", meal)[0] == 200
    harmless(page_of(demo, name), "hospitality")
    assert demo.api("PUT", "/configuration/dictionary", {"language": "de", "receipt": {"total": "Summe", "receipt": "Beleg", "own": ""}})[0] == 200
    assert demo.api("PUT", "/configuration/custom-section", [])[0] == 200
    return f"a script in {shown + refused} fields: {refused} refused, {shown} shown as text"


def types(demo: Demo) -> str:
    """Another type in every field: it is refused with its path, or it is a field that takes anything."""
    body = uploaded()
    calls = taken = 0
    for path in leaves(body):
        for value in (17.5, True, [], {}, [EVIL], {"a": {"b": EVIL}}, -(10**30), "9" * 5_000):
            status, said = demo.api("PUT", f"/receipt/{uuid.uuid4()}", changed(body, path, value))
            calls += 1
            assert status in (200, 400, 413), (path, value, said)
            if status == 200:
                taken += 1
                harmless(page_of(demo, said["_id"]), str(path))
    deep = {"schema": {"ekabs_v0": json.loads("[" * 40 + "]" * 40)}}
    for wrong in (deep, [], 17, None, {"schema": []}, {"schema": {"ekabs_v0": None}}):
        assert demo.api("PUT", f"/receipt/{uuid.uuid4()}", wrong)[0] == 400, wrong
    for raw in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":1,"a":2}', b"x" * 300_000):
        status, said = demo.api("PUT", f"/receipt/{uuid.uuid4()}", raw)
        assert status in (400, 413), (raw[:10], said)
    return f"{calls} values of other types, {taken} of them in fields that take anything"


def media(demo: Demo) -> str:
    """Images that are too large, that lie about their type, and forms that are broken."""
    png = b"\x89PNG\r\n\x1a\n"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}

    def form(data: bytes, name: bytes = b"data", more: bytes = b"") -> bytes:
        return (b'--b\r\nContent-Disposition: form-data; name="' + name + b'"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n' + data + b"\r\n"
                + b'--b\r\nContent-Disposition: form-data; name="media_type"\r\n\r\nimage\r\n' + more + b"--b--\r\n")

    huge = png + b"\0" * (2 * 1024 * 1024)
    wrong = [(svg, 400), (b"GIF", 400), (b"", 400), (b"<html><script>", 400), (huge, 413), (png + b"\0" * (5 * 1024 * 1024), 413)]
    for data, expected in wrong:
        status, said = demo.api("POST", "/media", form(data), kind)
        assert status == expected, (data[:20], status, said)
        status, said = demo.api("POST", "/configuration/logo", data, {"Content-Type": "image/png"})
        assert status == expected and (expected != 413 or said.get("code") == "E_LOGO_BODY_LIMIT_EXCEEDED"), (data[:20], status, said)
    for body in (b"", b"--b", b"--b\r\n\r\n", b"--b--", form(png)[:-8], form(b"x", b"other"), b"--c\r\n"):
        assert demo.api("POST", "/media", body, kind)[0] in (400, 413), body[:40]
    for header in ({"Content-Type": "multipart/form-data"}, {"Content-Type": "multipart/form-data; boundary=" + "b" * 500}, {"Content-Type": "image/png"}):
        assert demo.api("POST", "/media", form(png), header)[0] == 400, header
    # What begins as an image and goes on as a page is given back as an image that no browser opens as a page.
    status, said = demo.api("POST", "/media", form(png + b"<script>alert(1)</script>"), kind)
    assert status == 200, said
    status, headers, _ = send("GET", said["media_location"])
    assert (status, headers["Content-Type"], headers["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
    assert "sandbox" in headers["Content-Security-Policy"]
    return f"{2 * len(wrong) + 11} images and forms"


def tokens(demo: Demo) -> str:
    """Guessed tokens are refused, then all pages are for a minute; the till sells meanwhile as fast as before."""
    host = demo.url.split("://")[1]
    def sale() -> float:
        begin = time.monotonic()
        demo.sell()
        return time.monotonic() - begin

    sale()
    before = [sale() for _ in range(5)]
    seen: dict[int, int] = {}
    ended = threading.Event()

    def guess() -> None:
        connection = http.client.HTTPConnection(host, timeout=30)
        for number in range(GUESSES):
            connection.request("GET", f"/r/{secrets.token_urlsafe(16)}")
            answer = connection.getresponse()
            answer.read()
            seen[answer.status] = seen.get(answer.status, 0) + 1
            if answer.headers.get("Connection") == "close":
                connection.close()
        ended.set()

    begin = time.monotonic()
    thread = threading.Thread(target=guess)
    thread.start()
    during = []
    while not ended.is_set() and len(during) < 40:
        during.append(sale())
    thread.join()
    seconds = time.monotonic() - begin
    assert set(seen) == {404, 429} and seen[404] <= 120 and sum(seen.values()) == GUESSES, seen
    # A receipt that exists is shown all the same.
    name = demo.sell()[0]
    assert send("GET", demo.page(name))[0] == 200
    slow, usual = statistics.median(during or [0]), statistics.median(before)
    assert slow < usual * 3 + 0.2, f"a sale takes {slow:.3f} s, and {usual:.3f} s before"
    return f"{GUESSES} guesses in {seconds:.0f} s: {seen[404]} × 404, {seen[429]} × 429; a sale takes {slow:.2f} s (before: {usual:.2f} s)"


def expired(demo: Demo) -> str:
    """A receipt is public for 30 days; the merchant reads it afterwards."""
    name = demo.upload(uploaded())
    link = demo.api("GET", f"/receipt/{name}")[1]["public_link"]["href"]
    assert send("GET", link)[0] == 200
    assert send("PUT", f"{demo.url}/sim/clock", {"offset_s": 31 * 86_400})[0] in (200, 204)
    demo.token = ""
    status, headers, page = send("GET", link)
    code = headers["X-Error-Code"]
    assert (status, code) == (404, "E_PUBLIC_ACCESS_EXPIRED") and b"36.50" not in page, (status, code)
    for part in ("/pdf", "/png"):
        assert send("GET", link + part)[0] == 404
    base = demo.ready["apis"]["ereceipt"]
    status, _, text = send("GET", f"{base}/public/test/receipt/{name}")
    assert status == 404 and json.loads(text)["code"] == "E_PUBLIC_ACCESS_EXPIRED", text
    assert demo.api("GET", f"/receipt/{name}")[0] == 200 and demo.api("GET", f"/receipt/{name}/pdf")[0] == 200
    return "30 days"


def listener(binary: Path, folder: Path) -> str:
    """The listener for buyers serves receipts and nothing else: no operation of any API is there."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pages = f"http://127.0.0.1:{port}"
    till = Till(binary, configuration(folder / "listener", f'[ereceipt]\nlisten = "127.0.0.1:{port}"\npublic_url = "{pages}"\n'))
    try:
        till.log_in()
        name = str(uuid.uuid4())
        till.upload(name, 1)
        link = till.call("GET", f"/ereceipt/api/v1/receipt/{name}")["public_link"]["href"]
        assert link.startswith(pages), link
        document = till.call("GET", "/openapi.json")
        tried = 0
        for path, operations in document["paths"].items():
            for method in operations:
                if path.startswith("/r/") or method == "parameters":
                    continue
                filled = path
                while "{" in filled:
                    filled = filled[:filled.index("{")] + str(uuid.uuid4()) + filled[filled.index("}") + 1:]
                status, _, text = send(method.upper(), pages + filled, b"{}" if method in ("put", "post") else None, {"Authorization": f"Bearer {till.token}"})
                assert status in (404, 429), (method, path, status, text[:200])
                tried += 1
        for path in ("/", "/docs", "/openapi.json", "/healthz", "/metrics", "/livez", "/sim/printer", "/r", "/r/", "/r/../healthz", "/r/%2e%2e/healthz", "//healthz", "/demo", "/operations/x"):
            status, headers, _ = send("GET", pages + path)
            assert status in (404, 429), (path, status)
            assert "Set-Cookie" not in headers
        status, headers, page = send("GET", link)
        assert status == 200 and b"11.90" in page and "Set-Cookie" not in headers
        status, headers, _ = send("POST", f"{link}/hospitality", b"occasion=a&tip=1&action=save", {"Content-Type": "application/x-www-form-urlencoded", "Origin": pages})
        # Python follows the redirection to the page.
        assert status == 200
        assert till.call("GET", f"/ereceipt/api/v1/public/test/receipt/{name}/hospitality")["schema"]["tip"] == "1.00"
        return f"{tried} operations and 14 paths"
    finally:
        till.stop()


def all_of(demo: Demo, binary: Path, folder: Path) -> str:
    done = [check(demo) for check in (texts, types, media)]
    done.append(listener(binary, folder))
    done += [check(demo) for check in (tokens, expired)]
    return "; ".join(done)
