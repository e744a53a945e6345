"""Order and paging of lists, and the values of a table's columns."""

import re

from sandbox.qrs.answers import refused
from sandbox.qrs.query import Query
from sandbox.qrs.rows import Row
from sandbox.qrs.terms import values

_ORDER = re.compile(r"\s*([A-Za-z_][\w.]*)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


def in_order(rows: list[Row], query: Query) -> list[Row]:
    """Sort by `orderby=Name asc, modifiedDate desc`, as lists do, or by `sortColumn`, as tables do."""
    for name, descending in reversed(_sort_columns(query)):
        path = name.lower().split(".")
        rows = sorted(rows, key=lambda row: _key(row, path), reverse=descending)
    return rows


def page(rows: list[Row], query: Query) -> list[Row]:
    """Return the rows that `skip` and `take` select."""
    skip = _number(query, "skip", 0)
    return rows[skip : skip + _number(query, "take", len(rows))]


def column(row: Row, definition: str) -> object:
    """Return the value under `name` or `app.name`, or None."""
    node: object = row.entity
    for name in definition.lower().split("."):
        if not isinstance(node, dict):
            return None
        node = next((value for key, value in node.items() if key.lower() == name), None)
    return node


def _sort_columns(query: Query) -> list[tuple[str, bool]]:
    if (single := query.get("sortcolumn")) is not None:
        return [(single, (query.get("orderascending") or "true").lower() == "false")]
    text = query.get("orderby")
    if text is None:
        return []
    found = [_ORDER.fullmatch(part) for part in text.split(",")]
    if None in found:
        raise refused(400, f"Cannot parse the expression: {text}")
    return [(each[1], (each[2] or "asc").lower() == "desc") for each in found if each is not None]


def _key(row: Row, path: list[str]) -> tuple[bool, str, float]:
    """Return a sort key: missing values first, then numbers, then texts."""
    first = next(iter(values(row.folded, path)), None)
    if isinstance(first, int | float):
        return True, "", first
    return first is not None, str(first), 0.0


def _number(query: Query, name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not text.isdecimal():
        raise refused(400, f"{name} is not a number")
    return int(text)
