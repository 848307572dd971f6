"""Compares answers with the vendor's OpenAPI document: names, types, which values may be null, closed objects."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from decimal import Decimal
from pathlib import Path

DOCUMENT = json.loads(
    (Path(__file__).parents[2] / "edge-agent/tests/fixtures/fiscalcloud-openapi.json").read_text("utf-8")
)


def differences(method: str, path: str, status: int, body) -> list[str]:
    """The differences between an answer and the schema of its operation. Other answers than 200 have the schema of the 422."""
    found: list[str] = []
    schema = {"$ref": "#/components/schemas/ApiResponse"}
    if status == 200:
        operation = _operation(method, path)
        if operation is None:
            return [f"{method} {path}: not in the vendor's document"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    _compare("", body, schema, found)
    return found


def _operation(method: str, path: str):
    given = path.split("?")[0].rstrip("/").lower().split("/")
    matching = [
        (template.count("{"), operations)
        for template, operations in DOCUMENT["paths"].items()
        if len(parts := template.split("/")) == len(given)
        and all(part.startswith("{") or part == name for part, name in zip(parts, given))
    ]
    return min(matching, key=lambda one: one[0])[1].get(method.lower()) if matching else None


def _compare(path: str, value, schema: dict, found: list[str]) -> None:
    if "$ref" in schema:
        return _compare(path, value, DOCUMENT["components"]["schemas"][schema["$ref"].split("/")[-1]], found)
    if value is None:
        if not schema.get("nullable"):
            found.append(f"{path}: null is not allowed")
        return None
    for one in schema.get("allOf", []):
        _compare(path, value, one, found)
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        for name, member in value.items():
            if name in schema["properties"]:
                _compare(f"{path}.{name}", member, schema["properties"][name], found)
            else:
                found.append(f"{path}.{name}: is not in the schema")
    elif kind == "array" and isinstance(value, list):
        for index, item in enumerate(value):
            _compare(f"{path}[{index}]", item, schema["items"], found)
    elif kind is not None and not _is(kind, value, schema):
        found.append(f"{path}: {value!r} does not fit {schema}")
    return None


def _is(kind: str, value, schema: dict) -> bool:
    if kind == "string":
        return isinstance(value, str) and value in schema.get("enum", [value]) and _has_format(value, schema.get("format"))
    if kind == "boolean":
        return isinstance(value, bool)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind == "integer":
        return whole and -(2**31) <= value < 2**31
    return kind == "number" and (whole or isinstance(value, (float, Decimal)))


def _has_format(value: str, form: str | None) -> bool:
    try:
        if form == "uuid":
            uuid.UUID(value)
        elif form == "date-time":
            # Python reads at most six decimals; the vendor writes seven.
            short = re.sub(r"(\.\d{6})\d+", r"\1", value)
            return datetime.datetime.fromisoformat(short).tzinfo is not None
    except ValueError:
        return False
    return True
