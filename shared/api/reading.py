"""Read what a caller sent, and name the place of what is wrong with it."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from shared.core.errors import CallerError

Value = TypeVar("Value")

# Butler's own limit. It holds some 10,000 task ids.
BODY_BYTES = 1024 * 1024
FAULTS_SHOWN = 3
FIRST_YEAR, LAST_YEAR = 1970, 2200
VALUE_SHOWN = 60
BODY = "body"
EXPECTED = {
    "model_type": "an object is expected",
    "dict_type": "an object is expected",
    "string_type": "a text is expected",
    "list_type": "a list is expected",
    "string_pattern_mismatch": "control characters have no place here",
    "string_too_short": "it must not be empty",
}


def boolean(req: func.HttpRequest, name: str) -> bool:
    """Return a query parameter that is true or false; absent is false."""
    text: str = req.params.get(name, "false")
    if text not in {"true", "false"}:
        raise CallerError(f"{name}: {shown(text)} is not allowed; use true or false.")
    return text == "true"


def text(req: func.HttpRequest, name: str) -> str:
    """Return a query parameter that must be there; the host drops empty ones."""
    if name not in req.params:
        raise CallerError(f"{name} is missing: give it as a query parameter.")
    given: str = req.params[name]
    return given


def segment(req: func.HttpRequest, name: str) -> str:
    """Return a part of the path; the host decodes all of it but %2F, which would look like a separator."""
    given: str = req.route_params[name]
    return re.sub("%2f", "/", given, flags=re.IGNORECASE)


def whole_number(req: func.HttpRequest, name: str, *, if_absent: int, most: int) -> int:
    given = req.params.get(name, str(if_absent))
    if not re.fullmatch(r"[0-9]{1,9}", given) or not 1 <= int(given) <= most:
        raise CallerError(f"{name}: {shown(given)} is not allowed; use a whole number from 1 to {most}.")
    return int(given)


def instant(req: func.HttpRequest, name: str, *, if_absent: datetime) -> datetime:
    """Return a query parameter that is an instant, in UTC; a time without its offset is none."""
    given = req.params.get(name)
    if given is None:
        return if_absent
    try:
        # A plus that was not percent-encoded arrives as a space.
        found = datetime.fromisoformat(given.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise CallerError(f"{name}: {shown(given)} is not allowed; use an instant such as 2026-11-22T06:00:00Z.")
    return found.astimezone(UTC)


def body(req: func.HttpRequest, kind: TypeAdapter[Value], *, if_absent: bytes, unions: Collection[str] = ()) -> Value:
    """Return the JSON body as the value it must be; raises CallerError naming place, value and what is allowed.

    `unions` are the tags of tagged unions in it, which pydantic adds to a place and no caller ever wrote there.
    """
    raw = req.get_body()
    if len(raw) > BODY_BYTES:
        raise CallerError(f"body: {len(raw):,} bytes are too many; at most {BODY_BYTES:,} are allowed.")
    try:
        # Windows editors and PowerShell put a byte order mark in front.
        return kind.validate_json(raw.removeprefix(b"\xef\xbb\xbf").strip() or if_absent)
    except ValidationError as error:
        raise CallerError(_sentences(error.errors(include_url=False), unions)) from None


def shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_SHOWN else f"{text[:VALUE_SHOWN]}…"


def _sentences(faults: list[Any], unions: Collection[str]) -> str:
    sentences = [_sentence(fault, _place(fault["loc"], unions)) for fault in faults[:FAULTS_SHOWN]]
    if len(faults) > FAULTS_SHOWN:
        sentences.append(f"And {len(faults) - FAULTS_SHOWN} more.")
    return " ".join(sentences)


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
