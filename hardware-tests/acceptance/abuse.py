"""Scenarios of attack: recorded calls, thousands of half-open connections, pages of other sites, endless headers."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from urllib.parse import urlsplit

from fiscalcloud_client import Answer, Client, http_call, sale, with_id
from sales import page
from stage import NETWORK_ERRORS, Background, Stage, check, equal, new_id, scenario

HALF_OPEN = 2_000
REPLAYS = 300
# How many file descriptors the agent needs beside the flood: for its store, the printer and the callers.
FILES_SPARE = 400


def bread(stage: Stage) -> str:
    return sale(("Paine", "1.000", stage.price(), "B"), receiptMode="FiscalReceiptOnly")


def room_for(files: int) -> int:
    """Raises the soft limit of open files as far as possible, and returns how many connections that allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files + FILES_SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return files if soft == resource.RLIM_INFINITY else min(files, soft - FILES_SPARE)


def timed(client: Client, body: str) -> tuple[Answer, float]:
    started = time.monotonic()
    answer = client.post("operations/sale", body, timeout=20)
    return answer, time.monotonic() - started


@scenario(limit=90)
def half_open(stage: Stage) -> None:
    """Two thousand connections that never finish a request, while sales take their usual time."""
    client, simulator = stage.demo()
    usual = max(timed(client, bread(stage))[1] for _ in range(3))
    address = ("127.0.0.1", urlsplit(client.url).port)
    beginnings = [
        b"", b"POST", b"POST /api/v1/operations/sale HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /api/v1/operations/sale HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{",
    ]
    count = room_for(HALF_OPEN)
    flood: list[socket.socket] = []
    slowest = 0.0
    try:
        for number in range(count):
            with contextlib.suppress(*NETWORK_ERRORS):
                connection = socket.create_connection(address, timeout=10)
                flood.append(connection)
                connection.sendall(beginnings[number % len(beginnings)])
            if number % 250 == 249:
                answer, seconds = timed(client, bread(stage))
                equal((answer.status, answer.state), (200, "registered"), f"a sale beside {number + 1} half-open connections", answer)
                slowest = max(slowest, seconds)
        check(len(flood) > count * 9 // 10, f"only {len(flood)} of {count} connections were made")
        # The half-open connections send one byte at a time, as in a slow-loris attack.
        for connection in flood:
            with contextlib.suppress(*NETWORK_ERRORS):
                connection.sendall(b"x")
        answer, seconds = timed(client, bread(stage))
        equal((answer.status, answer.state), (200, "registered"), "a sale beside the dripping connections", answer)
        slowest = max(slowest, seconds)
    finally:
        for connection in flood:
            connection.close()
    # The limit is far below the time-outs of a flood (5 s and more), and far above the noise of a busy machine.
    check(slowest < 4 * usual + 2, f"a sale took {slowest:.2f} s, and {usual:.2f} s without the flood")
    equal(len(simulator.receipts()), 3 + count // 250 + 1, "fiscal receipts in the printer")


@scenario(limit=60)
def recorded_calls(stage: Stage) -> None:
    """Signed calls that an attacker has recorded and sends again, with ids and without."""
    client, simulator = stage.demo()
    path = "/api/v1/operations/sale"
    for what, body in [("without id", bread(stage)), ("with id", with_id(bread(stage), new_id()))]:
        headers = client.headers("POST", path, body)
        before = len(simulator.receipts())
        # Ten copies of the call are sent at once, so that some arrive while the first one is being printed.
        callers = [Background(http_call, client.url, "POST", path, body, headers) for _ in range(10)]
        answers = [caller.join() for caller in callers]
        later = [http_call(client.url, "POST", path, body, headers) for _ in range(REPLAYS)]
        # A call without an id is a replay until an answer was written; afterwards it is refused, because it may be another sale.
        sold = [answer for answer in answers if answer.status == 200]
        check(sold, f"the sale {what}", *answers)
        for answer in sold:
            equal((answer.state, answer.text), ("registered", sold[0].text), f"a recorded sale {what}", answer)
        equal(sum(not answer.replayed for answer in sold), 1, f"answers {what} that are no replay")
        document = sold[0].data["fiscalReceipt"]["id"]
        for answer in [answer for answer in answers if answer.status != 200] + (later if what == "without id" else []):
            equal((answer.status, answer.state, answer.error), (422, "registered", "SignatureReplayed"), f"a recorded sale {what}", answer)
            equal(answer.headers.get("X-Operation-Id"), document, f"the id of a recorded sale {what}")
        for answer in later if what == "with id" else []:
            equal((answer.status, answer.replayed, answer.text), (200, True, sold[0].text), f"a recorded sale {what}", answer)
        equal(len(simulator.receipts()), before + 1, f"fiscal receipts after a recorded sale {what} was sent again")

    simulator.set_printer(paper="out")
    body = bread(stage)
    headers = client.headers("POST", path, body)
    answer = http_call(client.url, "POST", path, body, headers)
    equal((answer.status, answer.state), (422, "not_registered"), "a sale without paper", answer)
    simulator.set_printer(paper="ok")
    for _ in range(5):
        answer = http_call(client.url, "POST", path, body, headers)
        equal((answer.status, answer.state), (422, "not_registered"), "a recorded sale that was not registered", answer)
    equal(len(simulator.receipts()), 2, "fiscal receipts at the end")
    equal(page(client, 0, 5)["totalCount"], 2, "receipts in the list")

    path = "/api/v1/misc/opencashdrawer"
    headers = client.headers("POST", path, "")
    equal(http_call(client.url, "POST", path, None, headers).status, 200, "the drawer")
    pulses = simulator.printer()["drawer_pulses"]
    equal(http_call(client.url, "POST", path, None, headers).status, 422, "a recorded call for the drawer")
    equal(simulator.printer()["drawer_pulses"], pulses, "pulses of the drawer")


@scenario(limit=60)
def strange_pages(stage: Stage) -> None:
    """With DNS rebinding or from a page of another site, a browser can read nothing and switch nothing."""
    client, simulator = stage.demo()
    port = urlsplit(client.url).port
    evil = f"evil.example:{port}"
    here = f"127.0.0.1:{port}"
    for headers, good in [
        ({}, True),
        ({"Host": here}, True),
        ({"Host": f"localhost:{port}"}, True),
        ({"Host": here, "Origin": f"http://{here}"}, True),
        ({"Host": evil}, False),
        ({"Host": evil, "Origin": f"http://{evil}"}, False),
        ({"Host": here, "Origin": "http://evil.example"}, False),
        ({"Host": here, "Origin": "null"}, False),
    ]:
        for path in ("/livez", "/healthz", "/metrics", f"/operations/{new_id()}", "/sim/printer"):
            answer = http_call(client.url, "GET", path, None, headers)
            equal(answer.status == 403, not good, f"{path} with {headers}", answer)
        if not good:
            answer = http_call(client.url, "PUT", "/sim/printer", '{"power":"off"}', headers)
            equal(answer.status, 403, f"the simulator's switch with {headers}", answer)
            path, body = "/api/v1/operations/sale", bread(stage)
            answer = http_call(client.url, "POST", path, body, client.headers("POST", path, body) | headers)
            equal((answer.status, answer.state), (403, "unknown"), f"a signed sale with {headers}", answer)
    equal(simulator.printer()["power"], "on", "the printer's power")
    equal(simulator.receipts(), [], "fiscal receipts in the printer")


@scenario(limit=60)
def floods(stage: Stage) -> None:
    """Many header lines, bodies that arrive byte by byte, and garbage: each connection is closed, and the next sale works as before."""
    client, simulator = stage.demo()
    address = ("127.0.0.1", urlsplit(client.url).port)
    line = b"POST /api/v1/operations/sale HTTP/1.1\r\nHost: localhost\r\n"
    many = b"".join(b"X-%d: y\r\n" % number for number in range(2_000))
    for what, data in [
        ("two thousand header lines", line + many + b"\r\n"),
        ("one header line of a megabyte", line + b"X: " + b"y" * (1 << 20) + b"\r\n\r\n"),
        ("a target of a megabyte", b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n"),
        ("two lengths", line + b"Content-Length: 2\r\nContent-Length: 900\r\n\r\n{}"),
        ("length and chunks", line + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a length below nothing", line + b"Content-Length: -1\r\n\r\n"),
        ("a chunk of an impossible length", line + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
        ("another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("zeros", bytes(100_000)),
    ]:
        said = b""
        with contextlib.suppress(*NETWORK_ERRORS):
            with socket.create_connection(address, timeout=20) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                said = connection.recv(64)
        check(not said or said[9:10] == b"4", f"{what}: {said!r}")
        stage.alive("demo")
    answer = client.post("operations/sale", bread(stage))
    equal((answer.status, answer.state), (200, "registered"), "the sale after it", answer)
    equal(len(simulator.receipts()), 1, "fiscal receipts in the printer")
