"""Signs the calls of schemathesis. `run.py` sets the environment."""

import hashlib
import hmac
import os
import time

import schemathesis
from requests.auth import AuthBase

KEY = os.environ["FERROTILL_KEY"]
SECRET = os.environ["FERROTILL_SECRET"].encode("ascii")
DEVICE = os.environ["FERROTILL_DEVICE"]
POINT_OF_SALE = os.environ["FERROTILL_POINT_OF_SALE"]


class Signature(AuthBase):
    """Signs the bytes that are sent. Three of four calls name the device that exists, so that they reach the till's rules."""

    def __call__(self, request):
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode("utf-8")
        chosen = hashlib.sha256(request.path_url.encode("utf-8") + body).digest()[0] % 4
        for name, known in (("Api-DeviceId", DEVICE), ("Api-PointOfSaleId", POINT_OF_SALE)):
            if name in request.headers and chosen:
                request.headers[name] = known

        def header(name):
            value = request.headers.get(name, "")
            return value if isinstance(value, bytes) else value.encode("latin-1")

        timestamp = str(time.time_ns() // 1_000_000)
        parts = [header("Api-DeviceId"), header("Api-PointOfSaleId"), timestamp.encode("ascii")]
        parts += [request.method.encode("ascii"), request.path_url.encode("utf-8"), body]
        request.headers["Api-Key"] = KEY
        request.headers["Api-Timestamp"] = timestamp
        request.headers["Api-Signature"] = hmac.new(SECRET, b"".join(parts), hashlib.sha256).hexdigest()
        return request


schemathesis.auth.set_from_requests(Signature())
