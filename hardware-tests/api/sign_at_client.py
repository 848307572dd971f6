#!/usr/bin/env python3
"""A cash register program for SIGN AT, written from what public clients send and read, and from no page of this program.

It is as strict as the strictest of them: every field that one of them needs must be there and must not be null, `_env` is that of the
connection, a success is status 200 alone, and lists have their count. SIGN_AT_URL, SIGN_AT_KEY and SIGN_AT_SECRET name the service.
"""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
import uuid
from decimal import Decimal

URL, KEY, SECRET = (os.environ[f"SIGN_AT_{name}"] for name in ("URL", "KEY", "SECRET"))
RATES = ("standard", "reduced_1", "reduced_2", "special", "zero")
RECEIPT = ("_id", "_type", "_env", "_version", "receipt_type", "receipt_number", "time_signature", "cash_register_serial_number",
           "cash_register_id", "signature_creation_unit_id", "qr_code_data", "signed", "schema")
UNIT = ("_id", "_type", "_env", "state", "legal_entity_id")
REGISTER = ("_id", "_type", "_env", "state", "serial_number", "turnover_counter", "time_creation")
UUID4 = re.compile(r"^[a-f0-9]{8}-?[a-f0-9]{4}-?4[a-f0-9]{3}-?[89ab][a-f0-9]{3}-?[a-f0-9]{12}$")


class Refused(Exception):
    def __init__(self, status: int, body: dict):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Service:
    def __init__(self):
        self.token = self.env = None

    def log_in(self, body: dict) -> dict:
        said = self.call("POST", "/auth", body)
        self.token, self.env = said["access_token"], said["access_token_claims"]["env"]
        assert said["access_token_claims"]["organization_id"] and said["refresh_token"]
        assert said["access_token_expires_at"] < said["refresh_token_expires_at"]
        return said

    def call(self, method: str, path: str, body: dict | None = None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(URL + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert answer.status == 200, answer.status
                assert answer.headers["request-id"]
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = json.load(error)
            assert said["status_code"] == error.code and said["error"] and said["code"] and said["message"], said
            raise Refused(error.code, said) from None

    def read(self, path: str, fields: tuple) -> dict:
        return self.checked(self.call("GET", path), fields)

    def checked(self, said: dict, fields: tuple) -> dict:
        for field in fields:
            assert said.get(field) is not None, (field, said)
        assert said["_env"] == self.env, said
        assert UUID4.match(said["_id"]), said["_id"]
        assert None not in said.values(), said
        return said

    def find_or_create(self, path: str, body: dict, fields: tuple) -> dict:
        """A client asks for the resource, and creates it on 404."""
        try:
            return self.read(path, fields)
        except Refused as refused:
            assert refused.status == 404, refused
        return self.checked(self.call("PUT", path, body), fields)

    def bring_to(self, path: str, state: str, fields: tuple) -> dict:
        said = self.checked(self.call("PATCH", path, {"state": state}), fields)
        assert said["state"] == state, said
        return said


def sums(**amounts: str) -> dict:
    return {f"gross_amount_{rate}": amounts.get(rate, "0.00") for rate in RATES}


def sign(service: Service, register: str, kind: str, schema: dict, wanted: dict, key: str | None = None) -> dict:
    key = key or str(uuid.uuid4())
    path = f"/cash-register/{register}/receipt/{key}"
    said = service.checked(service.call("PUT", path, {"receipt_type": kind, "schema": schema, "receipt_id": key}), RECEIPT)
    assert said["_id"] == key and said["receipt_type"] == kind and said["cash_register_id"] == register, said
    for name, amount in wanted.items():
        assert Decimal(said["schema"]["raw"][name]) == Decimal(amount), said
    assert said["qr_code_data"].startswith("_R1-AT"), said
    assert said["qr_code_data"].split("_")[3] == said["receipt_number"], said
    int(said["receipt_number"])
    read = service.read(path, RECEIPT)
    assert isinstance(read["fon_validations"], list), read
    assert read["qr_code_data"] == said["qr_code_data"]
    return read


def main() -> None:
    service = Service()
    said = service.log_in({"api_key": KEY, "api_secret": SECRET})
    service.log_in({"refresh_token": said["refresh_token"]})
    user = {"fon_participant_id": "123456789", "fon_user_id": "kasse1", "fon_user_pin": "geheim12"}
    status = service.call("PUT", "/fon/auth", user)
    assert status["authentication_status"] == "AUTHENTICATED", status
    assert all(status[name] for name in ("fon_participant_id", "fon_user_id", "time_authentication")), status
    assert "geheim12" not in json.dumps(status)

    unit, register = str(uuid.uuid4()), str(uuid.uuid4())
    units = service.call("GET", "/signature-creation-unit?limit=100&offset=0")
    assert units["_type"] == "SIGNATURE_CREATION_UNIT_LIST" and units["_env"] == service.env and units["count"] == 0, units
    legal = {"legal_entity_id": {"vat_id": "ATU12345678"}, "legal_entity_name": "Gasthaus", "signature_creation_unit_id": unit}
    created = service.find_or_create(f"/signature-creation-unit/{unit}", legal, UNIT)
    assert created["state"] in ("PENDING", "CREATED"), created
    service.bring_to(f"/signature-creation-unit/{unit}", "INITIALIZED", UNIT)
    path = f"/cash-register/{register}"
    assert service.find_or_create(path, {}, REGISTER)["state"] == "CREATED"
    service.bring_to(path, "REGISTERED", REGISTER)
    known = service.bring_to(path, "INITIALIZED", REGISTER)
    assert "_" not in known["serial_number"] and isinstance(known["turnover_counter"], str), known
    start = service.read(f"{path}/receipt/{known['initialization_receipt_id']}", RECEIPT)
    assert start["receipt_type"] == "INITIALIZATION" and start["signed"] is True, start

    ten = {"vat_rate": "REDUCED_1", "amount": "10.00"}
    paid = {"payment_type": "CASH", "amount": "10.00", "currency_code": "EUR"}
    line = {"quantity": "1", "text": "Suppe", "price_per_unit": "10.00"}
    standard = {"standard_v1": {"amounts_per_vat_rate": [ten], "amounts_per_payment_type": [paid], "line_items": [line]}}
    key = str(uuid.uuid4())
    first = sign(service, register, "NORMAL", standard, sums(reduced_1="10.00"), key)
    assert first["cash_register_serial_number"] == known["serial_number"]
    again = sign(service, register, "NORMAL", standard, sums(reduced_1="10.00"), key)
    assert again == first, "the same id gives the same receipt"
    back = {"vat_rate": "REDUCED_1", "amount": "-10.00"}
    sign(service, register, "CANCELLATION", {"standard_v1": {"amounts_per_vat_rate": [back]}}, sums(reduced_1="-10.00"))
    null = {"standard_v1": {"amounts_per_vat_rate": [{"vat_rate": "ZERO", "amount": "0.00"}], "line_items": [{**line, "text": "Nullbeleg"}]}}
    sign(service, register, "NORMAL", null, sums())
    raw = sums(standard="24.00", special="4.90")
    sign(service, register, "NORMAL", {"raw": raw}, raw)
    sign(service, register, "TRAINING", {"raw": raw}, raw)
    vat = [{"percentage": "20.00", "incl_vat": "12.00", "excl_vat": "10.00", "vat": "2.00"}]
    item = {"number": 1, "quantity": 1.0, "price_per_unit": "12.00"}
    lines = [{"text": "Wein", "additional_text": "", "vat_amounts": [{"percentage": "20.00", "incl_vat": "12.00"}], "item": item}]
    data = {"currency": "EUR", "full_amount_incl_vat": "12.00", "payment_types": [{"name": "Karte", "amount": "12.00"}]}
    seller = {"name": "Gasthaus", "tax_number": "ATU12345678", "tax_exemption": False}
    head = {"id": "x", "number": 5, "date": "2026-11-29T10:00:00Z", "seller": seller, "buyer": {}}
    sign(service, register, "NORMAL", {"ekabs_v0": {"head": head, "data": {**data, "vat_amounts": vat, "lines": lines}}}, sums(standard="12.00"))

    service.call("PATCH", f"{path}/receipt/{key}/metadata", {"document": "SI-1"})
    assert service.read(f"{path}/receipt/{key}", RECEIPT)["metadata"]["document"] == "SI-1"
    receipts = service.call("GET", f"{path}/receipt?order_by=receipt_number&order=ASC&limit=100&offset=0")
    numbers = [int(receipt["receipt_number"]) for receipt in receipts["data"]]
    assert numbers == list(range(1, receipts["count"] + 1)), numbers
    only = service.call("GET", f"{path}/receipt?receipt_types=INITIALIZATION&receipt_types=CANCELLATION&limit=1")
    assert only["count"] == 2 and len(only["data"]) == 1, only
    dep = service.call("GET", f"{path}/export")
    compact = [receipt for group in dep["Belege-Gruppe"] for receipt in group["Belege-kompakt"]]
    assert len(compact) == receipts["count"] and all(receipt.count(".") == 2 for receipt in compact), len(compact)
    switches = service.call("PATCH", "/configuration", {"yearly_receipt_validation_enabled": True})
    assert switches["yearly_receipt_validation_enabled"] is True and switches["monthly_receipt_validation_enabled"] is False, switches
    for path_of_nothing in (f"/cash-register/{uuid.uuid4()}", f"{path}/receipt/{uuid.uuid4()}"):
        try:
            raise AssertionError(service.call("GET", path_of_nothing))
        except Refused as refused:
            assert refused.status == 404, refused
    print(f"{len(compact)} receipts of {known['serial_number']}")


if __name__ == "__main__":
    main()
