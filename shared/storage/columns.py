"""Columns of rows as data: each has a name, a kind and a default.

A row is read and written through these declarations alone. A column that is not there has its default, so a row of an
older version is read; a column that is declared nowhere is somebody else's, a newer version's perhaps: it is kept. Only
a column that holds something else than its kind makes a row unreadable.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

Row = Mapping[str, Any]

# One more must still be a number of 32 bits, or the row of the next run could not be written.
MOST = 2**31 - 2
# A property holds 32 Ki characters; a sentence longer than this has lost its reader.
LONGEST_REASON = 1000
# Made once: json.dumps with an option of its own makes one for each value.
_as_json = json.JSONEncoder(ensure_ascii=False).encode


class _Required:
    """No default: without the column the row says nothing at all. A new column never has it."""


class _OfSchedule:
    """The default of an entry's column that repeats its schedule's."""


REQUIRED: Final = _Required()
OF_SCHEDULE: Final = _OfSchedule()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How values of a column are written, and read: `read` raises ValueError, which says what is wrong."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """A column, and the value that its absence stands for."""

    name: str
    kind: Kind
    default: Any


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a row says: `values` by column, `unknown` columns as they are, and what is `wrong` with which column.

    A column that is wrong has its default among the values.
    """

    values: Mapping[str, Any]
    unknown: Mapping[str, Any]
    wrong: Mapping[str, str]


class Columns:
    """The columns of one kind of row."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns
        self.kinds = {column.name: column.kind for column in columns}
        self._own = self.kinds.keys() | {"PartitionKey", "RowKey"}

    def written(self, **values: Any) -> dict[str, Any]:
        """Return values, by column, as they are stored; raises KeyError for a column that is not declared."""
        return {name: self.kinds[name].write(value) for name, value in values.items()}

    def read(self, row: Row) -> Read:
        """Return what the row says, as far as it can be read."""
        values, wrong = {}, {}
        for column in self.columns:
            name = column.name
            try:
                if name in row:
                    values[name] = column.kind.read(row[name])
                    continue
                if column.default is REQUIRED:
                    wrong[name] = "is not there"
            except (ValueError, KeyError, TypeError) as error:
                wrong[name] = str(error)
            values[name] = column.default
        return Read(values=values, unknown={name: row[name] for name in row.keys() - self._own}, wrong=wrong)

    def sound(self, row: Row) -> Mapping[str, Any]:
        """Return the values of a row; raises ValueError for one that can't be read."""
        found = self.read(row)
        if found.wrong:
            raise ValueError("; ".join(reasons(found.wrong)))
        return found.values


def reasons(wrong: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name} {why}" for name, why in wrong.items())


def text(moment: datetime | None) -> str:
    """Return an instant as text; whole seconds, of which alone keys are made, come without a fraction."""
    if not moment:
        return ""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat().removesuffix('+00:00')}Z"


def instant(written: object) -> datetime:
    """Return the instant that a text names; raises ValueError."""
    try:
        moment = datetime.fromisoformat(_text(written))
    except ValueError:
        raise ValueError("is no instant") from None
    if moment.tzinfo is None:
        raise ValueError("is an instant without its offset from UTC")
    return moment


def _text(written: object) -> str:
    if not isinstance(written, str):
        raise ValueError("is no text")  # noqa: TRY004 - a row that somebody edited by hand is a wrong value
    return written


def _number(written: object) -> int:
    if not isinstance(written, int) or isinstance(written, bool) or not 0 <= written < MOST:
        raise ValueError("is no whole number that Footman wrote")
    return written


def _real(written: object) -> float:
    if not isinstance(written, int | float):
        raise ValueError("is no number")  # noqa: TRY004 - as above
    return written


def _texts(written: object) -> tuple[str, ...] | None:
    found = _json(written)
    if found is not None and not (isinstance(found, list) and all(isinstance(each, str) for each in found)):
        raise ValueError("is no list of texts in JSON")
    return None if found is None else tuple(found)


def _json(written: object) -> Any:
    """Return what a text of JSON says, None for an empty one."""
    text_of_json = _text(written)
    try:
        return json.loads(text_of_json) if text_of_json else None
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None


def _same(value: Any) -> Any:
    return value


TEXT = Kind(name="text", write=_same, read=_text)
REASON = Kind(name="text", write=lambda value: value[:LONGEST_REASON], read=_text)
NUMBER = Kind(name="number", write=_same, read=_number)
REAL = Kind(name="real", write=_same, read=_real)
# An empty text where there is none: a merge can't clear a column.
INSTANT = Kind(name="instant", write=text, read=lambda written: None if written == "" else instant(written))
MOMENT = Kind(name="instant", write=text, read=instant)
TEXTS = Kind(
    name="texts",
    write=lambda value: "" if value is None else _as_json(value),
    read=_texts,
)


def one_of(words: type[StrEnum]) -> Kind:
    """Return the kind of a text that is one of these words."""

    def read(written: object) -> StrEnum:
        try:
            return words(_text(written))
        except ValueError:
            raise ValueError(f"is none of {', '.join(words)}") from None

    return Kind(name="text", write=lambda value: value.value if value else "", read=read)


def word_of(words: Collection[str]) -> Kind:
    """Return the kind of a text that is one of `words`."""

    def read(written: object) -> str:
        if _text(written) not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return str(written)

    return Kind(name="text", write=_same, read=read)


def json_of(write: Callable[[Any], Any], read: Callable[[Any], Any], empty: Any, what: str) -> Kind:
    """Return the kind of a value that stands in a text as JSON, `empty` in an empty text."""

    def read_text(written: object) -> Any:
        found = _json(written)
        try:
            return empty if found is None else read(found)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"is no {what} in JSON") from None

    return Kind(name="json", write=lambda value: _as_json(write(value)) if value else "", read=read_text)
