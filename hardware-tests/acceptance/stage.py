"""The helpers of a scenario: its processes, its ports, its temporary folder, and the switches of the simulators.

Every process that a scenario starts ends with the scenario, also when the scenario fails or takes too long.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path

import schema
from fiscalcloud_client import Answer, Client, http_call

KEY = "acceptance-key"
SECRET = "acceptance-secret-of-at-least-thirty-two-characters"
DEVICE = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
ANSWER_TIMEOUT_S = 15  # the default of answer_timeout_ms
NETWORK_ERRORS = (OSError, HTTPException)

CREATING = {
    "operations/sale", "operations/return", "operations/closeday", "operations/intermediatetotals", "receipts",
}

CONFIG = """
[till]
country = "MD"
mode = "TEST"
data_dir = "{folder}/data"

[api]
listen = "127.0.0.1:{port}"

[[api.clients]]
key = "{key}"
secret = "{secret}"
permissions = ["sell", "return", "report", "settle", "settings"]

[[device]]
id = "{device}"
name = "Till 1"
uri = "datecs+serial://{link}?baud=115200"
use_alternative_receipts = true
tax_groups = [ {{ code = "A", rate = "20.00" }}, {{ code = "B", rate = "8.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true, open_cash_drawer = true }}, {{ code = 1, name = "Card" }} ]
alternative_receipts_ranges = [ {{ series = "ABC", start = 1, end = 500, number_length = 8 }} ]
points_of_sale = [ {{ id = "feca3a50-34a7-4dc9-84ac-d4bffc76a922", code = "1" }} ]

[upstream]
url = "http://127.0.0.1:{authority}"
timeout_ms = 5000
offline_after_failures = 3
offline_after_ms = 3000
dwell_s = 10
"""


class Failed(AssertionError):
    """The failure of a scenario: something differs from the specification."""


class Skipped(Exception):
    """The reason why a scenario is skipped: this machine lacks something that the scenario needs."""


def check(condition, message: str, *context) -> None:
    if not condition:
        raise Failed(message + "".join(f"\n    {item}" for item in context))


def equal(actual, expected, what: str, *context) -> None:
    check(actual == expected, f"{what}: expected {expected!r}, found {actual!r}", *context)


def money(actual, expected: str, what: str, *context) -> None:
    """Checks that an amount has exactly these digits: 25.0 does not count as 25.00."""
    check(isinstance(actual, Decimal) and str(actual) == expected, f"{what}: expected {expected}, found {actual!r}", *context)


def wait_for(condition, limit: float, what: str, pause: float = 0.1):
    """Waits for the first true value of `condition` and returns it; until then `condition` may fail to connect."""
    end = time.monotonic() + limit
    while True:
        with contextlib.suppress(*NETWORK_ERRORS):
            value = condition()
            if value:
                return value
        check(time.monotonic() < end, f"not within {limit:g} s: {what}")
        time.sleep(pause)


class Ports:
    """Free ports below the range from which the kernel serves outgoing connections."""

    lock = threading.Lock()
    last = 20000 + os.getpid() % 6000

    @classmethod
    def free(cls) -> int:
        with cls.lock:
            while True:
                cls.last = 20000 + (cls.last - 20000 + 1) % 12000
                with socket.socket() as probe, contextlib.suppress(OSError):
                    probe.bind(("127.0.0.1", cls.last))
                    return cls.last


class CheckedClient(Client):
    """A client that checks in every answer what all answers must have."""

    # The till's own document; every till of a run serves the same one.
    document: dict | None = None

    def own_document(self) -> dict | None:
        """The till's own document; None if the till has just gone."""
        if CheckedClient.document is None:
            with contextlib.suppress(*NETWORK_ERRORS):
                CheckedClient.document = json.loads(http_call(self.url, "GET", "/openapi.json").text)
        return CheckedClient.document

    def call(self, method, operation, body="", timeout=40, **change) -> Answer:
        answer = super().call(method, operation, body, timeout, **change)
        where = f"{method} {operation}: {answer}"
        check(answer.headers.get("X-Request-Id"), "an answer without X-Request-Id", where)
        differences = schema.differences(method, self.BASE + operation, answer.status, answer.json)
        equal(differences, [], "differences from the vendor's schema", where)
        if document := self.own_document():
            differences = schema.own_differences(document, method, self.BASE + operation, answer.status, answer.json)
            equal(differences, [], "differences from /openapi.json", where)
        if answer.status == 200:
            check(isinstance(answer.json, dict) and answer.json.get("success") is True, "200 without success", where)
        if answer.status == 422:
            check(isinstance(answer.json, dict) and answer.json.get("success") is False, "422 with success", where)
            check(answer.error, "422 without errorType", where)
        if method == "POST" and operation in CREATING:
            check(answer.state in ("registered", "not_registered", "unknown"), "no X-Fiscal-State", where)
            check(answer.status in (200, 401, 413, 422, 429, 503), "an unexpected status", where)
            if answer.status == 200:
                equal(answer.state, "registered", "state of a 200", where)
            if answer.status in (401, 413, 429, 503):
                equal(answer.state, "unknown", f"state of a {answer.status}", where)
            if answer.error == "OutcomeUnknown":
                equal(answer.state, "unknown", "state of OutcomeUnknown", where)
                check(answer.headers.get("Retry-After"), "OutcomeUnknown without Retry-After", where)
            if answer.error == "DeviceUnsettled":
                equal(answer.state, "not_registered", "state of DeviceUnsettled", where)
        return answer

    def settle(self, operation: str, body: str, limit: float = 90) -> Answer:
        """Repeats a request with an id until the outcome is known, and returns the last answer."""
        return self._repeat(operation, body, limit, lambda answer: answer.state != "unknown", "an outcome")

    def until_registered(self, operation: str, body: str, limit: float = 90) -> Answer:
        """Repeats a request with an id until the document is registered, and returns the last answer."""
        return self._repeat(operation, body, limit, lambda answer: answer.state == "registered", "registered")

    def _repeat(self, operation, body, limit, good, what) -> Answer:
        end, last = time.monotonic() + limit, None
        while True:
            try:
                last = self.post(operation, body)
                if good(last):
                    return last
            except NETWORK_ERRORS as error:
                last = error
            check(time.monotonic() < end, f"not within {limit:g} s: {what}", last, body[:500])
            time.sleep(0.3)


class Simulator:
    """The simulator switches under /sim that one process serves."""

    def __init__(self, url: str):
        self.url = url

    def _json(self, method: str, path: str, body=None):
        text = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if text else {}
        answer = http_call(self.url, method, "/sim/" + path, text, headers, timeout=10)
        check(answer.status in (200, 201, 202, 204), f"{method} /sim/{path} failed", answer)
        return answer.json

    def printer(self) -> dict:
        return self._json("GET", "printer?receipts=all")

    def receipts(self, total: str | None = None) -> list[dict]:
        """The fiscal receipts in the printer's memory; with `total` only those with this total."""
        return [one for one in self.printer()["fiscal_receipts"] if total is None or one["total"] == total]

    def set_printer(self, **switches) -> None:
        self._json("PUT", "printer", switches)

    def fault(self, kind: str, command: str, times: int = 1, ms: int = 0) -> None:
        self._json("POST", "printer/faults", {"kind": kind, "command": command, "times": times, "ms": ms})

    def clear_faults(self) -> None:
        self._json("DELETE", "printer/faults")

    def paper(self) -> str:
        return http_call(self.url, "GET", "/sim/printer/paper", timeout=10).text

    def set_clock(self, offset_s: int) -> None:
        self._json("PUT", "clock", {"offset_s": offset_s})

    def authority(self) -> dict:
        return self._json("GET", "authority")

    def set_authority(self, state: str, ms: int = 0) -> None:
        self._json("PUT", "authority", {"state": state, "ms": ms})

    def received(self, kind: str | None = None) -> list[dict]:
        return self._json("GET", "authority/received" + (f"?kind={kind}" if kind else ""))


class Stage:
    """The processes and files of one scenario."""

    def __init__(self, binary: str, limit: float):
        self.binary, self.limit = binary, limit
        self.folder = Path(tempfile.mkdtemp(prefix="ferrotill-acceptance-"))
        self.link = self.folder / "printer"
        self.processes: dict[str, subprocess.Popen] = {}
        self.ports: dict[str, int] = {}
        self.expired = False
        self.device = DEVICE
        self.config = CONFIG
        self._prices = 0
        self._watchdog = threading.Timer(limit, self._expire)

    def __enter__(self) -> Stage:
        self._watchdog.daemon = True
        self._watchdog.start()
        return self

    def __exit__(self, *_) -> None:
        self._watchdog.cancel()
        for name in list(self.processes):
            self.kill(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _expire(self) -> None:
        self.expired = True
        for name in list(self.processes):
            self.kill(name)

    # Processes.

    def spawn(self, name: str, *arguments) -> subprocess.Popen:
        check(not self.expired, f"the scenario took longer than {self.limit:g} s")
        with open(self.folder / f"{name}.out", "ab") as out, open(self.folder / f"{name}.err", "ab") as err:
            process = subprocess.Popen(
                [self.binary, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=self.folder, start_new_session=True,
            )
        self.processes[name] = process
        return process

    def kill(self, name: str, how: int = signal.SIGKILL) -> None:
        process = self.processes.get(name)
        if process and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)

    def alive(self, name: str) -> None:
        code = self.processes[name].poll()
        check(code is None, f"{name} ended with exit code {code}")

    def started(self, name: str, condition, limit: float = 20) -> None:
        def ready():
            self.alive(name)
            return condition()

        wait_for(ready, limit, f"{name} is ready")

    def logs(self) -> str:
        """The last log lines of every process."""
        parts = []
        for path in sorted(self.folder.glob("*.err")) + sorted(self.folder.glob("*.out")):
            lines = path.read_text("utf-8", "replace").splitlines()[-25:]
            if lines:
                parts.append(f"    --- {path.name}\n" + "\n".join("    " + line[:400] for line in lines))
        return "\n".join(parts)

    # The programs of a scenario.

    def _port(self, name: str) -> int:
        return self.ports.setdefault(name, Ports.free())

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._port(name)}"

    def demo(self) -> tuple[CheckedClient, Simulator]:
        """Printer, authority and agent in one process that sells nothing by itself."""
        self.spawn("demo", "demo", "--serve", "--json", "--listen", f"127.0.0.1:{self._port('demo')}")
        out = self.folder / "demo.out"
        self.started("demo", lambda: b"\n" in out.read_bytes())
        ready = json.loads(out.read_text("utf-8").splitlines()[0])
        check(ready.get("ready") is True, "the first line does not say ready", ready)
        self.ready = ready
        client = CheckedClient(ready["url"], ready["api_key"], ready["api_secret"], ready["device_id"])
        return client, Simulator(ready["url"])

    def emulator(self) -> Simulator:
        self.spawn(
            "emulator", "emulator", "--family", "datecs", "--link", self.link,
            "--memory", self.folder / "memory", "--listen", f"127.0.0.1:{self._port('emulator')}",
        )
        simulator = Simulator(self._url("emulator"))
        self.started("emulator", lambda: simulator.printer() and self.link.exists())
        return simulator

    def authority(self) -> Simulator:
        self.spawn("authority", "authority", "--listen", f"127.0.0.1:{self._port('authority')}")
        simulator = Simulator(self._url("authority"))
        self.started("authority", simulator.authority)
        return simulator

    def agent_process(self) -> CheckedClient:
        """Starts `ferrotill run` with the configuration file of the scenario, and does not wait until the agent is ready."""
        config = self.folder / "ferrotill.toml"
        config.write_text(self.config.format(
            folder=self.folder, link=self.link, port=self._port("agent"), authority=self._port("authority"),
            key=KEY, secret=SECRET, device=self.device,
        ), "utf-8")
        (self.folder / "data").mkdir(exist_ok=True)
        self.spawn("agent", "run", "--config", config)
        return CheckedClient(self._url("agent"), KEY, SECRET, self.device)

    def agent(self) -> CheckedClient:
        """Starts `ferrotill run` with the configuration file `CONFIG` above, and waits until the agent is ready.

        A second call starts the agent on the same data and port.
        """
        client = self.agent_process()
        self.started("agent", lambda: http_call(client.url, "GET", "/readyz", timeout=5).status == 200)
        return client

    def all_three(self) -> tuple[CheckedClient, Simulator, Simulator]:
        printer, authority = self.emulator(), self.authority()
        return self.agent(), printer, authority

    # Small helpers.

    def price(self) -> str:
        """A price that no other sale of this scenario has, so that a receipt is recognised by its total."""
        self._prices += 1
        return str(Decimal("10.00") + Decimal("0.01") * self._prices)


def new_id() -> str:
    return str(uuid.uuid4())


class Background:
    """A call that runs on a thread of its own; its outcome may be a broken connection."""

    def __init__(self, function, *arguments):
        self.result = self.error = None
        self._thread = threading.Thread(target=self._run, args=(function, arguments), daemon=True)
        self._thread.start()

    def _run(self, function, arguments) -> None:
        try:
            self.result = function(*arguments)
        except BaseException as error:  # the error is passed to the thread that asks for the outcome
            self.error = error

    def done(self) -> bool:
        return not self._thread.is_alive()

    def join(self, limit: float = 60):
        """Waits for the result of the call; `None` if the connection broke."""
        self._thread.join(limit)
        check(self.done(), f"a call took longer than {limit:g} s")
        if self.error is not None and not isinstance(self.error, NETWORK_ERRORS):
            raise self.error
        return self.result


# All scenarios by name, each with its time limit in seconds; each module of scenarios adds its own.
SCENARIOS: dict[str, tuple] = {}


def scenario(limit: float):
    """Registers a function with one argument of type `Stage` as a scenario, under the function's name."""

    def register(function):
        SCENARIOS[function.__name__] = (function, limit)
        return function

    return register
