"""What can be wrong with a request, as data whose text names the place, the value and what is allowed.

Separate from reading.py, because the commands on a laptop use these texts too and do not have azure.functions.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.core.errors import CallerError
from shared.foreign import quotable

FAULTS_SHOWN = 3
VALUE_SHOWN = 60
VALUE_READ = 600
BODY = "body"
# What is expected, by the kind of pydantic's fault; the fault itself fills in the names in braces.
EXPECTED = {
    "model_type": "an object is expected",
    "model_attributes_type": "an object is expected",
    "dict_type": "an object is expected",
    "string_type": "a text is expected",
    "list_type": "a list is expected",
    "int_type": "should be a valid integer",
    "bool_type": "should be a valid boolean",
    "literal_error": "should be {expected}",
    "less_than_equal": "should be less than or equal to {le}",
    "string_pattern_mismatch": "control characters have no place here",
    "string_too_short": "it must not be empty",
    "string_too_long": "at most {max_length} characters fit",
    "value_error": "{error}",
}
# What is wrong when no other value would help.
REFUSED = {
    "json_invalid": "is not valid JSON: {error}",
    "missing": "is missing",
    "too_long": "has too many items; at most {max_length:,} are allowed",
}


@dataclass(eq=False)
class NotAllowed(CallerError):
    """A value that a field may not have; `allowed` says what may stand there, or why not, without a full stop."""

    field: str
    value: object
    allowed: str

    def __str__(self) -> str:
        return f"{self.field}: {shown(self.value)} is not allowed; {self.allowed}."


@dataclass(eq=False)
class FieldRefused(CallerError):
    """A field with a fault other than its value; `problem` continues the sentence after its name."""

    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field} {self.problem}."


@dataclass(eq=False)
class PartMissing(CallerError):
    """A missing part of path or body, in Butler's words; `detail` says more."""

    detail: str = ""

    def __str__(self) -> str:
        return f"Required parameter is missing: {self.detail}." if self.detail else "Required parameter is missing"


@dataclass(eq=False)
class BodyRefused(CallerError):
    """The first faults of a body, and how many more there are."""

    faults: Sequence[CallerError]
    more: int = 0

    def __str__(self) -> str:
        return " ".join([*map(str, self.faults), *([f"And {self.more} more."] if self.more else [])])


def refusal(error: ValidationError, unions: Collection[str] = (), root: str = BODY) -> BodyRefused:
    """Return the first faults that pydantic found in a value whose place is `root`; an empty text means no name.

    `unions` are the tags of tagged unions, which pydantic adds to the place of a fault although no caller wrote them.
    """
    faults = error.errors(include_url=False)
    shown_faults = [_fault(fault, _place(fault["loc"], unions, root)) for fault in faults[:FAULTS_SHOWN]]
    return BodyRefused(shown_faults, more=len(faults) - len(shown_faults))


def shown(value: object) -> str:
    """Return the value as JSON without secrets, shortened to what a message repeats."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    # Cut twice: half a secret would be left at the end.
    text = quotable(text[:VALUE_READ])
    return text if len(text) <= VALUE_SHOWN else f"{text[:VALUE_SHOWN]}…"


def _fault(fault: Mapping[str, Any], place: str) -> CallerError:
    about = fault.get("ctx", {})
    match fault["type"]:
        case "union_tag_invalid":
            return NotAllowed(f"{place}.type", about["tag"], f"use {about['expected_tags']}")
        case "union_tag_not_found":
            return FieldRefused(f"{place}.type", "is missing")
        case "list_type" if place == BODY:
            return FieldRefused(place, "must be array, for instance []")
        case kind if kind in REFUSED:
            return FieldRefused(place, REFUSED[kind].format_map(about))
        case kind:
            # Kinds without an entry keep pydantic's own message.
            return NotAllowed(place, fault["input"], EXPECTED.get(kind, "{msg}").format_map({**fault, **about}))


def _place(location: Iterable[int | str], unions: Collection[str], root: str) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part not in unions)
    return (root + "".join(parts)).removeprefix(".")
