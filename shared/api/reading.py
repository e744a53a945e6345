"""Read the body that a caller sent, and name the place of what is wrong with it."""

import codecs
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from shared.core.errors import CallerError

Value = TypeVar("Value")

# Butler's own limit. It holds some 10,000 task ids.
BODY_BYTES = 1024 * 1024
SEND_UTF8 = "Send JSON in UTF-8; in PowerShell, write files with -Encoding utf8."
GZIP = b"\x1f\x8b"
FAULTS_SHOWN = 3
VALUE_SHOWN = 60
BODY = "body"
EXPECTED = {
    "model_type": "an object is expected",
    "model_attributes_type": "an object is expected",
    "dict_type": "an object is expected",
    "string_type": "a text is expected",
    "list_type": "a list is expected",
    "string_pattern_mismatch": "control characters have no place here",
    "string_too_short": "it must not be empty",
}


def body(req: func.HttpRequest, kind: TypeAdapter[Value], *, if_absent: bytes, unions: Collection[str] = ()) -> Value:
    """Return the JSON body as the value it must be; raises CallerError naming place, value and what is allowed.

    `unions` are the tags of tagged unions in it, which pydantic adds to a place and no caller ever wrote there.
    """
    raw = req.get_body()
    if len(raw) > BODY_BYTES:
        raise CallerError(f"body: {len(raw):,} bytes are too many; at most {BODY_BYTES:,} are allowed.")
    try:
        # Windows editors and PowerShell put a byte order mark in front.
        return kind.validate_json(raw.removeprefix(b"\xef\xbb\xbf") if raw.strip() else if_absent)
    except ValidationError as error:
        raise CallerError(_encoding_fault(raw) or sentences(error, unions)) from None


def _encoding_fault(raw: bytes) -> str:
    """Return what is wrong with the bytes of a body that could not be read; empty where they are UTF-8."""
    if raw.startswith(GZIP):
        return "body is compressed with gzip; send it as it is."
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw[:4]:
        return f"body is not UTF-8 but UTF-16, as PowerShell's Out-File writes it. {SEND_UTF8}"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"body is not UTF-8: byte {error.start + 1} is 0x{raw[error.start]:02X}. {SEND_UTF8}"
    return ""


def sentences(error: ValidationError, unions: Collection[str] = ()) -> str:
    """Tell people what is wrong, the first faults of many."""
    faults = error.errors(include_url=False)
    told = [_sentence(fault, _place(fault["loc"], unions)) for fault in faults[:FAULTS_SHOWN]]
    if len(faults) > FAULTS_SHOWN:
        told.append(f"And {len(faults) - FAULTS_SHOWN} more.")
    return " ".join(told)


def shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_SHOWN else f"{text[:VALUE_SHOWN]}…"


def _sentence(fault: Mapping[str, Any], place: str) -> str:
    match fault["type"]:
        case "json_invalid":
            return f"body is not valid JSON: {fault['ctx']['error']}."
        case "list_type" if place == BODY:
            return f"{place} must be array, for instance []."
        case "too_long":
            return f"{place} has too many items; at most {fault['ctx']['max_length']:,} are allowed."
        case "missing" | "union_tag_not_found" as kind:
            return f"{place}{'' if kind == 'missing' else '.type'} is missing."
        case "union_tag_invalid":
            return f"{place}.type: {shown(fault['ctx']['tag'])} is not allowed; use {fault['ctx']['expected_tags']}."
        case _:
            return f"{place}: {shown(fault['input'])} is not allowed; {_expectation(fault)}."


def _expectation(fault: Mapping[str, Any]) -> str:
    if expected := EXPECTED.get(fault["type"]):
        return expected
    if fault["type"] == "string_too_long":
        return f"at most {fault['ctx']['max_length']} characters fit"
    reason = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return f"{reason[:1].lower()}{reason[1:]}"


def _place(location: Iterable[int | str], unions: Collection[str]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part not in unions)
    return BODY + "".join(parts)
