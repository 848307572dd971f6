#!/usr/bin/env python3
"""An independent check of the eReceipt API, written from its document docs/api/ereceipt.md.

Call: ereceipt_client_from_docs.py BASE_URL KEY SECRET

Each step prints one line; what differs from the document stands below it, and the later
steps still run. The exit code is 0 if no step differed, else 1. The steps write receipts and
a configuration: run them against a till for tests. With pdftotext the PDF is read, too.
"""

import json
import re
import shutil
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
import zlib

DAY = 24 * 60 * 60
MEDIA_LIMIT = 2 * 1024 * 1024  # the document says 2 MB
NOT_SENT = object()


class Answer:
    """The status, the headers and the body of one answer."""

    def __init__(self, call, status, headers, content):
        self.call, self.status, self.headers, self.content = call, status, headers, content
        try:
            self.json = json.loads(content)
        except ValueError:
            self.json = None

    def __getitem__(self, name):
        """Give a member of the JSON object, or None if it is absent."""
        return self.json.get(name) if isinstance(self.json, dict) else None

    def __str__(self):
        return f"{self.call} answered {self.status} " + self.content[:300].decode("utf-8", "replace")


class Client:
    """Calls of the API; the access token goes with each call once it is known."""

    def __init__(self, base):
        self.base, self.token = base.rstrip("/"), None

    def send(self, method, path, body=NOT_SENT, *, content=None, kind=None, token=NOT_SENT):
        """Send JSON (`body`) or bytes (`content` of the media type `kind`); `token` replaces the client's."""
        url = path if path.startswith("http") else self.base + path
        token = self.token if token is NOT_SENT else token
        headers = {"Authorization": "Bearer " + token} if token else {}
        if body is not NOT_SENT:
            content, kind = json.dumps(body).encode(), "application/json"
        if kind:
            headers["Content-Type"] = kind
        request = urllib.request.Request(url, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Answer(f"{method} {path}", reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(f"{method} {path}", refusal.code, refusal.headers, refusal.read())

    def upload(self, content):
        """Upload an image as a form with the fields `media_type` and `data`."""
        mark = uuid.uuid4().hex
        head = (f'--{mark}\r\nContent-Disposition: form-data; name="media_type"\r\n\r\nimage\r\n--{mark}\r\n'
                'Content-Disposition: form-data; name="data"; filename="image.png"\r\n'
                "Content-Type: image/png\r\n\r\n")
        form = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        return self.send("POST", "/media", content=form, kind=f"multipart/form-data; boundary={mark}")


class Check:
    """Counts what differs from the document in a step, and prints the step's line."""

    differences, steps, failed = [], 0, 0

    def that(self, holds, what, answer=None):
        """Note `what`, and the answer that was given, unless it holds."""
        if not holds:
            self.differences.append(f"{what}; {answer}" if answer else what)

    def success(self, answer, kind=None):
        """Expect status 200 and both request ids, and the members of a resource of this `kind`."""
        self.that(answer.status == 200, "every success has status 200", answer)
        self.request_ids(answer)
        if kind:
            self.that(answer["_type"] == kind and answer["_version"] == "1.0.0" and answer["_env"],
                      f"a resource has _env, _type ({kind}) and _version (1.0.0)", answer)
        return answer

    def refusal(self, answer, status, code):
        """Expect an error of the documented shape with this status and code."""
        self.that(answer.status == status and answer["code"] == code, f"expected {status} {code}", answer)
        members = set(answer.json) if isinstance(answer.json, dict) else set()
        self.that(members == {"status_code", "error", "code", "message"} and answer["status_code"] == answer.status,
                  "an error is {status_code, error, code, message}", answer)
        self.request_ids(answer)
        return answer

    def request_ids(self, answer):
        """Expect the two headers that every answer has."""
        self.that(answer.headers["X-Request-Id"] and answer.headers["request-id"],
                  "every answer has X-Request-Id and request-id", answer)

    def step(self, action):
        """Run one step and print its line."""
        self.differences, name = [], action.__name__.replace("_", " ")
        try:
            action()
        except (OSError, LookupError, TypeError, ValueError, AttributeError, subprocess.SubprocessError) as fault:
            self.differences.append(f"the step stopped: {fault!r}")
        self.steps, self.failed = self.steps + 1, self.failed + bool(self.differences)
        print(("differs  " if self.differences else "ok       ") + name, flush=True)
        for difference in self.differences:
            print("         - " + difference.replace("\n", " | "), flush=True)


def png(width, height):
    """Make a grey PNG of this size."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + bytes((x + y) % 256 for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def receipt(number):
    """Make a receipt with two VAT rates, discounts, two payments and a member that no document names."""
    def vat(percentage, incl_vat, excl_vat, amount):
        return {"percentage": percentage, "incl_vat": incl_vat, "excl_vat": excl_vat, "vat": amount}

    def line(text, price, full, amounts, **more):
        item = {"number": text, "quantity": "1.00", "price_per_unit": price, "full_amount": full}
        return {"text": text, "item": item, "vat_amounts": [amounts], **more}
    seller = {"name": "Example Shop", "tax_number": "12345", "tax_exemption": "",
              "address": {"street": "Main Street 1", "postal_code": "10115", "city": "Berlin", "country_code": "DEU"}}
    data = {
        "currency": "EUR", "full_amount_incl_vat": "21.02", "full_amount_incl_vat_before_discount": "22.02",
        "total_discount_value": "1.00", "discounts": [{"name": "Voucher", "discount_value": "1.00"}],
        "payment_types": [{"name": "CASH", "amount": "10.00"},
                          {"name": "CARD", "amount": "11.02", "masked_card_number": "411111******1111"}],
        "vat_amounts": [vat("0.19", "11.90", "10.00", "1.90"), vat("7.00", "9.12", "8.52", "0.60")],
        "lines": [line("Lamp", "11.90", "11.90", {"percentage": "0.19", "incl_vat": "11.90"}),
                  line("Book", "11.12", "10.12", {"percentage": "7.00", "excl_vat": "8.52", "vat": "0.60"},
                       discounts=[{"name": "Sale", "discount_value": "1.00"}])],
        "x_loyalty": {"points": [1, 2]}}
    head = {"number": number, "date": int(time.time()), "seller": seller, "buyer": None}
    document = {"language": "en", "head": head, "data": data, "security": {}, "misc": {"footer_text": "Goodbye"}}
    return {"schema": {"ekabs_v0": document}, "user_association": {"account": "customer-7"}}


class Walk(Check):
    """The steps, in the order in which they depend on each other."""

    def __init__(self, client, key, secret):
        self.client, self.send, self.login = client, client.send, {"api_key": key, "api_secret": secret}
        self.id, self.section, self.body = str(uuid.uuid4()), str(uuid.uuid4()), receipt("CHECK-1")
        self.path, self.image = "/receipt/" + self.id, png(120, 40)
        self.oversized = self.image + bytes(MEDIA_LIMIT)
        self.unknown, self.env, self.public, self.media = "/receipt/" + str(uuid.uuid4()), None, None, None

    def read(self, path, kind=None, **how):
        """GET the path, and expect a success."""
        return self.success(self.send("GET", path, **how), kind)

    def authenticate(self):
        """Get tokens by the key, then by the refresh token, and use the second access token."""
        first = self.success(self.send("POST", "/auth", self.login))
        claims = first["access_token_claims"] or {}
        self.that(claims.get("env") and claims.get("organization_id"), "the claims have env, organization_id", first)
        self.that(first["access_token_expires_in"] == DAY, "an access token lives 24 hours", first)
        self.that(first["refresh_token_expires_in"] == 30 * DAY, "a refresh token lives 30 days", first)
        again = self.success(self.send("POST", "/auth", {"refresh_token": first["refresh_token"]}))
        self.client.token, self.env = again["access_token"], claims["env"]
        self.public = "/public/" + self.env.lower()
        self.read("/receipt", "RECEIPT_LIST")

    def wrong_tokens(self):
        """Try a wrong secret, no token, a wrong token, and a refresh token in the place of an access token."""
        tokens = self.send("POST", "/auth", self.login)
        for body in (dict(self.login, api_secret="wrong"), {"refresh_token": "wrong"}):
            self.refusal(self.send("POST", "/auth", body), 401, "E_AUTHENTICATION")
        self.refusal(self.send("GET", "/receipt", token=None), 401, "E_TOKEN_MISSING")
        for token in ("wrong", self.client.token[:-1] + "x", tokens["refresh_token"]):
            self.refusal(self.send("GET", "/receipt", token=token), 401, "E_AUTHENTICATION")

    def create_and_retrieve(self):
        """Create the receipt and read it: its members, also the unknown one and the user, come back."""
        for method, body in (("PUT", self.body), ("GET", NOT_SENT)):
            answer = self.success(self.send(method, self.path, body), "RECEIPT")
            self.that(answer["schema"] == self.body["schema"], "members that are not known are kept", answer)
            self.that(answer["user_association"] == self.body["user_association"], "user_association is kept", answer)
            self.that(answer["public_link"]["href"] and answer["assets"]["pdf_link"], "the links are given", answer)
        self.that(answer["dictionary"] and answer["hospitality_link"]["href"], "reading adds labels, a link", answer)

    def repeat(self):
        """The same receipt, its members in another order, gives the first answer; other content is refused."""
        first = self.send("PUT", self.path, self.body)
        turned = json.loads(json.dumps(self.body), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
        again = self.success(self.send("PUT", self.path, turned), "RECEIPT")
        self.that(again.json == first.json, "the same receipt gives the first answer again", again)
        for other in (receipt("OTHER"), dict(self.body, user_association={"account": "customer-8"})):
            self.refusal(self.send("PUT", self.path, other), 409, "E_RESOURCE_ALREADY_EXISTS")

    def list_receipts(self):
        """List by order, limit and offset; `count` stays the number of all entries."""
        for _ in range(2):
            self.success(self.send("PUT", "/receipt/" + str(uuid.uuid4()), receipt("CHECK-2")), "RECEIPT")
        everything = self.read("/receipt?order=ASC&limit=100", "RECEIPT_LIST")
        first, second = (self.read(f"/receipt?order=ASC&limit=1&offset={i}", "RECEIPT_LIST") for i in (0, 1))
        for place, page in enumerate((first, second)):
            self.that(page["data"] == everything["data"][place:place + 1], "limit and offset choose entries", page)
            self.that(page["count"] == everything["count"], "count is the number of all entries", page)
        last = self.read("/receipt?order=DESC&limit=1", "RECEIPT_LIST")
        self.that(last["data"][0]["_id"] != first["data"][0]["_id"], "order turns the list", last)
        for query in ("order=SIDEWAYS", "offset=-1"):
            self.refusal(self.send("GET", "/receipt?" + query), 400, "E_INVALID_FILTER_VALUES")
        self.refusal(self.send("GET", "/receipt?limit=-1"), 400, "E_INVALID_LIMIT_FILTER")

    def open_link(self):
        """Open the link as the buyer does: the total is there, a script is not, and no token is needed."""
        page = self.send("GET", self.read(self.path)["public_link"]["href"], token=None)
        self.that(page.status == 200 and b"21.02" in page.content, "the page shows the total", page)
        self.that(b"<script" not in page.content.lower() and page.headers["Content-Security-Policy"]
                  and not page.headers["Set-Cookie"], "the page has no script and no cookie, but a policy", page)
        self.that(b"411111******1111" in page.content, "the page shows the masked card number", page)

    def get_pdf(self):
        """Get the PDF by the API and by the link, and read its total if pdftotext is here."""
        link = self.send("GET", self.path)["assets"]["pdf_link"]
        for pdf in (self.read(self.path + "/pdf"), self.send("GET", link, token=None)):
            self.that(pdf.content.startswith(b"%PDF-") and b"%%EOF" in pdf.content[-64:], "the answer is a PDF", pdf)
            self.that("pdf" in (pdf.headers["Content-Type"] or ""), "its media type is PDF", pdf)
            if shutil.which("pdftotext"):
                command = ["pdftotext", "-layout", "-", "-"]
                text = subprocess.run(command, input=pdf.content, capture_output=True, check=True).stdout.decode()
                self.that(re.search(r"EUR\s+21\.02", text), "the PDF shows the total 21.02 EUR")

    def configure(self):
        """Set the language and the logo: each change makes the next revision, the older ones stay."""
        before = self.send("GET", "/configuration")
        self.that(before.status == 200 or before["code"] == "E_CONFIGURATION_NOT_FOUND", "none is 404", before)
        number = (before["_id"] or {}).get("revision", 0)
        language = self.send("PUT", "/configuration/language", {"language": "en"})
        logo = self.send("POST", "/configuration/logo", content=self.image, kind="image/png")
        for made, revision in ((language, number + 1), (logo, number + 2)):
            self.success(made, "CONFIGURATION")
            self.that(made["_id"]["revision"] == revision, "a change makes the next revision", made)
            read = self.read(f"/configuration/revisions/{revision}", "CONFIGURATION")
            self.that(read.json == made.json, "a revision stays as it was made", read)
        self.that(logo["logo"]["media_id"], "logo has media_id", logo)
        read = self.read("/configuration", "CONFIGURATION")
        self.that(read.json == logo.json, "the newest revision is the current configuration", read)
        listed = self.read("/configuration/revisions?order=DESC&limit=1", "CONFIGURATION_LIST")
        self.that([listed["data"], listed["count"]] == [[logo.json], number + 2], "the list has all revisions", listed)
        self.refusal(self.send("GET", "/configuration/revisions/99999"), 404, "E_CONFIGURATION_NOT_FOUND")

    def logos(self):
        """Get the logo from the configuration and from a receipt that was created after it."""
        revision = self.send("GET", "/configuration")["_id"]["revision"]
        later = "/receipt/" + str(uuid.uuid4())
        self.success(self.send("PUT", later, receipt("CHECK-3")), "RECEIPT")
        for path in (f"/configuration/revisions/{revision}/logo", later + "/logo"):
            logo = self.read(path)
            self.that(logo.content == self.image, "the logo comes back as it was sent", logo)
        logo = self.send("POST", "/configuration/logo", content=self.oversized, kind="image/png")
        self.refusal(logo, 413, "E_LOGO_BODY_LIMIT_EXCEEDED")

    def upload_media(self):
        """Upload an image; a file that is none and one above 2 MB are refused."""
        self.media = self.success(self.client.upload(self.image))["id"]
        self.that(self.media, "the answer has the id of the image")
        self.refusal(self.client.upload(b"no image"), 400, "E_REQUEST_INVALID")
        self.refusal(self.client.upload(self.oversized), 413, "E_PAYLOAD_TOO_LARGE")

    def custom_sections(self):
        """Create custom sections of each type, show one on receipts, and try wrong ones."""
        contents = {"TEXT": {"data": "Opening &amp; hours<br>9-18"}, "QR_CODE": {"data": "https://example.com/"},
                    "BAR_CODE": {"data": "4006381333931", "encoding": "EAN13"},
                    "IMAGE": {"media_id": self.media, "alt_text": "A picture"}}
        for kind, content in contents.items():
            made_id = self.section if kind == "TEXT" else str(uuid.uuid4())
            body = {"custom_type": kind, "custom_content": content}
            made = self.success(self.send("PUT", "/custom-section/" + made_id, body))
            self.that(made["id"] == made_id and "_type" not in made.json, "a custom section has `id` alone", made)
            read = self.read("/custom-section/" + made_id)
            self.that(read["custom_content"] == content, "a section is read as it was written", read)
        for content in ({"data": "no digits", "encoding": "EAN13"}, {"data": "1", "encoding": "OTHER"}):
            body = {"custom_type": "BAR_CODE", "custom_content": content}
            self.refusal(self.send("PUT", "/custom-section/" + str(uuid.uuid4()), body), 400, "E_REQUEST_INVALID")
        listed = self.read("/custom-section")
        self.that(listed["_type"] == "CUSTOM_SECTION_LIST" and "_env" not in listed.json, "no _env", listed)
        placed = [{"custom_section_id": self.section, "position": "FOOTER", "orientation": "BEFORE", "sort_order": 1}]
        self.success(self.send("PUT", "/configuration/custom-section", placed), "CONFIGURATION")
        made = self.send("PUT", "/receipt/" + str(uuid.uuid4()), receipt("CHECK-4"))
        page = self.send("GET", made["public_link"]["href"], token=None)
        self.that(b"Opening &amp; hours" in page.content, "a later receipt shows the section")
        self.refusal(self.send("GET", "/custom-section/" + str(uuid.uuid4())), 404, "E_RESOURCE_NOT_FOUND")

    def public_receipt(self):
        """Read the receipt without a token, with `env` as the claims and `_env` write it and in small letters."""
        for path in (f"/public/{self.env}{self.path}", self.public + self.path):
            answer = self.read(path, "RECEIPT", token=None)
        self.that(answer["schema"] == self.body["schema"], "the public answer has the receipt", answer)

    def hospitality(self):
        """Create, update and finalise the information of a business meal; afterwards nothing changes."""
        path = self.public + self.path + "/hospitality"
        particulars = {"occasion": "Project", "place": "Berlin", "attendees": ["A. One", "B. Two"],
                       "host": {"name": "C. Host", "company": "Example"}, "tip": "2.00", "x_more": {"kept": True}}

        def put(expected, **more):
            made = self.success(self.send("PUT", path, {"schema": expected, **more}, token=None))
            read = self.read(path, token=None)
            self.that(made["schema"] == expected and read["schema"] == expected, "the particulars are kept", read)
            return read
        put(particulars)
        put(dict(particulars, tip="3.50"))
        wrong = self.send("PUT", path, {"schema": dict(particulars, tip="much")}, token=None)
        self.that("schema.tip" in self.refusal(wrong, 400, "E_REQUEST_INVALID")["message"], "tip is named", wrong)
        done = int(time.time())
        read = put(dict(particulars, tip="3.50"), finalized_at=done)
        self.that(read["finalized_at"] == done, "finalized_at is kept", read)
        late = self.send("PUT", path, {"schema": dict(particulars, tip="9.00")}, token=None)
        self.refusal(late, 409, "E_CONFLICT")
        self.that(self.read(path, token=None).json == read.json, "a refused change changes nothing", late)
        self.that(read["_env"] and read["_type"] and read["_version"], "a resource has _env, _type, _version", read)

    def static_link(self):
        """Get the static link of the receipt."""
        answer = self.success(self.send("POST", "/static-link", {"receipt_id": self.id}))
        self.that(answer["receipt_id"] == self.id and answer["href"], "the answer is {receipt_id, href}", answer)
        page = self.send("GET", answer["href"], token=None)
        self.that(page.status == 200 and b"21.02" in page.content, "the link opens the receipt", page)

    def unknown_ids(self):
        """Ask for a receipt that does not exist, for an id that is none, and for an operation that is none."""
        for path in (self.unknown, self.unknown + "/pdf", self.unknown + "/logo", self.public + self.unknown):
            self.refusal(self.send("GET", path), 404, "E_RECEIPT_NOT_FOUND")
        self.refusal(self.send("GET", "/receipt/no-id"), 400, "E_RECEIPT_ID_INVALID")
        self.refusal(self.send("GET", "/nothing-here"), 404, "E_ROUTE_NOT_FOUND")
        self.refusal(self.send("DELETE", self.path), 405, "E_METHOD_NOT_ALLOWED")

    def faults(self):
        """All faults of a receipt are in one answer, each in a line with its path, and nothing is kept."""
        body = receipt("CHECK-5")
        data = body["schema"]["ekabs_v0"]["data"]
        data["full_amount_incl_vat"] = 21.02
        data["lines"][1]["vat_amounts"][0]["percentage"] = "7"
        del data["payment_types"][0]["amount"]
        answer = self.refusal(self.send("PUT", self.unknown, body), 400, "E_REQUEST_INVALID")
        lines, base = (answer["message"] or "").splitlines(), "schema.ekabs_v0.data."
        paths = ("full_amount_incl_vat", "lines[1].vat_amounts[0].percentage", "payment_types[0].amount")
        named = [any(base + path in line for line in lines) for path in paths]
        self.that(len(lines) == 3 and all(named), "three faults are three lines with their paths", answer)
        self.refusal(self.send("GET", self.unknown), 404, "E_RECEIPT_NOT_FOUND")

    def limits(self):
        """A list of 1,025 items, a text of 4,001 letters, a large body and wrong card numbers are refused."""
        def refused(status, code, path, change):
            body = receipt("CHECK-6")
            change(body["schema"]["ekabs_v0"])
            answer = self.refusal(self.send("PUT", self.unknown, body), status, code)
            self.that(path in (answer["message"] or ""), f"the fault is named with its path ({path})", answer)

        def card(place, number):
            return lambda e: e["data"]["payment_types"][place].update(masked_card_number=number)
        invalid, not_card = "E_REQUEST_INVALID", "E_MASKED_CARD_NUMBER_NON_CARD_PAYMENT"
        refused(400, invalid, "misc.footer_text", lambda e: e["misc"].update(footer_text="x" * 4001))
        refused(413, "E_PAYLOAD_TOO_LARGE", "body", lambda e: e.update(x_large="x" * 256 * 1024))
        refused(400, invalid, "payment_types[1].masked_card_number", card(1, "4111111111111111"))
        refused(400, not_card, "payment_types[0].masked_card_number", card(0, "411111******1111"))
        refused(400, invalid, "data.lines", lambda e: e["data"].update(lines=e["data"]["lines"][:1] * 1025))

    def run(self):
        """Run all steps; give the number of those that differed."""
        for action in (
                self.authenticate, self.wrong_tokens, self.create_and_retrieve, self.repeat, self.list_receipts,
                self.open_link, self.get_pdf, self.configure, self.logos, self.upload_media, self.custom_sections,
                self.public_receipt, self.hospitality, self.static_link, self.unknown_ids, self.faults, self.limits):
            self.step(action)
            if not self.client.token:
                break
        print(f"{self.steps} steps, {self.failed} differ from the document")
        return self.failed


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: ereceipt_client_from_docs.py BASE_URL KEY SECRET")
    sys.exit(1 if Walk(Client(sys.argv[1]), sys.argv[2], sys.argv[3]).run() else 0)
