"""Single values of a row, written and read with care: somebody may have edited it by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]

MOST = 2**31 - 2


def text(moment: datetime | None) -> str:
    """Return an instant as text; whole seconds, of which alone keys are made, come without a fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""


def instant(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError(f"{written!r} has no offset")
    return moment


def maybe_instant(row: Row, name: str) -> datetime | None:
    written = text_of(row, name)
    return instant(written) if written else None


def text_of(row: Row, name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")  # noqa: TRY004 - a row that somebody edited by hand is a wrong value
    return value


def number_of(row: Row, name: str) -> int:
    value = row[name]
    # One more must still be a number of 32 bits, or the row of the next run could not be written.
    if not isinstance(value, int) or not -1 <= value < MOST:
        raise ValueError(f"{name} is no number that Footman wrote")
    return value
