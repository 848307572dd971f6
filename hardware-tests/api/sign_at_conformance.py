#!/usr/bin/env python3
"""Every operation, state, transition and field of SIGN AT that public texts and clients show, asked of a till that was just started.

Written from those texts and clients, and from no page of this program. All differences are named, not only the first one. SIGN_AT_URL,
SIGN_AT_KEY and SIGN_AT_SECRET name the service; FERROTILL_URL has the switches of the simulated FinanzOnline and of the signature unit.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from decimal import Decimal

URL, KEY, SECRET = (os.environ[f"SIGN_AT_{name}"] for name in ("URL", "KEY", "SECRET"))
SWITCHES = os.environ["FERROTILL_URL"]
OUTAGE = "Sicherheitseinrichtung ausgefallen"
RATES = ("standard", "reduced_1", "reduced_2", "special", "zero")
differences: list[str] = []
operations: set[str] = set()


def check(what: str, right: bool, seen: object = "") -> None:
    if not right:
        differences.append(f"{what}: {str(seen)[:400]}")


class Answer:
    def __init__(self, status: int, headers, text: str):
        self.status, self.headers = status, headers
        try:
            self.body = json.loads(text)
        except ValueError:
            self.body = {"not json": text}

    def __getitem__(self, name: str):
        return self.body.get(name) if isinstance(self.body, dict) else None


class Caller:
    def __init__(self):
        self.token = None

    def send(self, method: str, path: str, body=None, headers: dict | None = None, base: str = URL) -> Answer:
        headers = {"Content-Type": "application/json", **(headers or {})}
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        request = urllib.request.Request(base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    def ok(self, method: str, path: str, body=None, operation: str = "") -> Answer:
        """A success has status 200, whatever the method."""
        said = self.send(method, path, body)
        what = f"{method} {path}"
        check(f"{what} has status 200", said.status == 200, (said.status, said.body))
        check(f"{what} has both request ids", bool(said.headers.get("X-Request-Id") and said.headers.get("request-id")), dict(said.headers))
        if operation:
            operations.add(operation)
        return said

    def no(self, status: int, code: str, method: str, path: str, body=None, headers=None) -> Answer:
        said = self.send(method, path, body, headers)
        what = f"{method} {path} {str(body)[:120]} is refused with {status} {code}"
        check(what, said.status == status and said["code"] == code, (said.status, said.body))
        reasons = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 504: "Gateway Timeout"}
        check(f"{what}: error is the reason phrase", said["error"] == reasons.get(status), said.body)
        check(f"{what}: the four members", said["status_code"] == said.status and bool(said["message"]), said.body)
        return said


def switch(caller: Caller, name: str, body: dict) -> None:
    said = caller.send("PUT", f"/sim/{name}", body, base=SWITCHES)
    assert said.status == 200, (name, said.status, said.body)


def resource(said: Answer, kind: str, needed: tuple, absent: tuple = ()) -> None:
    body = said.body
    for name in ("_id", "_type", "_env", "_version", *needed):
        check(f"{kind} has {name}", body.get(name) is not None, body)
    for name in absent:
        check(f"{kind} does not have {name} yet", name not in body, body)
    check(f"_type of {kind}", body.get("_type") == kind, body.get("_type"))
    check(f"_env of {kind}", body.get("_env") == "TEST", body.get("_env"))
    check(f"{kind} has no null", None not in body.values(), body)
    for name, value in body.items():
        if name.startswith("time_"):
            seconds = isinstance(value, int) and abs(value - time.time()) < 3 * 86400
            check(f"{name} of {kind} is a number of seconds", seconds, value)


def log_in(caller: Caller) -> None:
    said = caller.ok("POST", "/auth", {"api_key": KEY, "api_secret": SECRET}, "POST /auth")
    names = ("access_token", "access_token_claims", "access_token_expires_in", "access_token_expires_at",
             "refresh_token", "refresh_token_expires_in", "refresh_token_expires_at")
    for name in names:
        check(f"the tokens have {name}", bool(said[name]), said.body)
    check("claims", said["access_token_claims"].get("env") == "TEST" and bool(said["access_token_claims"].get("organization_id")), said.body)
    again = caller.ok("POST", "/auth", {"refresh_token": said["refresh_token"]})
    caller.no(401, "E_UNAUTHORIZED", "POST", "/auth", {"api_key": KEY, "api_secret": "wrong"})
    caller.no(401, "E_UNAUTHORIZED", "POST", "/auth", {"refresh_token": "x.y.z"})
    caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "POST", "/auth", {})
    caller.no(401, "E_UNAUTHORIZED", "GET", "/cash-register")
    caller.no(401, "E_UNAUTHORIZED", "GET", "/cash-register", None, {"Authorization": "Bearer nothing"})
    caller.token = again["access_token"]


def fon(caller: Caller) -> None:
    user = {"fon_participant_id": "123456789", "fon_user_id": "kasse1", "fon_user_pin": "geheim12"}
    known = lambda said: (said.status, said.body.get("fon_participant_id"), said.body.get("fon_user_id"))  # noqa: E731
    before = known(caller.send("GET", "/fon/auth"))
    switch(caller, "finanzonline", {"state": "down"})
    said = caller.no(504, "E_FON_REQUEST_TIMEOUT", "PUT", "/fon/auth", user)
    check("a client waits before it repeats", bool(said.headers.get("Retry-After")), dict(said.headers))
    now = known(caller.send("GET", "/fon/auth"))
    check("without an answer nothing is created", now == before, (before, now))
    switch(caller, "finanzonline", {"state": "html"})
    caller.no(504, "E_FON_REQUEST_TIMEOUT", "PUT", "/fon/auth", user)
    switch(caller, "finanzonline", {"state": "up"})
    for missing in user:
        caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PUT", "/fon/auth", {name: value for name, value in user.items() if name != missing})
    for said in (caller.ok("PUT", "/fon/auth", {**user, "more": 1}, "PUT /fon/auth"), caller.ok("GET", "/fon/auth", None, "GET /fon/auth")):
        check("status of the user", said["authentication_status"] == "AUTHENTICATED", said.body)
        for name in ("fon_participant_id", "fon_user_id", "time_authentication"):
            check(f"the user has {name}", bool(said[name]), said.body)
        check("the PIN is in no answer", "geheim12" not in json.dumps(said.body), said.body)
    said = caller.send("PUT", "/fon/auth", {**user, "fon_user_pin": "falsch12"})
    check("a wrong PIN is no success", 400 <= said.status < 500 and str(said["code"]).startswith("E_FON"), (said.status, said.body))
    check("the right user stays", caller.ok("GET", "/fon/auth")["authentication_status"] == "AUTHENTICATED")


def metadata(caller: Caller, path: str, what: str) -> None:
    get, patch = f"GET {what} metadata", f"PATCH {what} metadata"
    said = caller.ok("PATCH", f"{path}/metadata", {"my_key": "1", "other": "2"}, patch)
    check("metadata are answered", said["my_key"] == "1", said.body)
    caller.ok("PATCH", f"{path}/metadata", {"other": "3"})
    said = caller.ok("GET", f"{path}/metadata", None, get)
    check("a pair is replaced by its name", said.body.get("my_key") == "1" and said.body.get("other") == "3", said.body)
    check("the resource has them", caller.ok("GET", path)["metadata"].get("other") == "3")
    for body in ({f"k{i}": "v" for i in range(21)}, {"k" * 41: "v"}, {"k": "v" * 501}, {"k": {"deep": "v"}}, {"k": 1}, ["k"]):
        caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PATCH", f"{path}/metadata", body)
    caller.ok("PATCH", f"{path}/metadata", {"k" * 40: "v" * 500})
    caller.no(404, "E_RESOURCE_NOT_FOUND", "GET", f"{path.rsplit('/', 1)[0]}/{uuid.uuid4()}/metadata")


def unit(caller: Caller) -> str:
    root, name = "/signature-creation-unit", str(uuid.uuid4())
    path = f"{root}/{name}"
    caller.no(404, "E_RESOURCE_NOT_FOUND", "GET", path)
    caller.no(404, "E_RESOURCE_NOT_FOUND", "PATCH", path, {"state": "INITIALIZED"})
    empty = caller.ok("GET", f"{root}?limit=100&offset=0", None, "GET units")
    check("an empty list", empty["_type"] == "SIGNATURE_CREATION_UNIT_LIST" and empty["data"] == [] and empty["count"] == 0, empty.body)
    check("a list has _env and _version", bool(empty["_env"] and empty["_version"]), empty.body)
    for legal in ({}, {"vat_id": "12345678"}, {"gln": "123"}, {"vat_id": "ATU12345678", "gln": "1234567890123"}):
        caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PUT", path, {"legal_entity_id": legal})
    caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PUT", path, {})
    body = {"legal_entity_id": {"vat_id": "ATU12345678"}, "signature_creation_unit_id": name, "metadata": {"a": "1"}}
    said = caller.ok("PUT", path, body, "PUT unit")
    late = ("time_initialization", "time_decommission", "time_outage", "time_defect")
    resource(said, "SIGNATURE_CREATION_UNIT", ("state", "legal_entity_id", "certificate_serial_number", "time_creation", "metadata"), late)
    check("the state of a new unit", said["state"] in ("PENDING", "CREATED"), said["state"])
    check("the legal entity has one key", said["legal_entity_id"] == {"vat_id": "ATU12345678"}, said.body)
    check("the same again", caller.ok("PUT", path, body).body == said.body)
    check("without hyphens", caller.ok("GET", f"{root}/{name.replace('-', '')}")["_id"] == name)
    resource(caller.ok("GET", path, None, "GET unit"), "SIGNATURE_CREATION_UNIT", ("state",))
    caller.no(409, "E_RESOURCE_ALREADY_EXISTS", "PUT", path, {"legal_entity_id": {"gln": "1234567890123"}})
    caller.no(409, "E_SCU_LIMIT_REACHED", "PUT", f"{root}/{uuid.uuid4()}", body)
    for state in ("CREATED", "PENDING", "OUTAGE", "DEFECTIVE", "ON", 7):
        caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PATCH", path, {"state": state})
    metadata(caller, path, "unit")
    listed = caller.ok("GET", f"{root}?limit=1&offset=0")
    check("the list has the unit", listed["count"] == 1 and listed["data"][0]["_id"] == name, listed.body)
    check("count is that of all", caller.ok("GET", f"{root}?limit=1&offset=1")["count"] == 1)
    caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "GET", f"{root}?limit=101")
    return path


def register(caller: Caller, unit_path: str) -> str:
    root, name = "/cash-register", str(uuid.uuid4())
    path = f"{root}/{name}"
    caller.no(404, "E_RESOURCE_NOT_FOUND", "GET", path)
    said = caller.ok("PUT", path, {}, "PUT register")
    late = ("time_registration", "time_initialization", "initialization_receipt_id", "time_decommission", "decommission_receipt_id", "time_outage", "time_defect")
    resource(said, "CASH_REGISTER", ("state", "serial_number", "turnover_counter", "time_creation", "metadata"), late)
    check("the state of a new register", said["state"] == "CREATED", said["state"])
    check("the serial number has no _", "_" not in said["serial_number"], said["serial_number"])
    check("the turnover counter is a text", said["turnover_counter"] == "0", said["turnover_counter"])
    caller.no(409, "E_SCU_NOT_INITIALIZED", "PATCH", path, {"state": "REGISTERED"})
    key = str(uuid.uuid4())
    early = {"receipt_type": "NORMAL", "schema": {"raw": {"gross_amount_zero": "0.00"}}}
    caller.no(409, "E_CASH_REGISTER_NOT_INITIALIZED", "PUT", f"{path}/receipt/{key}", early)
    said = caller.ok("PATCH", unit_path, {"state": "INITIALIZED", "metadata": {"b": "2"}}, "PATCH unit")
    check("a PATCH answers with the new state", said["state"] == "INITIALIZED" and bool(said["time_initialization"]), said.body)
    check("a PATCH takes metadata", said["metadata"].get("b") == "2", said.body)
    check("the own state is taken", caller.ok("PATCH", unit_path, {"state": "INITIALIZED"})["state"] == "INITIALIZED")
    for state in ("INITIALIZED", "OUTAGE", "DEFECTIVE", "DECOMMISSIONED"):
        caller.no(409, "E_INVALID_STATE_TRANSITION", "PATCH", path, {"state": state})
    said = caller.ok("PATCH", path, {"state": "REGISTERED"}, "PATCH register")
    check("REGISTERED", said["state"] == "REGISTERED" and bool(said["time_registration"]) and "time_initialization" not in said.body, said.body)
    said = caller.ok("PATCH", path, {"state": "INITIALIZED"})
    check("INITIALIZED", said["state"] == "INITIALIZED" and bool(said["time_initialization"]), said.body)
    check("the answer has the start receipt at once", bool(said["initialization_receipt_id"]), said.body)
    check("the own state is taken", caller.ok("PATCH", path, {"state": "INITIALIZED"}).body == said.body)
    start = caller.ok("GET", f"{path}/receipt/{said['initialization_receipt_id']}", None, "GET receipt")
    check("the start receipt", start["receipt_type"] == "INITIALIZATION" and start["signed"] is True and start["receipt_number"] == "1", start.body)
    answered = caller.ok("POST", f"{path}/receipt/{start['_id']}/validation", None, "POST validation")
    check("a validation has two members", set(answered.body) == {"validation_result", "time_validation"}, answered.body)
    check("the start receipt is good", answered["validation_result"] == "SUCCESS", answered.body)
    metadata(caller, path, "register")
    with_text = caller.ok("PUT", f"{root}/{uuid.uuid4()}", {"description": "Bar", "metadata": {"a": "b"}, "cash_register_id": "x"})
    check("a register has its description", with_text["description"] == "Bar" and with_text["metadata"] == {"a": "b"}, with_text.body)
    caller.no(409, "E_RESOURCE_ALREADY_EXISTS", "PUT", f"{root}/{with_text['_id']}", {"description": "Saal"})
    listed = caller.ok("GET", f"{root}?limit=100&offset=0", None, "GET registers")
    ids = [entry["_id"] for entry in listed["data"]]
    check("the list of registers", listed["_type"] == "CASH_REGISTER_LIST" and listed["count"] == len(ids) and name in ids, listed.body)
    resource(caller.ok("GET", path, None, "GET register"), "CASH_REGISTER", ("state",))
    return path


def amounts(**given: str) -> dict:
    return {f"gross_amount_{rate}": given.get(rate, "0.00") for rate in RATES}


FIELDS = ("receipt_type", "receipt_number", "time_signature", "cash_register_serial_number", "cash_register_id", "signature_creation_unit_id",
          "qr_code_data", "signed", "schema", "hints", "fon_validations", "metadata")


def sign(caller: Caller, path: str, schema: dict, wanted: dict, kind: str = "NORMAL", **more) -> Answer:
    key = str(uuid.uuid4())
    said = caller.ok("PUT", f"{path}/receipt/{key}", {"receipt_type": kind, "schema": schema, "receipt_id": key, **more}, "PUT receipt")
    resource(said, "RECEIPT", FIELDS)
    check("the receipt has its id", said["_id"] == key, said["_id"])
    check("the receipt has its type", said["receipt_type"] == kind, said["receipt_type"])
    for name, amount in wanted.items():
        check(f"{name} of {schema}", Decimal(str(said["schema"]["raw"][name])) == Decimal(amount), said["schema"])
    for name, form in schema.items():
        if name != "raw":
            check(f"schema repeats {name}", name in said["schema"] and said["schema"][name].keys() == form.keys(), said["schema"])
    elements = said["qr_code_data"].split("_")
    check("the code has 13 elements", len(elements) == 14 and elements[0] == "" and elements[1].startswith("R1-AT"), said["qr_code_data"])
    check("the code has the register", elements[2] == said["cash_register_serial_number"], said["qr_code_data"])
    check("the code has the number", elements[3] == said["receipt_number"] and int(said["receipt_number"]) > 1, said["qr_code_data"])
    order = ("standard", "reduced_1", "reduced_2", "zero", "special")
    for element, rate in zip(elements[5:10], order):
        amount = Decimal(said["schema"]["raw"][f"gross_amount_{rate}"])
        check(f"the code has {rate}", Decimal(element.replace(",", ".")) == amount, said["qr_code_data"])
    check("a GET gives the same", caller.ok("GET", f"{path}/receipt/{key}").body == said.body)
    check("a GET by number gives the same", caller.ok("GET", f"{path}/receipt/{said['receipt_number']}").body == said.body)
    return said


def standard(rate: str, amount, **more) -> dict:
    return {"standard_v1": {"amounts_per_vat_rate": [{"vat_rate": rate, "amount": amount}], **more}}


def receipts(caller: Caller, path: str) -> None:
    for rate, name in zip(("STANDARD", "REDUCED_1", "REDUCED_2", "SPECIAL", "ZERO"), RATES):
        sign(caller, path, standard(rate, "1.10"), amounts(**{name: "1.10"}))
    sign(caller, path, standard("NULL", "1.10"), amounts(zero="1.10"))
    sign(caller, path, standard("STANDARD", 12), amounts(standard="12.00"))
    paid = [{"payment_type": "CASH", "amount": "5.00", "currency_code": "EUR"}, {"payment_type": "NON_CASH", "amount": 1, "currency_code": "EUR"},
            {"payment_type": "VOUCHER", "amount": "4.00", "currency_code": "EUR"}]
    lines = [{"quantity": "1", "text": "Suppe", "price_per_unit": "10.00"}, {"quantity": 2, "text": "", "price_per_unit": 0}]
    two = {"amounts_per_vat_rate": [{"vat_rate": "REDUCED_1", "amount": "10.00"}, {"vat_rate": "REDUCED_1", "amount": "0.50"}],
           "amounts_per_payment_type": paid, "line_items": lines}
    sign(caller, path, {"standard_v1": two}, amounts(reduced_1="10.50"), metadata={"doc": "SI-1"})
    null = standard("ZERO", "0.00", line_items=[{"quantity": 1, "text": "Nullbeleg", "price_per_unit": "0.00"}])
    sign(caller, path, null, amounts())
    negative = standard("REDUCED_1", "-10.50", amounts_per_payment_type=[{"payment_type": "CASH", "amount": "-10.50", "currency_code": "EUR"}],
                        line_items=[{"quantity": "-1", "text": "Suppe", "price_per_unit": "10.50"}])
    void = sign(caller, path, negative, amounts(reduced_1="-10.50"), "CANCELLATION")
    check("a void has its mark", void["qr_code_data"].split("_")[10] == base64.b64encode(b"STO").decode(), void["qr_code_data"])
    sign(caller, path, {"raw": amounts(standard="24.00", special="4.90", zero="-3.00")}, amounts(standard="24.00", special="4.90", zero="-3.00"))
    sign(caller, path, {"raw": {"gross_amount_standard": "1.00"}}, amounts(standard="1.00"))
    training = sign(caller, path, {"raw": amounts(standard="99.00")}, amounts(standard="99.00"), "TRAINING")
    check("a training has its mark", training["qr_code_data"].split("_")[10] == base64.b64encode(b"TRA").decode(), training["qr_code_data"])
    ekabs(caller, path)
    refused_receipts(caller, path)


def ekabs(caller: Caller, path: str) -> None:
    seller = {"name": "Gasthaus", "tax_number": "ATU12345678", "tax_exemption": False,
              "address": {"street": "Weg 1", "postal_code": "1010", "city": "Wien", "country_code": "AUT"}}
    head = {"id": "a-1", "number": 5, "date": "2026-11-29T10:00:00Z", "seller": seller, "buyer": {"name": "", "tax_number": ""}}

    def form(vat: list, total: str = "1.00", **more) -> dict:
        lines = [{"text": "Wein", "additional_text": "", "vat_amounts": [{"percentage": "20.00", "incl_vat": total}],
                  "item": {"number": 1, "quantity": 1.0, "price_per_unit": total}}]
        return {"ekabs_v0": {"head": head, "data": {"currency": "EUR", "full_amount_incl_vat": total, "payment_types": [{"name": "Karte", "amount": total}],
                                                    "vat_amounts": vat, "lines": lines, **more}}}

    for percentage, name in (("20.00", "standard"), ("10.00", "reduced_1"), ("13.00", "reduced_2"), ("0.00", "zero"), ("19.00", "special"),
                             ("4.90", "special"), (20, "standard"), ("20", "standard"), (4.9, "special")):
        vat = [{"percentage": percentage, "incl_vat": "1.00", "excl_vat": "0.83", "vat": "0.17"}]
        sign(caller, path, form(vat), amounts(**{name: "1.00"}))
    named = [{"vat_rate": "REDUCED_2", "percentage": "20.00", "incl_vat": 3, "excl_vat": "", "vat": ""}]
    sign(caller, path, form(named, "3.00"), amounts(reduced_2="3.00"))
    back = [{"percentage": "20.00", "incl_vat": "-1.00", "excl_vat": "-0.83", "vat": "-0.17"}]
    sign(caller, path, form(back, "-1.00"), amounts(standard="-1.00"), "CANCELLATION")


def refused_receipts(caller: Caller, path: str) -> None:
    bad = [
        {}, {"receipt_type": "NORMAL"}, {"receipt_type": "NORMAL", "schema": {}}, {"schema": {"raw": amounts()}},
        {"receipt_type": "INITIALIZATION", "schema": {"raw": amounts()}}, {"receipt_type": "MONTHLY_CLOSE", "schema": {"raw": amounts()}},
        {"receipt_type": "NORMAL", "schema": standard("NORMAL", "1.00")}, {"receipt_type": "NORMAL", "schema": standard("STANDARD", "1.005")},
        {"receipt_type": "NORMAL", "schema": standard("STANDARD", "one")}, {"receipt_type": "NORMAL", "schema": {"standard_v1": {}}},
        {"receipt_type": "NORMAL", "schema": {"raw": {"gross_amount_standard": "1,00"}}}, {"receipt_type": "NORMAL", "schema": {"ekabs_v0": {}}},
        {"receipt_type": "NORMAL", "schema": {"raw": amounts()}, "metadata": {f"k{i}": "v" for i in range(21)}},
    ]
    for body in bad:
        said = caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PUT", f"{path}/receipt/{uuid.uuid4()}", body)
        check("a fault names its place in the body", "body" in str(said["message"]), said.body)
    caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PUT", f"{path}/receipt/{uuid.uuid4()}", b"[")
    right = {"receipt_type": "NORMAL", "schema": {"raw": amounts(standard="1.00")}}
    caller.no(404, "E_RESOURCE_NOT_FOUND", "PUT", f"/cash-register/{uuid.uuid4()}/receipt/{uuid.uuid4()}", right)
    caller.no(404, "E_RESOURCE_NOT_FOUND", "GET", f"{path}/receipt/{uuid.uuid4()}")
    caller.no(404, "E_RESOURCE_NOT_FOUND", "GET", f"{path}/receipt/999999")
    caller.no(404, "E_RESOURCE_NOT_FOUND", "POST", f"{path}/receipt/{uuid.uuid4()}/validation")
    key = f"{path}/receipt/{uuid.uuid4()}"
    first = caller.ok("PUT", key, right)
    check("the same id with the same content", caller.ok("PUT", key, right).body == first.body)
    loose = {"receipt_type": "NORMAL", "schema": {"raw": {**amounts(), "gross_amount_standard": 1}}}
    again = caller.send("PUT", key, loose)
    check("a number instead of a text is the same content", again.status == 200 and again["qr_code_data"] == first["qr_code_data"], again.body)
    caller.no(409, "E_RESOURCE_ALREADY_EXISTS", "PUT", key, {"receipt_type": "NORMAL", "schema": {"raw": amounts(standard="2.00")}})
    caller.no(409, "E_RESOURCE_ALREADY_EXISTS", "PUT", key, {**right, "receipt_type": "CANCELLATION"})
    metadata(caller, key, "receipt")
    for times in (1, 2):
        said = caller.ok("POST", f"{key}/validation", {"receipt_id": "x"})
        check("a receipt is checked", said["validation_result"] == "SUCCESS", said.body)
        known = caller.ok("GET", key)["fon_validations"]
        moments = [entry["time_validation"] for entry in known]
        check("validations are appended", len(known) == times and moments == sorted(moments), known)
    switch(caller, "finanzonline", {"state": "code", "code": "43"})
    said = caller.ok("POST", f"{key}/validation")
    check("what is accepted is not asked about again", said["validation_result"] == "SUCCESS", said.body)
    other = f"{path}/receipt/{uuid.uuid4()}"
    caller.ok("PUT", other, right)
    said = caller.ok("POST", f"{other}/validation")
    check("a bad receipt", said["validation_result"] == "ERROR_UNSPECIFIED", said.body)
    switch(caller, "finanzonline", {"state": "down"})
    caller.no(504, "E_FON_REQUEST_TIMEOUT", "POST", f"{other}/validation")
    check("a receipt is signed while FinanzOnline is down", sign(caller, path, standard("STANDARD", "1.00"), amounts(standard="1.00"))["signed"] is True)
    switch(caller, "finanzonline", {"state": "up"})


def lists(caller: Caller, path: str) -> None:
    said = caller.ok("GET", f"{path}/receipt", None, "GET receipts")
    count = said["count"]
    check("the list of receipts", said["_type"] == "RECEIPT_LIST" and bool(said["_env"] and said["_version"]), said.body)
    numbers = [int(entry["receipt_number"]) for entry in said["data"]]
    check("ascending from 1 without a gap", numbers == list(range(1, min(count, 100) + 1)), numbers)
    for entry in said["data"]:
        for name in ("_id", *FIELDS):
            check(f"an entry has {name}", entry.get(name) is not None, entry)
        check("fon_validations is a list", isinstance(entry["fon_validations"], list), entry)
    said = caller.ok("GET", f"{path}/receipt?order_by=receipt_number&order=DESC&limit=2&offset=1")
    check("descending with an offset", [int(entry["receipt_number"]) for entry in said["data"]] == [count - 1, count - 2], said.body)
    check("count is that of all", said["count"] == count, said["count"])
    types = "receipt_types=INITIALIZATION&receipt_types=TRAINING"
    said = caller.ok("GET", f"{path}/receipt?{types}")
    check("types are repeated", sorted({entry["receipt_type"] for entry in said["data"]}) == ["INITIALIZATION", "TRAINING"], said.body)
    check("count is that of the types", said["count"] == len(said["data"]), said["count"])
    for kind in ("NORMAL", "CANCELLATION", "DECOMMISSION", "MONTHLY_CLOSE", "YEARLY_CLOSE", "SIGNATURE_CREATION_UNIT_FAULT_CLEARANCE"):
        said = caller.ok("GET", f"{path}/receipt?receipt_types={kind}")
        check(f"only {kind}", {entry["receipt_type"] for entry in said["data"]} <= {kind}, said.body)
    for query in ("limit=0", "limit=101", "limit=x", "offset=-1", "order=UP", "order_by=colour", "receipt_types=SALE"):
        caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "GET", f"{path}/receipt?{query}")


def export(caller: Caller, path: str) -> None:
    said = caller.ok("GET", f"{path}/export", None, "GET export")
    check("the protocol is bare", list(said.body) == ["Belege-Gruppe"], list(said.body))
    compact = [text for group in said["Belege-Gruppe"] for text in group["Belege-kompakt"]]
    count = caller.ok("GET", f"{path}/receipt?limit=1")["count"]
    check("the protocol has every receipt", len(compact) == count, (len(compact), count))
    serial = caller.ok("GET", path)["serial_number"]
    previous, total = serial, 0
    for text in compact:
        header, payload, _ = text.split(".")
        elements = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode().split("_")
        check("the header is fixed", header == "eyJhbGciOiJFUzI1NiJ9", header)
        chain = base64.b64encode(hashlib.sha256(previous.encode()).digest()[:8]).decode()
        check("the chain goes on", elements[12] == chain, elements)
        if elements[10] != base64.b64encode(b"TRA").decode():
            total += sum(int(element.replace(",", "")) for element in elements[5:10])
        previous = text
    check("the turnover counter is the sum", caller.ok("GET", path)["turnover_counter"] == str(total), total)
    part = caller.ok("GET", f"{path}/export?start_receipt_number=2&end_receipt_number=4")
    check("a part by number", part["Belege-Gruppe"][0]["Belege-kompakt"] == compact[1:4], part.body)
    part = caller.ok("GET", f"{path}/export?start_time_signature=1&end_time_signature={int(time.time()) + 60}")
    check("a part by time", part["Belege-Gruppe"][0]["Belege-kompakt"] == compact, len(compact))
    caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "GET", f"{path}/export?start_receipt_number=x")
    caller.no(404, "E_RESOURCE_NOT_FOUND", "GET", f"/cash-register/{uuid.uuid4()}/export")


def settings(caller: Caller) -> None:
    names = ("monthly_receipt_validation_enabled", "yearly_receipt_validation_enabled")
    said = caller.ok("GET", "/configuration", None, "GET configuration")
    check("the switches", all(isinstance(said[name], bool) for name in names), said.body)
    for value in (True, False):
        said = caller.ok("PATCH", "/configuration", {names[0]: value}, "PATCH configuration")
        check("a switch is set", said[names[0]] is value and caller.ok("GET", "/configuration").body == said.body, said.body)
    caller.no(400, "E_FAILED_SCHEMA_VALIDATION", "PATCH", "/configuration", {names[0]: "yes"})


def outage(caller: Caller, path: str, unit_path: str) -> None:
    switch(caller, "signature_unit", {"state": "down"})
    said = sign(caller, path, standard("STANDARD", "2.00"), amounts(standard="2.00"))
    check("an unsigned receipt", said["signed"] is False and OUTAGE in said["hints"], said.body)
    check("the code says it", said["qr_code_data"].endswith(base64.b64encode(OUTAGE.encode()).decode()), said["qr_code_data"])
    known = caller.ok("GET", unit_path)
    check("the unit has an outage", known["state"] == "OUTAGE" and bool(known["time_outage"]), known.body)
    switch(caller, "signature_unit", {"state": "ok"})
    said = sign(caller, path, standard("STANDARD", "2.00"), amounts(standard="2.00"))
    check("a signed receipt has no hints", said["signed"] is True and said["hints"] == [], said.body)
    cleared = caller.ok("GET", f"{path}/receipt?receipt_types=SIGNATURE_CREATION_UNIT_FAULT_CLEARANCE")
    number = int(cleared["data"][0]["receipt_number"]) if cleared["data"] else 0
    check("the fault clearance is the first signed receipt", number + 1 == int(said["receipt_number"]), cleared.body)
    known = caller.ok("GET", unit_path)
    check("the outage is over", known["state"] == "INITIALIZED", known.body)


def end(caller: Caller, path: str, unit_path: str) -> None:
    said = caller.ok("PATCH", path, {"state": "OUTAGE"})
    check("a register's outage", said["state"] == "OUTAGE" and bool(said["time_outage"]), said.body)
    back = caller.ok("PATCH", path, {"state": "INITIALIZED"})
    check("and back", back["state"] == "INITIALIZED", back.body)
    right = {"receipt_type": "NORMAL", "schema": {"raw": amounts(standard="1.00")}}
    signed = f"{path}/receipt/{uuid.uuid4()}"
    first = caller.ok("PUT", signed, right)
    said = caller.ok("PATCH", path, {"state": "DECOMMISSIONED"})
    check("the end", said["state"] == "DECOMMISSIONED" and bool(said["time_decommission"] and said["decommission_receipt_id"]), said.body)
    closing = caller.ok("GET", f"{path}/receipt/{said['decommission_receipt_id']}")
    check("the closing receipt", closing["receipt_type"] == "DECOMMISSION" and closing["signed"] is True, closing.body)
    caller.no(409, "E_CASH_REGISTER_DEACTIVATED", "PUT", f"{path}/receipt/{uuid.uuid4()}", right)
    check("a retry after the end", caller.ok("PUT", signed, right).body == first.body)
    for state in ("REGISTERED", "INITIALIZED", "OUTAGE", "DEFECTIVE"):
        caller.no(409, "E_INVALID_STATE_TRANSITION", "PATCH", path, {"state": state})
    broken = f"/cash-register/{uuid.uuid4()}"
    caller.ok("PUT", broken, {})
    for state in ("REGISTERED", "INITIALIZED", "DEFECTIVE"):
        said = caller.ok("PATCH", broken, {"state": state})
        check(f"a register becomes {state}", said["state"] == state, said.body)
    check("the time of the defect", bool(said["time_defect"]), said.body)
    caller.no(409, "E_CASH_REGISTER_DEACTIVATED", "PUT", f"{broken}/receipt/{uuid.uuid4()}", right)
    for state in ("INITIALIZED", "OUTAGE", "REGISTERED"):
        caller.no(409, "E_INVALID_STATE_TRANSITION", "PATCH", broken, {"state": state})
    other = f"/cash-register/{uuid.uuid4()}"
    caller.ok("PUT", other, {})
    caller.ok("PATCH", other, {"state": "REGISTERED"})
    caller.ok("PATCH", other, {"state": "INITIALIZED"})
    said = caller.ok("PATCH", unit_path, {"state": "DECOMMISSIONED"})
    check("the end of the unit", said["state"] == "DECOMMISSIONED" and bool(said["time_decommission"]), said.body)
    caller.no(409, "E_INVALID_STATE_TRANSITION", "PATCH", unit_path, {"state": "INITIALIZED"})
    caller.no(409, "E_SCU_DEACTIVATED", "PUT", f"{other}/receipt/{uuid.uuid4()}", right)
    caller.no(404, "E_RESOURCE_NOT_FOUND", "GET", "/nothing")
    said = caller.no(405, "E_METHOD_NOT_ALLOWED", "DELETE", path)
    check("a wrong method names the right ones", bool(said.headers.get("Allow")), dict(said.headers))


def main() -> None:
    caller = Caller()
    log_in(caller)
    fon(caller)
    unit_path = unit(caller)
    path = register(caller, unit_path)
    receipts(caller, path)
    lists(caller, path)
    settings(caller)
    outage(caller, path, unit_path)
    export(caller, path)
    end(caller, path, unit_path)
    if differences:
        sys.exit("\n".join(differences))
    print(f"{len(operations)} operations")


if __name__ == "__main__":
    main()
