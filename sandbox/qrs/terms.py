"""One term of a filter, `property operator literal`, and the values a property has in a row."""

import datetime as dt
import operator as op
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

Matches = Callable[[object], bool]

_WHOLE = re.compile(r"-?\d+")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ t]\d\d:\d\d(:\d\d(\.\d+)?)?(z|[+-]\d\d:\d\d)?)?")
_ENUMS = {
    name: number
    for names in (
        (
            "neverstarted triggered started queued abortinitiated aborting aborted finishedsuccess finishedfail "
            "skipped retry error reset distributionqueue distributionrunning"
        ),
        "reload externalprogram usersync distribute",
    )
    for number, name in enumerate(names.split())
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": op.eq,
    "ne": op.ne,
    "gt": op.gt,
    "ge": op.ge,
    "lt": op.lt,
    "le": op.le,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "sw": str.startswith,
    "ew": str.endswith,
    "so": str.__contains__,
}


def fold(value: object) -> object:
    """Return the value with names and texts in lower case, as QRS compares them."""
    match value:
        case dict():
            return {name.lower(): fold(inner) for name, inner in value.items()}
        case list():
            return [fold(inner) for inner in value]
        case str():
            return value.lower()
    return value


def values(row: object, path: list[str]) -> list[object]:
    """Return what is at the path; a list on the way gives a value for each of its elements."""
    nodes = [row]
    for name in path:
        owners = _flat(nodes)
        nodes = [owner[name] for owner in owners if isinstance(owner, dict) and name in owner]
    return [node for node in _flat(nodes) if node is not None]


def term(path: list[str], operator: str, literal: str) -> Matches | None:
    """Return the test of a term, or None if the operator does not fit the literal."""
    test = _test(operator, literal)
    if test is None:
        return None
    return lambda row: any(test(value) for value in values(row, path))


def _flat(nodes: list[object]) -> list[object]:
    flat: list[object] = []
    for node in nodes:
        if isinstance(node, list):
            flat.extend(node)
        else:
            flat.append(node)
    return flat


def _test(operator: str, literal: str) -> Matches | None:
    if literal.startswith("'"):
        return _text_test(operator, re.sub(r"\\(.)", r"\1", literal[1:-1], flags=re.DOTALL).lower())
    word = literal.lower()
    if _GUID.fullmatch(word):
        return _same_type(operator, word) if operator in ("eq", "ne") else None
    if word in ("true", "false"):
        return _same_type(operator, word == "true") if operator in ("eq", "ne") else None
    if word in _ENUMS or _WHOLE.fullmatch(word):
        return _same_type(operator, _ENUMS[word] if word in _ENUMS else int(word))
    return None


def _text_test(operator: str, expected: str) -> Matches | None:
    if (compare_text := _TEXT.get(operator)) is not None:
        return lambda value: isinstance(value, str) and compare_text(value, expected)
    instant = _instant(expected)
    if instant is None:
        return _same_type(operator, expected) if operator in ("eq", "ne") else None
    compare = _COMPARE.get(operator)
    if compare is None:
        return None
    return lambda value: _compares_in_time(compare, value, instant)


def _compares_in_time(compare: Callable[[object, object], bool], value: object, expected: dt.datetime) -> bool:
    instant = _instant(value) if isinstance(value, str) else None
    return instant is not None and compare(instant, expected)


def _same_type(operator: str, expected: object) -> Matches | None:
    compare = _COMPARE.get(operator)
    if compare is None:
        return None
    # True == 1 in Python; in QRS a boolean is not a number
    return lambda value: type(value) is type(expected) and compare(value, expected)


@lru_cache(maxsize=4096)
def _instant(folded: str) -> dt.datetime | None:
    if not _DATE.fullmatch(folded):
        return None
    try:
        read = dt.datetime.fromisoformat(folded.upper())
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
