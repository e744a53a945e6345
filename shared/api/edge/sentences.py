"""Tell a caller in sentences what is wrong with what was sent, by what pydantic found.

Apart from reading.py, for the commands on a laptop tell it too, and have no azure.functions.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

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
