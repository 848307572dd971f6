#!/usr/bin/env python3
"""A program that uploads receipts, written from the vendor's texts and from what public clients send and read, and from no page of this program.

ERECEIPT_URL, ERECEIPT_KEY and ERECEIPT_SECRET name the service. It takes no field for granted that the texts do not name.
"""

from __future__ import annotations

import json
import os
import struct
import urllib.error
import urllib.request
import uuid
import zlib

URL, KEY, SECRET = (os.environ[f"ERECEIPT_{name}"] for name in ("URL", "KEY", "SECRET"))
RECEIPT = ("_env", "_id", "_type", "_version", "public_link", "schema", "user_association")
CONFIGURATION = ("_env", "_id", "_type", "_version", "custom_sections", "dictionary", "language", "revision", "valid_from")
POSITIONS = ("LINES", "VAT_AMOUNTS", "PAYMENT_TYPES", "HEAD", "MISC", "SECURITY", "ISSUING_INFORMATION", "HOSPITALITY", "FOOTER")
CODES = {"CODE128": "FT-2026-11", "EAN13": "871125300120", "UPC": "03600029145", "EAN8": "5512345", "EAN5": "52495", "EAN2": "05",
         "CODE39": "FT-39", "ITF14": "1234567890123", "MSI": "1234", "PHARMACODE": "1234", "CODEBAR": "12345", "CODE93": "TEST93",
         "INTERLEAVED2OF5": "12345670"}


class Refused(Exception):
    def __init__(self, status: int, said: dict):
        super().__init__(f"{status} {said}")
        self.status, self.code, self.message = status, said["code"], said["message"]


class Service:
    token: str | None = None

    def raw(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json", token: bool = True):
        headers = {"Content-Type": kind}
        if self.token and token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(path if "://" in path else URL + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 200, answer.status
                return answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            if not error.headers["Content-Type"].startswith("application/json"):
                raise Refused(error.code, {"code": error.headers.get("X-Error-Code"), "message": text.decode()}) from None
            said = json.loads(text)
            assert error.headers["X-Request-Id"] and error.headers["request-id"], error.headers
            assert said["status_code"] == error.code and said["error"] and said["code"] and said["message"], said
            raise Refused(error.code, said) from None

    def call(self, method: str, path: str, body=None, token: bool = True):
        data = None if body is None else json.dumps(body).encode()
        headers, text = self.raw(method, path, data, token=token)
        assert headers["X-Request-Id"] and headers["request-id"]
        return json.loads(text)

    def refused(self, status: int, code: str, method: str, path: str, body=None, token: bool = True) -> str:
        try:
            said = self.call(method, path, body, token)
        except Refused as refused:
            assert (refused.status, refused.code) == (status, code), refused
            return refused.message
        raise AssertionError(f"{method} {path} was not refused: {said}")


def has(said: dict, fields: tuple, kind: str) -> dict:
    missing = [field for field in fields if said.get(field) is None]
    assert not missing, f"{kind} lacks {missing}: {said}"
    assert said["_type"] == kind and said["_env"] == "TEST" and said["_version"] == "1.0.0", said
    return said


def picture(width: int = 60, height: int = 30) -> bytes:
    """A PNG with a frame."""
    rows = b"".join(b"\0" + bytes(0 if x in (0, width - 1) or y in (0, height - 1) else 255 for x in range(width)) for y in range(height))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def german_receipt(number: str = "2026-11-1") -> dict:
    return {"schema": {"ekabs_v0": {
        "language": "de",
        "head": {"_id": "kept", "id": str(uuid.uuid4()), "number": number, "date": 1795939200, "cashier_name": "Mia", "store_number": "7",
                 "cash_register_number": "2",
                 "seller": {"name": "Gasthaus Adler & Söhne", "tax_number": "DE123456789", "phone": "+49 30 1234567", "tax_exemption": "",
                            "address": {"street": "Hauptstraße 1", "postal_code": "10115", "city": "Berlin", "country_code": "DEU"}},
                 "buyer": {"customer_number": "", "name": "", "tax_number": "", "address": {"street": "", "postal_code": "", "city": ""}},
                 "buyer_text": ""},
        "data": {"currency": "EUR", "full_amount_incl_vat": "36.50", "full_amount_incl_vat_before_discount": "38.50",
                 "total_discount_value": "2.00", "discounts": [{"name": "Treue", "discount_value": "-2.00", "sort_order": 1}],
                 "payment_types": [
                     {"name": "CARD", "display_name": "Girocard", "amount": "20.00", "masked_card_number": "************1234", "sort_order": 2,
                      "transaction_details": {"type": "POS", "payment_network": "VISA", "payment_type": "DEBIT", "terminal_id": "4711",
                                              "authorization_code": "998877", "AID": "A0000000041010", "local_date_time": 1795939200,
                                              "response": "ACCEPTED"}},
                     {"name": "CASH", "amount": "20.00", "change": "3.50", "sort_order": 1}],
                 "vat_amounts": [{"percentage": "0.19", "incl_vat": "23.80", "excl_vat": "20.00", "vat": "3.80"},
                                 {"percentage": "7.00", "incl_vat": "12.70", "excl_vat": "11.87", "vat": "0.83"}],
                 "lines": [
                     {"text": "Wiener Schnitzel mit Kartoffelsalat", "additional_text": "ohne Preiselbeeren", "sort_order": 1,
                      "vat_amounts": [{"percentage": "0.19", "incl_vat": "25.80"}],
                      "item": {"number": "100", "quantity": "2.00", "quantity_measure": "Stk", "price_per_unit": "12.90", "full_amount": "25.80"},
                      "discounts": [{"name": "Mittagstisch", "discount_value": "2.00"}]},
                     {"text": "Brot, 1 kg", "sort_order": 2, "vat_amounts": [{"percentage": "0.07", "excl_vat": "11.87", "vat": "0.83"}],
                      "item": {"quantity": "1.00", "price_per_unit": "12.70"}}],
                 "date": 1795939200},
        "security": {"tse": {"tss_serial_number": "8f" * 32, "client_serial_number": "POS-2", "number": 17, "time_start": 1795939190,
                             "time_end": 1795939200, "qr_code_data": "V0;POS-2;Kassenbeleg-V1;Beleg^23.80_12.70_0.00_0.00_0.00^20.00:Bar",
                             "signature": {"value": "MEUCIQD" + "A" * 80, "algorithm": "ecdsa-plain-SHA256", "public_key": "BGx" + "B" * 80},
                             "log": {"timestamp_format": "unixTime"}, "legal_text": ["TSE ohne Ausfall"], "more": {"kept": [1, "2"]}}},
        "misc": {"footer_text": "Vielen Dank für Ihren Besuch!", "conformity_text": ""},
        "custom_elements": [{"alignment": "CENTER", "content": {"type": "TEXT", "data": ""}, "orientation": "AFTER", "position": "LINES",
                             "sort_order": 1}]}},
        "user_association": {"loyalty": "4711"}}


def log_in(service: Service) -> None:
    service.refused(401, "E_TOKEN_MISSING", "GET", "/receipt")
    service.refused(401, "E_AUTHENTICATION", "POST", "/auth", {"api_key": KEY, "api_secret": "wrong"})
    said = service.call("POST", "/auth", {"api_key": KEY, "api_secret": SECRET})
    assert said["access_token_claims"]["env"] == "TEST" and said["access_token_claims"]["organization_id"]
    assert said["access_token_expires_in"] > 0 and said["access_token_expires_at"] < said["refresh_token_expires_at"]
    again = service.call("POST", "/auth", {"refresh_token": said["refresh_token"]})
    service.token = said["refresh_token"]
    service.refused(401, "E_AUTHENTICATION", "GET", "/receipt")
    service.token = again["access_token"]


def configure(service: Service) -> str:
    service.refused(404, "E_CONFIGURATION_NOT_FOUND", "GET", "/configuration")
    dictionary = service.call("GET", "/configuration/dictionary")["dictionary"]
    assert sorted(entry["language"] for entry in dictionary) == ["de", "en", "es", "fr", "it"]
    first = has(service.call("PUT", "/configuration/language", {"language": "de"}), CONFIGURATION, "CONFIGURATION")
    assert first["revision"] == 1 and first["language"] == "de" and isinstance(first["_id"], dict)
    service.refused(400, "E_REQUEST_INVALID", "PUT", "/configuration/language", {"language": "xx"})
    service.refused(404, "E_LOGO_NOT_FOUND", "GET", "/configuration/revisions/1/logo")
    _, text = service.raw("POST", "/configuration/logo", picture(), "image/png")
    assert json.loads(text)["revision"] == 2
    headers, logo = service.raw("GET", "/configuration/revisions/2/logo")
    assert headers["Content-Type"] == "image/png" and logo == picture()
    for body, status, code in ((b"GIF but no image", 400, "E_REQUEST_INVALID"), (b"\x89PNG\r\n\x1a\n" + b"x" * 2_200_000, 413, "E_LOGO_BODY_LIMIT_EXCEEDED")):
        try:
            service.raw("POST", "/configuration/logo", body, "image/png")
            raise AssertionError("the logo was taken")
        except Refused as refused:
            assert (refused.status, refused.code) == (status, code), refused
    changed = service.call("PUT", "/configuration/dictionary", {"language": "de", "receipt": {"total": "Gesamtbetrag", "own": "kept"}})
    german = next(entry for entry in changed["dictionary"] if entry["language"] == "de")["receipt"]
    assert german["total"] == "Gesamtbetrag" and german["own"] == "kept" and german["net"] == "Netto", german
    service.refused(400, "E_REVISION_ID_MISSING", "GET", "/configuration/revisions//logo")
    service.refused(404, "E_CONFIGURATION_NOT_FOUND", "GET", "/configuration/revisions/99")
    return "logo, language, labels"


def media(service: Service) -> str:
    def form(fields: dict) -> bytes:
        parts = b""
        for name, value in fields.items():
            more = '; filename="a.png"\r\nContent-Type: image/png' if name == "data" else ""
            parts += f'--limit\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
        return parts + b"--limit--\r\n"

    kind = "multipart/form-data; boundary=limit"
    _, text = service.raw("POST", "/media", form({"data": picture(), "media_type": b"image", "alt_text": "Ein Rahmen".encode()}), kind)
    said = json.loads(text)
    assert said["mediaType"] == "image" and said["alt_text"] == "Ein Rahmen" and said["media_location"], said
    headers, image = service.raw("GET", said["media_location"], token=False)
    assert headers["Content-Type"] == "image/png" and image == picture()
    for fields in ({"data": b"<svg onload=alert(1)>", "media_type": b"image"}, {"data": picture(), "media_type": b"video"}):
        try:
            service.raw("POST", "/media", form(fields), kind)
            raise AssertionError("the media were taken")
        except Refused as refused:
            assert refused.status == 400, refused
    return said["id"]


def sections(service: Service, image: str) -> int:
    made = []
    contents = [("TEXT", {"type": "TEXT", "data": "Nur &euro; 5<br>am Montag <b>"}), ("QR_CODE", {"type": "QR_CODE", "data": "https://example.org"}),
                ("IMAGE", {"media_id": image, "media_location": "x", "label": "Aktion", "media_link": "https://example.org/a"})]
    contents += [("BAR_CODE", {"type": "BAR_CODE", "data": data, "encoding": encoding}) for encoding, data in CODES.items()]
    for place, (kind, content) in enumerate(contents):
        name = str(uuid.uuid4())
        body = {"custom_content": {**content, "alignment": "CENTER"}, "custom_type": kind, "label": f"section {place}"}
        said = service.call("PUT", f"/custom-section/{name}", body)
        assert said == {"id": name, **body}, said
        assert service.call("GET", f"/custom-section/{name}") == said
        made.append({"custom_section_id": name, "orientation": "AFTER" if place % 2 else "BEFORE", "position": POSITIONS[place % 9],
                     "sort_order": place, "valid_from": 0})
    listed = service.call("GET", "/custom-section")
    assert "_env" not in listed and listed["_type"] == "CUSTOM_SECTION_LIST" and listed["count"] == len(made) == len(listed["data"])
    set_ = service.call("PUT", "/configuration/custom-section", made)
    assert set_["custom_sections"] == made
    for bad in ({"custom_type": "BAR_CODE", "custom_content": {"type": "BAR_CODE", "data": "12", "encoding": "EAN13"}},
                {"custom_type": "BAR_CODE", "custom_content": {"type": "BAR_CODE", "data": "12", "encoding": "EAN14"}},
                {"custom_type": "FILM", "custom_content": {}}, {"custom_type": "TEXT"},
                {"custom_type": "IMAGE", "custom_content": {"media_id": image, "media_link": "javascript:alert(1)"}}):
        service.refused(400, "E_REQUEST_INVALID", "PUT", f"/custom-section/{uuid.uuid4()}", bad)
    wrong = service.refused(400, "E_REQUEST_INVALID", "PUT", "/configuration/custom-section",
                            [{"custom_section_id": str(uuid.uuid4()), "orientation": "UNDER", "position": "NOSE"}])
    assert wrong.count("\n") >= 2, wrong
    return len(made)


def receipts(service: Service) -> tuple[str, dict]:
    name, body = str(uuid.uuid4()), german_receipt()
    made = has(service.call("PUT", f"/receipt/{name}", body), RECEIPT, "RECEIPT")
    assert made["_id"] == name and made["schema"] == body["schema"] and made["user_association"] == body["user_association"]
    assert "dictionary" not in made and made["assets"]["pdf_link"]
    turned = {key: body[key] for key in reversed(body)}
    assert service.call("PUT", f"/receipt/{name}", turned)["public_link"] == made["public_link"]
    service.refused(409, "E_RESOURCE_ALREADY_EXISTS", "PUT", f"/receipt/{name}", german_receipt("2"))
    got = has(service.call("GET", f"/receipt/{name}"), RECEIPT, "RECEIPT")
    assert got["dictionary"] and got["hospitality_link"]["href"] and got["schema"] == body["schema"]
    assert service.call("GET", f"/receipts/{name.replace('-', '')}")["_id"] == name
    second = str(uuid.uuid4())
    service.call("PUT", f"/receipt/{second}", german_receipt("3"))
    page = service.call("GET", "/receipt?order=DESC&limit=1")
    assert page["_type"] == "RECEIPT_LIST" and page["count"] >= 2 and [entry["_id"] for entry in page["data"]] == [second]
    rest = service.call("GET", "/receipt?order=DESC&limit=1&offset=1")
    assert [entry["_id"] for entry in rest["data"]] == [name]
    assert service.call("GET", "/receipt?limit=0")["data"] == []
    service.refused(400, "E_INVALID_LIMIT_FILTER", "GET", "/receipt?limit=101")
    service.refused(400, "E_INVALID_FILTER_VALUES", "GET", "/receipt?order=UP")
    service.refused(400, "E_RECEIPT_ID_INVALID", "GET", "/receipt/17")
    service.refused(404, "E_RECEIPT_NOT_FOUND", "GET", f"/receipt/{uuid.uuid4()}")
    service.refused(404, "E_ROUTE_NOT_FOUND", "GET", "/nothing")
    faulty = german_receipt()
    data = faulty["schema"]["ekabs_v0"]["data"]
    data["full_amount_incl_vat"], data["lines"][1]["item"]["quantity"] = 36.5, "1"
    del data["vat_amounts"][0]["vat"]
    message = service.refused(400, "E_REQUEST_INVALID", "PUT", f"/receipt/{uuid.uuid4()}", faulty)
    for path in ("data.full_amount_incl_vat", "data.lines[1].item.quantity", "data.vat_amounts[0].vat"):
        assert path in message, message
    card = german_receipt()
    card["schema"]["ekabs_v0"]["data"]["payment_types"][1]["masked_card_number"] = "****1234"
    service.refused(400, "E_MASKED_CARD_NUMBER_NON_CARD_PAYMENT", "PUT", f"/receipt/{uuid.uuid4()}", card)
    headers, pdf = service.raw("GET", f"/receipt/{name}/pdf")
    assert headers["Content-Type"] == "application/pdf" and pdf.startswith(b"%PDF-")
    headers, logo = service.raw("GET", f"/receipt/{name}/logo")
    assert headers["Content-Type"] == "image/png" and logo == picture()
    return name, got


def public(service: Service, name: str, receipt: dict) -> int:
    link = receipt["public_link"]["href"]
    headers, text = service.raw("GET", link, token=False)
    page = text.decode()
    assert headers["Content-Type"].startswith("text/html") and "Set-Cookie" not in headers
    assert "default-src 'none'" in headers["Content-Security-Policy"] and "script" not in page
    for shown in ("Gasthaus Adler &amp; Söhne", "Gesamtbetrag", "36.50", "************1234", "19 %", "7 %", "Mittagstisch", "Vielen Dank"):
        assert shown in page, shown
    _, pdf = service.raw("GET", receipt["assets"]["pdf_link"], token=False)
    assert pdf.startswith(b"%PDF-")
    path = f"/public/test/receipt/{name}"
    assert "user_association" not in service.call("GET", path, token=False)
    service.refused(404, "E_RECEIPT_NOT_FOUND", "GET", f"{path}/hospitality", token=False)
    service.refused(400, "E_REQUEST_INVALID", "PUT", f"{path}/hospitality", {"schema": {"tip": 5}}, token=False)
    written = service.call("PUT", f"{path}/hospitality", {"schema": {"occasion": "Vertrag", "attendees": ["A"], "tip": "5.00"}}, token=False)
    assert written["created_at"] and "finalized_at" not in written and written["schema"]["tip"] == "5.00"
    final = service.call("PUT", f"{path}/hospitality", {"finalized_at": 1760000000, "schema": {"tip": "6.00", "own": 1}}, token=False)
    assert final["finalized_at"] == 1760000000 and final["schema"] == {"tip": "6.00", "own": 1}
    service.refused(409, "E_CONFLICT", "PUT", f"{path}/hospitality", {"schema": {}}, token=False)
    assert service.call("GET", f"{path}/hospitality", token=False) == final
    service.refused(404, "E_RECEIPT_NOT_FOUND", "GET", f"/public/live/receipt/{name}", token=False)
    static = service.call("POST", "/static-link", {"receipt_id": name})
    assert static["href"] == link
    return len(text)


def main() -> None:
    service = Service()
    log_in(service)
    done = configure(service)
    image = media(service)
    count = sections(service, image)
    name, receipt = receipts(service)
    size = public(service, name, receipt)
    revisions = service.call("GET", "/configuration/revisions?order=DESC&limit=2")
    assert revisions["_type"] == "CONFIGURATION_LIST" and revisions["count"] >= 4 and len(revisions["data"]) == 2
    assert size <= 40 * 1024, f"the page has {size} bytes"
    print(f"{done}, {count} sections, {receipt['public_link']['href']}, a page of {size} bytes")


if __name__ == "__main__":
    main()
