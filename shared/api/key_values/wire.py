"""Key-values as callers send them, in a call of their own or among the items of a start request."""

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from shared.api.edge.address import FOLDED, NO_NAMES
from shared.api.edge.texts import as_text
from shared.core.key_values import LONGEST_NAME, LONGEST_TTL_MS, LONGEST_VALUE, KeyValue
from shared.log import log_of

log = log_of(__name__)

# A number as programs write it: 3600000, 3600000.0, 3.6e6, 3.6E+06; its length limits it to a hundred years.
_FRACTION = r"(\.[0-9]{0,20})?"
_TTL = rf"^ {{0,9}}([+-]?([0-9]{{1,12}}{_FRACTION}|[0-9]{{1,3}}{_FRACTION}[eE][+-]?0{{0,2}}[0-9]))? {{0,9}}$"


def _as_name(value: Any) -> Any:
    if isinstance(value, str) and value in NO_NAMES:
        raise ValueError(FOLDED)
    return as_text(value)


def _milliseconds(value: Any) -> Any:
    """Return a time to live as a whole number; Butler's load script sends text, which is empty for none."""
    if isinstance(value, str) and re.fullmatch(_TTL, value):
        value = float(value) if value.strip() else None
    if isinstance(value, float) and math.isfinite(value):
        # A fraction of a millisecond becomes 1, because 0 would mean for ever.
        value = int(value) or int(value > 0)
    if isinstance(value, bool | str | float):
        raise ValueError("a number of milliseconds is expected")  # noqa: TRY004 - pydantic reports only this one
    return value


# What is accepted, for the contract. Storage counts UTF-16 units, which only KeyValue's own check does.
_NOT_FOLDED: dict[str, Any] = {"not": {"enum": sorted(NO_NAMES)}}
_NameIn = (
    Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, json_schema_extra=_NOT_FOLDED)] | int | float | bool
)
_ValueIn = Annotated[str, Field(max_length=LONGEST_VALUE)] | int | float | bool
_TtlIn = Annotated[float, Field(le=LONGEST_TTL_MS)] | Annotated[str, Field(pattern=_TTL)] | None

_PartIn = Annotated[str, Field(max_length=LONGEST_NAME, json_schema_extra=_NOT_FOLDED)] | int | float | bool | None

_Text = Annotated[str, Field(max_length=LONGEST_NAME)]
_Name = Annotated[_Text | None, BeforeValidator(_as_name, json_schema_input_type=_NameIn)]
_Part = Annotated[_Text | None, BeforeValidator(_as_name, json_schema_input_type=_PartIn)]
_LongText = Annotated[str, Field(max_length=LONGEST_VALUE)]
_Value = Annotated[_LongText | None, BeforeValidator(as_text, json_schema_input_type=_ValueIn)]
_Ttl = Annotated[
    Annotated[int, Field(le=LONGEST_TTL_MS)] | None,
    BeforeValidator(_milliseconds, json_schema_input_type=_TtlIn),
    Field(description="Milliseconds; 0, less or absent: for ever."),
]


class KeyValueBody(BaseModel):
    """What a caller stores under a namespace; Butler's clients send numbers too."""

    # The contract shows both as required; when one is missing, the answer is a message that Butler's clients know.
    model_config = ConfigDict(defer_build=True, json_schema_extra={"required": ["key", "value"]})

    key: _Name = None
    value: _Value = None
    ttl: _Ttl = None


KEY_VALUE: TypeAdapter[KeyValueBody] = TypeAdapter(KeyValueBody)


class KeyValuePayload(BaseModel):
    """A pair without namespace, key or value is dropped, as Butler does; one of a wrong type is an error."""

    model_config = ConfigDict(defer_build=True)

    namespace: _Part = None
    key: _Part = None
    value: Annotated[_LongText | None, BeforeValidator(as_text, json_schema_input_type=_ValueIn | None)] = None
    ttl: _Ttl = None


def complete(payloads: Sequence[KeyValuePayload]) -> list[KeyValue]:
    """Return the pairs that have namespace, key and value; the others are dropped and counted in the log."""
    pairs = [
        KeyValue(namespace=one.namespace, key=one.key, value=one.value, ttl_ms=lifetime(one.ttl))
        for one in payloads
        if one.namespace and one.key and one.value
    ]
    if dropped := len(payloads) - len(pairs):
        log.warning("Dropped %d incomplete key-values", dropped, extra={"action": "key_values_dropped"})
    return pairs


def lifetime(ttl: int | None) -> int | None:
    """Return a time to live in milliseconds, or None for ever: Butler's clients send 0, less or nothing for that."""
    return ttl if ttl and ttl > 0 else None
