#!/usr/bin/env python3
"""An independent client of the SIGN AT API, used as a check of a server.

    sign_at_client_from_spec.py BASE_URL TOKEN_KEY TOKEN_SECRET

It is written from the description of the API alone. It takes a signature creation unit and a
cash register through their whole life, signs receipts, reads all back, and provokes errors.
Each answer is compared with what is promised: names, types, states, and times that are absent
until their state is reached. The compact form of each receipt is rebuilt from its QR code.
It prints a line for each step and each difference, and exits with 1 if there is a difference.
The server must be in the environment TEST, and its organization without a unit so far.
"""
import base64
import datetime
import hashlib
import json
import re
import sys
import time
import uuid
from http.client import responses
from urllib import error, request
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

RAW = {"STANDARD": "gross_amount_standard", "REDUCED_1": "gross_amount_reduced_1",
       "REDUCED_2": "gross_amount_reduced_2", "ZERO": "gross_amount_zero",
       "SPECIAL": "gross_amount_special"}  # in the order of the QR code
INVALID, UNAUTHORIZED = "400 E_FAILED_SCHEMA_VALIDATION", "401 E_UNAUTHORIZED"
UNKNOWN, EXISTS = "404 E_RESOURCE_NOT_FOUND", "409 E_RESOURCE_ALREADY_EXISTS"
TRANSITION, REFUSED = "40[09] E_INVALID_STATE_TRANSITION", r"40[09] \w+"


def shape(**names):
    """The members that an object must have, each with its type."""
    types = {"bool": bool, "dict": dict, "int": int, "list": list, "str": str}
    return {name: types[kind] for kind in names for name in names[kind].split()}


TOKENS = shape(str="access_token refresh_token", dict="access_token_claims", int="""
    access_token_expires_in access_token_expires_at refresh_token_expires_in
    refresh_token_expires_at""")
FON = shape(str="fon_participant_id fon_user_id authentication_status", int="time_authentication")
SWITCHES = shape(bool="monthly_receipt_validation_enabled yearly_receipt_validation_enabled")
RESOURCE = shape(str="_id _type _env _version state", int="time_creation", dict="metadata")
UNIT = shape(int="time_pending") | RESOURCE | shape(
    str="legal_entity_name certificate_serial_number", dict="legal_entity_id")
REGISTER = RESOURCE | shape(str="serial_number turnover_counter description")
REACHED = {  # what a register has in addition; a unit has the times, but is never REGISTERED
    "CREATED": {}, "REGISTERED": shape(int="time_registration"),
    "INITIALIZED": shape(int="time_initialization", str="initialization_receipt_id"),
    "DECOMMISSIONED": shape(int="time_decommission", str="decommission_receipt_id")}
RECEIPT = shape(int="time_signature", bool="signed", dict="schema metadata", list="hints", str="""
    _id _type _env _version receipt_type receipt_number qr_code_data cash_register_serial_number
    cash_register_id signature_creation_unit_id""")
VALIDATION = shape(str="validation_result", int="time_validation")
LIST = shape(str="_type _env _version", list="data", int="count")
GROUP = shape(str="Signaturzertifikat", list="Zertifizierungsstellen Belege-kompakt")


def new(path):
    """The path of a resource with a new id, which is its last 36 characters."""
    return f"{path}/{uuid.uuid4()}"


def sale(amounts, kind="NORMAL", **more):
    """The body of a receipt in the form standard_v1."""
    rates = [{"vat_rate": rate, "amount": amount} for rate, amount in amounts]
    schema = {"standard_v1": {"amounts_per_vat_rate": rates, **more}}
    return {"receipt_type": kind, "schema": schema}


def orders():
    """The receipts to sign: a name, the body, and the amounts that must be signed."""
    all_rates = dict(zip(RAW, ("12.00", "5.50", "3.39", "-0.06", "1.05")))
    one, cash = [("STANDARD", "-12.00")], {"payment_type": "CASH", "currency_code": "EUR"}
    item = {"quantity": "2", "text": "Käse", "price_per_unit": "6.00"}
    yield ("a sale with all rates", sale(
        all_rates.items(), amounts_per_payment_type=[
            {**cash, "amount": "20.00"}, {**cash, "amount": "1.88", "payment_type": "NON_CASH"}],
        line_items=[item, {**item, "quantity": 1.5, "text": "4006381333931"}]), all_rates)
    yield ("a sale in the form raw", {"receipt_type": "NORMAL", "metadata": {"table": "4"},
           "schema": {"raw": dict(zip(RAW.values(), all_rates.values()))}}, all_rates)
    vat = (20, "12.00"), (10, 2.2), (13, "1.13"), (0, "3.00"), (19, "1.00"), (4.9, "0.50")
    ekabs = {"head": {"id": "A-7", "number": 7, "date": "2026-01-31T10:00:00Z", "seller": {
        "name": "Muster", "tax_number": "", "tax_exemption": False}}, "data": {
        "currency": "EUR", "full_amount_incl_vat": "19.83", "lines": [],
        "payment_types": [{"name": "Karte", "amount": 19.83}],
        "vat_amounts": [{"percentage": f"{rate:.2f}", "incl_vat": gross} for rate, gross in vat]}}
    yield ("a sale in the form ekabs_v0", {"receipt_type": "NORMAL", "schema": {"ekabs_v0": ekabs}},
           dict(zip(RAW, ("12.00", "2.20", "1.13", "3.00", "1.50"))))
    yield ("a void", sale(one, "CANCELLATION", line_items=[{**item, "quantity": "-2"}],
                          amounts_per_payment_type=[{**cash, "amount": "-12.00"}]), dict(one))
    yield "a training receipt", sale(one, "TRAINING"), dict(one)
    yield "a zero receipt", sale([("ZERO", "0.00")], line_items=[item]), {}


def compact(receipt):
    """The compact form of the signed data, rebuilt from the QR code."""
    *fields, signature = receipt["qr_code_data"].split("_")[1:]
    payload = "".join("_" + field for field in fields).encode()
    parts = b'{"alg":"ES256"}', payload, base64.b64decode(signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


class Check:
    """One run against one server."""

    def __init__(self, base, key, secret):
        self.base, self.login = base.rstrip("/"), {"api_key": key, "api_secret": secret}
        self.token = self.unit = self.register = None
        self.differences, self.fon = 0, False  # fon: whether its user has been given
        self.unit_path, self.path = new("/signature-creation-unit"), new("/cash-register")

    def step(self, text):
        """Prints one line for a step that is done."""
        print(text, flush=True)

    def need(self, condition, text):
        """Prints a difference with this text unless the condition holds."""
        if not condition:
            self.differences += 1
            print(f"  DIFFERENCE: {text[:900]}", flush=True)

    def same(self, where, got, wanted):
        """Prints each place where both values differ."""
        if isinstance(got, dict) and isinstance(wanted, dict) and set(got) == set(wanted):
            for name in got:
                self.same(f"{where}.{name}", got[name], wanted[name])
        elif isinstance(got, list) and isinstance(wanted, list) and len(got) == len(wanted):
            for place, (left, right) in enumerate(zip(got, wanted)):
                self.same(f"{where}[{place}]", left, right)
        else:
            self.need(got == wanted, f"{where}: {wanted!r} wanted, got {got!r}")

    def send(self, method, path, body=None, token=None):
        """Sends one request; gives the status and the decoded body."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        head = {"Content-Type": "application/json"}
        if self.token if token is None else token:
            head["Authorization"] = f"Bearer {token or self.token}"
        order = request.Request(self.base + path, data, head, method=method)
        try:
            answer = request.urlopen(order, timeout=20)
        except error.HTTPError as refusal:
            answer = refusal
        with answer:
            text, head = answer.read().decode(), answer.headers
        ids = head.get("X-Request-Id"), head.get("request-id")
        self.need(ids[0] and ids[0] == ids[1], f"{method} {path}: ids of the request: {ids}")
        if head.get_content_type() != "application/json":
            raise ValueError(f"{method} {path}: status {answer.status} without JSON: {text}")
        return answer.status, json.loads(text)

    def ok(self, method, path, body=None, token=None):
        """Sends a request that must succeed (always 200), if need be after the FON user."""
        status, answer = self.send(method, path, body, token)
        if status != 200 and not self.fon and answer.get("code", "").startswith("E_FON_"):
            self.fon_user()
            status, answer = self.send(method, path, body, token)
        if status != 200:
            raise ValueError(f"{method} {path}: 200 wanted, got {status} {answer}")
        return answer

    def refused(self, wanted, method, path, body=None, token=None):
        """Sends a request that must be refused with this status and code."""
        status, answer = self.send(method, path, body, token)
        where = f"{method} {path} {body}: {wanted} wanted, got {status} {answer}"
        self.need(status != 200 and set(answer) == {"status_code", "error", "code", "message"}
                  and re.fullmatch(wanted, f"{status} {answer['code']}")
                  and [answer["status_code"], answer["error"]] == [status, responses[status]]
                  and (wanted != INVALID or method == "GET" or "body" in answer["message"]), where)

    def members(self, where, value, wanted, optional=None):
        """Checks that an object has exactly these members (and may have the optional ones)."""
        known = {**wanted, **(optional or {})}
        if not isinstance(value, dict) or set(wanted) - set(value):
            raise ValueError(f"{where}: {sorted(wanted)} wanted, got {value}")
        self.need(set(value) <= set(known), f"{where}: {set(value) - set(known)} is too much")
        for name in set(value) & set(known):
            good = type(value[name]) is known[name] and (
                value[name] != "" or name in ("description", "Signaturzertifikat"))
            self.need(good, f"{where}.{name}: {value[name]!r}")

    def check_state(self, value, path, state):
        """Checks the unit or the register in a state, with the times reached and no others."""
        wanted, may, kind = dict(REGISTER), {}, "CASH_REGISTER"
        for more in list(REACHED)[:list(REACHED).index(state.replace("OUTAGE", "INITIALIZED")) + 1]:
            wanted.update(REACHED[more])
        if path == self.unit_path:
            kind = "SIGNATURE_CREATION_UNIT"
            times = {"time_initialization", "time_decommission"} & set(wanted)
            wanted = UNIT | dict.fromkeys(sorted(times, reverse=True), int)
        elif "time_initialization" in wanted:
            (wanted if state == "OUTAGE" else may)["time_outage"] = int
        self.members(state, value, wanted, may)
        self.same(kind, value, {**value, "_id": path[-36:], "_type": kind, "_env": "TEST",
                                "state": state})
        times = [value[name] for name in wanted if name.startswith("time_")]
        self.need(times == sorted(times) and time.time() - 86400 < times[0]
                  and times[-1] < time.time() + 5, f"{state}: times out of order: {value}")
        self.same(f"GET {path}", self.ok("GET", path), value)
        return value

    def check_receipt(self, value, kind, amounts, listed=True):
        """Checks a receipt, its amounts, and the signed data in its QR code."""
        where, may = f"receipt {kind}", {"fon_validations": list}
        self.members(where, value, {**RECEIPT, **may} if listed else RECEIPT, may)
        serial, unit = self.register["serial_number"], self.unit
        self.same(where, value, {
            **value, "_type": "RECEIPT", "_env": "TEST", "receipt_type": kind, "signed": True,
            "hints": [], "cash_register_id": self.register["_id"],
            "cash_register_serial_number": serial, "signature_creation_unit_id": unit["_id"]})
        self.same(f"{where}: version of the UUID", uuid.UUID(value["_id"]).version, 4)
        for entry in value.get("fon_validations", []):
            self.members(where + ".fon_validations", entry, VALIDATION)
        raw, fields = value["schema"].get("raw"), value["qr_code_data"].split("_")[1:]
        amounts = {name: amounts.get(rate, "0.00") for rate, name in RAW.items()}
        self.same(f"{where}.schema.raw", raw, amounts)
        local = datetime.datetime.fromtimestamp(value["time_signature"], ZoneInfo("Europe/Vienna"))
        head = [serial, value["receipt_number"], local.isoformat()[:19],
                *(amount.replace(".", ",") for amount in amounts.values())]
        marker = {"CANCELLATION": "U1RP", "TRAINING": "VFJB"}.get(kind)
        sizes = [len(base64.b64decode(fields[place])) for place in (9, 11, 12)]
        self.need(fields[1:9] == head and re.fullmatch(r"R1-AT\d+", fields[0])
                  and (fields[9] == marker if marker else 5 <= sizes[0] <= 8) and len(fields) == 13
                  and sizes[1:] == [8, 64] and fields[10] == unit["certificate_serial_number"],
                  f"{where}: {head} and {unit['certificate_serial_number']} wanted in {fields}")
        return value

    def export(self, receipts):
        """Checks numbers and chain of all receipts; exports the protocol whole and in parts."""
        before = self.register["serial_number"]
        for number, receipt in enumerate(receipts, 1):
            chain = base64.b64encode(hashlib.sha256(before.encode()).digest()[:8]).decode()
            found = receipt["qr_code_data"].split("_")[12]
            self.same("number, chain", [receipt["receipt_number"], found], [str(number), chain])
            before = compact(receipt)
        self.step(f"each of {len(receipts)} receipts has the chain value of the one before")
        first, last = receipts[0]["time_signature"], receipts[-1]["time_signature"]
        times = {"start_time_signature": first, "end_time_signature": last}
        numbers = {"start_receipt_number": 2, "end_receipt_number": 4}
        for wanted, query in ((receipts, {}), (receipts, times), (receipts[1:4], numbers)):
            document, got = self.ok("GET", f"{self.path}/export?{urlencode(query)}"), []
            self.members("export", document, {"Belege-Gruppe": list})
            for group in document["Belege-Gruppe"]:
                self.members("export", group, GROUP)
                got += group["Belege-kompakt"]
            self.same(f"export {query}", got, [compact(receipt) for receipt in wanted])
        self.step(f"the protocol (DEP) has the {len(receipts)} receipts; its parts agree")

    def check_list(self, path, kind, query, idents, count=None):
        """Reads a list: these ids in this order, and the count of all entries."""
        answer = self.ok("GET", f"{path}?{urlencode(query)}")
        self.members(kind, answer, LIST)
        got = [entry["_id"] for entry in answer["data"]]
        count = len(idents) if count is None else count
        self.same(f"{path} {query}", [answer["_type"], answer["_env"], answer["count"], got],
                  [kind, "TEST", count, idents])
        return answer["data"]

    def check_metadata(self, path):
        """Reads and changes metadata: a change replaces the names that it gives."""
        path += "/metadata"
        self.same(path, self.ok("GET", path), {})
        self.ok("PATCH", path, {"first": "1", "text": "x" * 500, "k" * 40: "v"})
        wanted = {"first": "2", "text": "short", "k" * 40: "v"}
        self.same(path, self.ok("PATCH", path, {"first": "2", "text": "short"}), wanted)
        pairs = {f"key{number}": "v" for number in range(21)}
        for body in ({"k" * 41: "v"}, {"key": "v" * 501}, {"key": 1}, [], b"{", pairs):
            self.refused(INVALID, "PATCH", path, body)

    def log_in(self):
        """Gets tokens and refreshes them, and changes the configuration."""
        for wrong in ({**self.login, "api_secret": "wrong"}, {"refresh_token": "wrong"}):
            self.refused(UNAUTHORIZED, "POST", "/auth", wrong, "")
        first = self.ok("POST", "/auth", self.login, "")
        again = self.ok("POST", "/auth", {"refresh_token": first["refresh_token"]}, "")
        for answer in (first, again):
            self.members("tokens", answer, TOKENS)
            self.members("claims", answer["access_token_claims"], shape(str="env organization_id"))
            self.same("claims", answer["access_token_claims"]["env"], "TEST")
            left = answer["access_token_expires_at"] - time.time()
            self.need(abs(left - answer["access_token_expires_in"]) < 10, f"expires: {answer}")
        self.token = again["access_token"]
        for token in ("", "wrong", self.token[:-2], first["refresh_token"]):
            self.refused(UNAUTHORIZED, "GET", "/cash-register", token=token)
        on = dict.fromkeys(SWITCHES, True)
        answer = self.ok("PATCH", "/configuration", on)
        self.members("configuration", answer, SWITCHES, {"_env": str})
        self.same("configuration", self.ok("GET", "/configuration"), {**answer, **on})
        self.refused(INVALID, "PATCH", "/configuration", dict.fromkeys(SWITCHES, "yes"))
        self.step("logged in; wrong secrets and tokens are refused; the configuration is changed")

    def fon_user(self):
        """Gives the user of FinanzOnline; no answer has the PIN."""
        user, self.fon = {"fon_participant_id": "123456789", "fon_user_id": "kasse1"}, True
        self.refused(INVALID, "PUT", "/fon/auth", user)
        answer = self.ok("PUT", "/fon/auth", {**user, "fon_user_pin": "pin-12345"})
        self.members("fon/auth", answer, FON)
        user["authentication_status"] = "AUTHENTICATED"
        self.same("fon/auth", self.ok("GET", "/fon/auth"), {**answer, **user})
        self.step("the user of FinanzOnline is authenticated")

    def make_unit(self):
        """Takes the signature creation unit to INITIALIZED."""
        path, every, ident = self.unit_path, self.unit_path[:-37], self.unit_path[-36:]
        order = {"legal_entity_id": {"gln": "9012345678906"}, "legal_entity_name": "Muster"}
        self.refused(UNKNOWN, "GET", path)
        for entity in ({"vat_id": "ATU123"}, {"gln": "12"}, {}, "ATU12345678", None):
            self.refused(INVALID, "PUT", path, {**order, "legal_entity_id": entity})
        answer = self.ok("PUT", path, {**order, "signature_creation_unit_id": ident})
        while answer["state"] == "PENDING":
            answer = self.ok("GET", path)
        unit = self.check_state(answer, path, "CREATED")
        self.same("unit", unit, {**unit, **order})
        self.same("unit, repeated PUT", self.ok("PUT", path, order), unit)
        self.refused(EXISTS, "PUT", path, {**order, "legal_entity_name": "Other"})
        self.step("the unit is CREATED; faults and other content are refused")
        self.ok("PUT", self.path, {})
        self.refused("409 E_SCU_NOT_INITIALIZED", "PATCH", self.path, {"state": "REGISTERED"})
        for _ in range(2):
            unit = self.ok("PATCH", path, {"state": "INITIALIZED"})
            self.unit = self.check_state(unit, path, "INITIALIZED")
        for state in ("CREATED", "OUTAGE", "DEFECTIVE", "PENDING", "nonsense"):
            self.refused(REFUSED, "PATCH", path, {"state": state})
        self.refused("409 E_SCU_LIMIT_REACHED", "PUT", new(every), order)
        self.check_metadata(path)
        self.check_list(every, "SIGNATURE_CREATION_UNIT_LIST", {"limit": 100}, [ident])
        self.step("the unit is INITIALIZED; a second is refused; metadata and list agree")

    def make_register(self):
        """Takes the cash register to INITIALIZED; gives its start receipt."""
        path, body = self.path, sale([("STANDARD", "1.00")])
        for more in ("", "/metadata", "/export", "/receipt", new("/receipt")):
            self.refused(UNKNOWN, "GET", new("/cash-register") + more)
        self.refused(UNKNOWN, "PUT", new("/cash-register") + new("/receipt"), body)
        same = self.ok("PUT", path, {"cash_register_id": path[-36:]})
        self.check_state(same, path, "CREATED")
        self.refused("409 E_CASH_REGISTER_NOT_INITIALIZED", "PUT", path + new("/receipt"), body)
        self.refused(TRANSITION, "PATCH", path, {"state": "INITIALIZED"})
        self.step(f"the register is CREATED as {same['serial_number']}, and cannot sign yet")
        self.ok("PATCH", path, {"state": "REGISTERED"})
        if not self.fon:
            known, end = {}, time.time() + 10  # no E_FON_ so far: the server has had a user
            while known.get("authentication_status") != "AUTHENTICATED" and time.time() < end:
                known = self.ok("GET", "/fon/auth")
            self.members("fon/auth", known, FON)
            self.same("fon/auth", known["authentication_status"], "AUTHENTICATED")
            self.fon_user()
        for state in ("REGISTERED", "INITIALIZED", "INITIALIZED"):
            answer = self.ok("PATCH", path, {"state": state})
            self.register = self.check_state(answer, path, state)
        path += "/receipt/" + answer["initialization_receipt_id"]
        self.check_receipt(self.ok("GET", path), "INITIALIZATION", {})
        self.step("the register is INITIALIZED, and has signed its start receipt")
        return self.validate(path)

    def validate(self, path):
        """Has FinanzOnline check a receipt once more: the result is its last validation."""
        end, before = time.time() + 10, []
        while not before and time.time() < end:
            before = self.ok("GET", path)["fon_validations"]
        result = self.ok("POST", path + "/validation")
        self.members("validation", result, VALIDATION)
        receipt = self.ok("GET", path)
        after = receipt["fon_validations"]
        self.need(before and {entry["validation_result"] for entry in after} == {"SUCCESS"}
                  and after == before + [result], f"{path}: {before}, then {result}: {after}")
        self.step(f"FinanzOnline is asked to check the {receipt['receipt_type']} receipt")
        return receipt

    def sign(self, name, body, amounts):
        """Signs a receipt, twice with the same id, and reads it back."""
        path, kind = self.path + new("/receipt"), body["receipt_type"]
        before = int(self.ok("GET", self.path)["turnover_counter"])
        self.refused(UNKNOWN, "GET", path)
        made = self.ok("PUT", path, {**body, "receipt_id": path[-36:]})
        self.check_receipt(made, kind, amounts, listed=False)
        self.same(name, made, {**made, "_id": path[-36:], "metadata": body.get("metadata", {}),
                               "schema": {**made["schema"], **body["schema"]}})
        self.same(f"{name}, repeated PUT", self.ok("PUT", path, body), made)
        self.refused(EXISTS, "PUT", path, sale([("STANDARD", "0.01")]))
        got = self.check_receipt(self.ok("GET", path), kind, amounts)
        self.same(f"{name}, GET", got, {**made, "fon_validations": []})
        number = made["receipt_number"]
        self.same(f"{name}, GET", self.ok("GET", f"{self.path}/receipt/{number}"), got)
        cents = sum(round(float(amount) * 100) for amount in amounts.values() if kind != "TRAINING")
        counter = self.ok("GET", self.path)["turnover_counter"]
        self.same(f"{name}, turnover_counter", int(counter), before + cents)
        self.step(f"{name} is signed as number {number}, and once only")
        return got

    def read_back(self, receipts):
        """Reads the lists with their filters, and metadata; sends receipts with faults."""
        where, kind, total = self.path + "/receipt", "RECEIPT_LIST", len(receipts)
        idents = [receipt["_id"] for receipt in receipts]
        self.same(where, self.check_list(where, kind, {}, idents), receipts)
        down = {"order_by": "receipt_number", "order": "DESC"}
        self.check_list(where, kind, down, idents[::-1])
        self.check_list(where, kind, {**down, "limit": 2, "offset": 1}, idents[-2:-4:-1], total)
        types = [("receipt_types", "INITIALIZATION"), ("receipt_types", "CANCELLATION")]
        self.check_list(where, kind, types, [idents[0], idents[4]])
        self.check_list(where, kind, {"receipt_types": "YEARLY_CLOSE"}, [])
        for query in ("limit=101", "limit=x", "offset=-1", "order=UP", "receipt_types=nonsense"):
            self.refused(INVALID, "GET", f"{where}?{query}")
        listed = self.ok("GET", "/cash-register?limit=100")
        self.same("registers", listed["_type"], "CASH_REGISTER_LIST")
        self.need(self.ok("GET", self.path) in listed["data"], f"{self.path} wanted in {listed}")
        self.check_metadata(self.path)
        self.check_metadata(f"{where}/{idents[-1]}")
        self.refused(UNKNOWN, "POST", where + new("") + "/validation")
        self.step("lists in both orders, in pages and by type, and the metadata")
        for body in ({}, [], b"{", sale([("NORMAL", "1.00")]), sale([("ZERO", "abc")]),
                     sale([("ZERO", "1.234")]), sale([("ZERO", None)]), {"receipt_type": "NORMAL"},
                     {"receipt_type": "NORMAL", "schema": {}}, sale([], "INITIALIZATION"),
                     {"receipt_type": "NORMAL", "schema": {"raw": {RAW["ZERO"]: "x"}}},
                     {"receipt_type": "NORMAL", "schema": {"raw": {}}}, sale([]),
                     {"receipt_type": "NORMAL", "schema": {"raw": {"gross_amount_x": "1.00"}}},
                     {"receipt_type": "NORMAL", "schema": {
                         "raw": {RAW["ZERO"]: "1.00"}, **sale([("ZERO", "1.00")])["schema"]}},
                     sale([("ZERO", "1e2")]), sale([("ZERO", "1.00")], line_items="x")):
            self.refused(INVALID, "PUT", where + new(""), body)
        self.step("receipts with faults are refused")

    def close(self):
        """Sets the register to OUTAGE and back, then decommissions it and the unit."""
        for state in ("OUTAGE", "INITIALIZED", "DECOMMISSIONED", "DECOMMISSIONED"):
            register = self.ok("PATCH", self.path, {"state": state})
            self.check_state(register, self.path, state)
        path = f"{self.path}/receipt/{register['decommission_receipt_id']}"
        self.check_receipt(self.ok("GET", path), "DECOMMISSION", {})
        receipt = self.path + new("/receipt")
        self.refused("409 E_CASH_REGISTER_DEACTIVATED", "PUT", receipt, sale([("ZERO", "0.00")]))
        self.refused(TRANSITION, "PATCH", self.path, {"state": "INITIALIZED"})
        self.step("the register is set to OUTAGE and back, and then DECOMMISSIONED")
        self.export(self.ok("GET", self.path + "/receipt")["data"])
        self.validate(path)
        end = self.ok("PATCH", self.unit_path, {"state": "DECOMMISSIONED"})
        self.check_state(end, self.unit_path, "DECOMMISSIONED")
        self.step("the unit is DECOMMISSIONED")

    def run(self):
        """Runs all steps in order; gives the exit code."""
        try:
            self.log_in()
            self.make_unit()
            receipts = [self.make_register()] + [self.sign(*order) for order in orders()]
            self.read_back(receipts)
            self.close()
        except (OSError, ValueError, LookupError) as fault:
            self.need(False, f"the run ends here: {type(fault).__name__}: {fault}")
        return 1 if self.differences else 0


if __name__ == "__main__":
    sys.exit(Check(*sys.argv[1:]).run() if len(sys.argv) == 4 else __doc__)
