"""Compares answers with OpenAPI documents: names, types, which values may be null, closed objects.

Two documents are used: the vendor's, and the one that the till itself serves at /openapi.json.
"""

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


def own_differences(document: dict, method: str, path: str, status: int, body) -> list[str]:
    """The differences between an answer and the till's own document. A call of no operation has none."""
    operation = _operation(method, path, document)
    if operation is None:
        return []
    response = operation["responses"].get(str(status))
    if response is None:
        return [f"the status {status} is not described"]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].split("/")[-1]]
    found: list[str] = []
    media = response.get("content", {}).get("application/json")
    if media is not None:
        _compare("", body, media["schema"], found, document)
    return found


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


def _operation(method: str, path: str, document: dict = DOCUMENT):
    given = path.split("?")[0].rstrip("/").lower().split("/")
    matching = [
        (template.count("{"), operations)
        for template, operations in document["paths"].items()
        if len(parts := template.split("/")) == len(given)
        and all(part.startswith("{") or part == name for part, name in zip(parts, given))
    ]
    return min(matching, key=lambda one: one[0])[1].get(method.lower()) if matching else None


def _compare(path: str, value, schema: dict, found: list[str], document: dict = DOCUMENT) -> None:
    if "$ref" in schema:
        target = document["components"]["schemas"][schema["$ref"].split("/")[-1]]
        return _compare(path, value, target, found, document)
    if "anyOf" in schema:
        tries: list[list[str]] = []
        for choice in schema["anyOf"]:
            tries.append([])
            _compare(path, value, choice, tries[-1], document)
        found.extend(min(tries, key=len))
        return None
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if value is None:
        is_open = "$ref" not in schema and kinds == [None] and "allOf" not in schema and document is not DOCUMENT
        if not (schema.get("nullable") or "null" in kinds or is_open):
            found.append(f"{path}: null is not allowed")
        return None
    for one in schema.get("allOf", []):
        _compare(path, value, one, found, document)
    kind = kinds[0]
    if kind == "object" and isinstance(value, dict):
        properties = schema.get("properties", {})
        for name, member in value.items():
            if name in properties:
                _compare(f"{path}.{name}", member, properties[name], found, document)
            elif isinstance(others := schema.get("additionalProperties", True), dict):
                _compare(f"{path}.{name}", member, others, found, document)
            elif not others:
                found.append(f"{path}.{name}: is not in the schema")
        found += [f"{path}.{name}: is missing" for name in schema.get("required", []) if name not in value]
    elif kind == "array" and isinstance(value, list):
        for index, item in enumerate(value):
            _compare(f"{path}[{index}]", item, schema["items"], found, document)
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
        bits = 63 if schema.get("format") == "int64" else 31
        return whole and -(2**bits) <= value < 2**bits
    if kind == "null":
        return False
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
