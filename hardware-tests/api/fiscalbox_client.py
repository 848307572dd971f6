"""A cash register program for FiscalBox, written from what is known of the public client: its order of calls, its fields, and its reading of
errors. It keeps the counters before each document, reads them again after any error, and takes a document as made if they have grown.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

# The numbers of errors that the client knows, of both generations of modules.
ALREADY_OPEN = {36912, 0x9022}
NOT_OPEN = {36909, 0x9021, 0x9023}
TIME_PAST = {36888, 0x9030}
EMPTY = {36907, 0x9032}
TIMED_OUT = 2


class Lost(Exception):
    """An answer that is empty, or is no JSON."""


class Refused(Exception):
    def __init__(self, code: int, message: str):
        super().__init__(f"{code} {message}")
        self.code, self.message = code, message


def code_of(error: dict) -> int:
    """The text up to the first blank is the code if it is hexadecimal; otherwise the number is."""
    word = error["message"].split(" ")[0]
    try:
        return int(word, 16) if len(word) == 4 else error["code"]
    except ValueError:
        return error["code"]


class Client:
    def __init__(self, url: str):
        self.url = url
        info = self.data(self.call("GET", "/info/"))
        for name in ("terminal_id", "applet_version", "version_code", "current_time", "receipt_count", "zreport_count", "cashbox_number", "is_updated"):
            assert name in info, name
        self.believes_open = False

    # The wire.

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json; charset=UTF-8"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert answer.status == 200
                return json.load(answer)
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, json.JSONDecodeError) as error:
            raise Lost(str(error)) from None

    @staticmethod
    def data(envelope: dict):
        error = envelope["error"]
        if error is not None and error["code"] != 0:
            raise Refused(code_of(error), error["message"])
        return envelope["data"]

    @staticmethod
    def now() -> str:
        return (datetime.now(timezone.utc) + timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S")

    def info(self) -> dict:
        """The figures of the shift: wrapped, and plain if they are an error."""
        said = self.call("GET", "/zreport/info")
        inner = said.get("result")
        figures = self.data(inner if inner and inner["is_success"] is True else said)
        self.believes_open = figures["open_time"] != ""
        return figures

    # The shift.

    def open(self) -> None:
        if self.believes_open:
            return
        try:
            self.data(self.call("GET", "/zreport/open?time=" + urllib.parse.quote(self.now())))
        except Refused as refused:
            if refused.code not in ALREADY_OPEN:
                raise
        self.believes_open = True

    def close(self, closes: bool) -> dict:
        self.open()
        before = self.info()
        body = {"close_zreport": closes, "name": "Z", "prices": [{"name": "Kirim", "type": 0, "price": 0, "vat_type": 0, "vat_price": 0}], "banners": []}
        try:
            figures = self.data(self.call("POST", "/zreport/close?time=" + urllib.parse.quote(self.now()), body))
        except Refused as refused:
            if refused.code in EMPTY:
                return {}
            if refused.code != TIMED_OUT:
                raise
            after = self.info()
            if after["number"] != before["number"] + 1:
                raise
            figures = {name: before[name] for name in before if name.startswith("total_")}
        if closes:
            self.believes_open = False
        return figures

    # Documents.

    def document(self, path: str, body: dict) -> dict | None:
        """Sends a document at most twice. Returns its answer, or None if only the counters have told that it was made."""
        for attempt in (1, 2):
            self.open()
            before = self.info()
            body["time"] = self.now()
            try:
                answer = self.data(self.call("POST", path, body))
                for name in ("terminal_id", "receipt_count", "date_time", "fiscal_sign", "applet_version", "qr_url", "cash_box_number"):
                    assert name in answer, name
                return answer
            except (Refused, Lost) as error:
                failed = error
            after = self.settled_info()
            if (after["total_sale_count"], after["total_refund_count"]) != (before["total_sale_count"], before["total_refund_count"]):
                return None
            code = failed.code if isinstance(failed, Refused) else 0
            if attempt == 2:
                raise failed
            if code in NOT_OPEN:
                self.believes_open = False
            elif code in TIME_PAST:
                time.sleep(1)
            else:
                raise failed
        return None

    def settled_info(self) -> dict:
        """The counters after an error. While the device answers an error, they are asked for again."""
        for _ in range(40):
            try:
                return self.info()
            except (Refused, Lost):
                time.sleep(0.5)
        raise AssertionError("the figures of the shift did not come")

    @staticmethod
    def product(price: int, **more) -> dict:
        discount = more.pop("discount", 0)
        vat = round((price - discount) * 12 / 112)
        return {"name": "Non", "barcode": "", "amount": 1000, "units": 1, "unit_name": "dona", "price": price, "product_price": price, "vat": vat,
                "vat_percent": 12, "discount": discount, "discount_percent": 1 if discount else 0, "other": 0, "labels": [],
                "class_code": "01905001001000000", "package_code": 0, "owner_type": 0, "comission_info": {"inn": "", "pinfl": ""}, **more}

    def order(self, cash: int, card: int, products: list, kind: str = "order", tendered: int | None = None, **more) -> dict:
        change = 0 if tendered is None else tendered - cash
        return {"number": 1, "receipt_type": kind, "products": products, "cashier": "", "received_cash": cash, "change": change,
                "received_card": card, "qr_code": "", "open_cashbox": cash > 0, "send_email": False, "email": "", "sms_phone_number": "",
                "banners": [{"type": "text", "data": "Rahmat", "cut": False}], "prices": [], **more}

    def sell(self, *arguments, **more) -> dict | None:
        return self.document("/order/create/", self.order(*arguments, **more))

    def refund(self, link: str, *arguments, **more) -> dict | None:
        return self.document("/order/refuse/", {**self.order(*arguments, **more), "qr_code": link})

    def last(self) -> dict:
        said = self.call("GET", "/order/last/")
        return self.data(said.get("result", said))
