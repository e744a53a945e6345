"""What a cron expression may say, and what it means: each field is read here, once, into numbers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from shared.core.cron_dates import EACH, LAST, Dates
from shared.core.cron_hints import hint
from shared.core.errors import TooLong, WrongExpression

# All seconds, minutes, hours, days, months and each weekday's five in a month, written one by one, take less than 800.
LONGEST = 1000
# Of a longer field a refusal shows the one item that is wrong.
LONGEST_SHOWN = 128
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
ALLOWED = (
    "use 5 fields (minute hour day month weekday), 6 with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly"
)


Item = TypeVar("Item")


class Unreadable(ValueError):
    """An item of a field can't be read; `reason` goes on from its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field and the numbers from `first` to `last` that it takes; they go round after `size` of them."""

    name: str
    first: int
    last: int
    size: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """Return the value of a number or a name; raises Unreadable when it is neither or out of bounds."""
        if text.lower() in self.names:
            return self.names.index(text.lower()) + self.first
        value = int(text) if re.fullmatch(r"[0-9]{1,4}", text) else -1
        if not self.first <= value <= self.last:
            names = f" or {'-'.join(self.names[:2])}…" if self.names else ""
            raise Unreadable(f"is no value from {self.first} to {self.last}{names}")
        return value

    def rounded(self, value: int) -> int:
        """Return the number that stands for a value beyond the end: after 23 comes 0, and 7 is Sunday as 0 is."""
        return (value - self.first) % self.size + self.first


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    Field(name="second", first=0, last=59, size=60),
    Field(name="minute", first=0, last=59, size=60),
    Field(name="hour", first=0, last=23, size=24),
    _DAY := Field(name="day of month", first=1, last=31, size=31),
    _MONTH := Field(name="month", first=1, last=12, size=12, names=_MONTHS),
    _WEEKDAY := Field(name="weekday", first=0, last=7, size=7, names=_DAYS),
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An expression in parts: its `fields` as written; `times`, the values of all fields but the last three; `dates`.

    None stands for values that are left open.
    """

    fields: tuple[str, ...]
    times: tuple[frozenset[int] | None, ...]
    dates: Dates


def read(text: str) -> Reading:
    """Read an expression; raises CallerError naming what is wrong and what is allowed."""
    if len(text) > LONGEST:
        raise TooLong("cronSchedule", len(text), LONGEST)
    parts = tuple(PRESETS.get(text.strip().lower(), text).split())
    if len(parts) not in {5, 6}:
        raise WrongExpression(text, f"it has {len(parts)} fields; {ALLOWED}{hint('expression', ' '.join(parts))}")
    try:
        times = tuple(_times(field, part) for field, part in zip(FIELDS[-len(parts) : -3], parts, strict=False))
        dates = _dates(*parts[-3:])
    except Unreadable as fault:
        raise WrongExpression(text, fault.reason) from None
    return Reading(fields=parts, times=times, dates=dates)


def values(field: Field, part: str) -> frozenset[int] | None:
    """Return the numbers that a field names, None where an item of it is `*`; raises Unreadable."""
    if part == "*":
        return None  # as mostly
    found = _each_item(field, part, partial(_numbers, field))
    named = [numbers for numbers in found if numbers is not None]
    return frozenset().union(*named) if len(named) == len(found) else None


def _times(field: Field, part: str) -> frozenset[int] | None:
    named = values(field, part)
    return None if named is None or len(named) == field.size else named


def _dates(day: str, month: str, weekday: str) -> Dates:
    days, months = _days(day), values(_MONTH, month)
    named = range(1, 13) if months is None else sorted(months)
    return Dates(months=tuple(named), days=days, weekdays=_weekdays(weekday))


def _days(part: str) -> frozenset[int] | None:
    if part in {"l", "L"}:
        return frozenset({LAST})
    return None if part == "?" else values(_DAY, part)


def _weekdays(part: str) -> frozenset[tuple[int, int]] | None:
    if re.fullmatch(r"[lL][0-7]", part):
        return frozenset({(_WEEKDAY.rounded(int(part[1])), LAST)})
    if "#" in part:
        if not all("#" in item for item in part.split(",")):
            raise Unreadable(f"weekday {_shown(part, part)} mixes weekdays with and without #")
        return frozenset(_each_item(_WEEKDAY, part, _counted))
    weekdays = None if part == "?" else values(_WEEKDAY, part)
    return None if weekdays is None else frozenset((weekday, EACH) for weekday in weekdays)


def _each_item(field: Field, part: str, reading: Callable[[str], Item]) -> list[Item]:
    found = []
    for item in part.split(","):
        try:
            found.append(reading(item))
        except Unreadable as fault:
            raise Unreadable(f"{field.name} {_shown(part, item)} {fault.reason}{hint(field.name, item)}") from None
    return found


def _shown(part: str, item: str) -> str:
    return repr(part if len(part) <= LONGEST_SHOWN else item[:LONGEST_SHOWN])


def _counted(item: str) -> tuple[int, int]:
    """Return the weekday of an item such as `5#3`, and which one of it in a month."""
    found = re.fullmatch(r"([^#]+)#([1-5])", item)
    weekday = _WEEKDAY.number(found[1] if found else item)
    return _WEEKDAY.rounded(weekday), int(item[-1])


def _numbers(field: Field, item: str) -> frozenset[int] | None:
    """Return what an item names: a number, or every n-th of a range in the range's own order, past the end too."""
    if item == "*":
        return None
    span, slash, step = item.partition("/")
    if slash and not re.fullmatch(r"0*[1-9][0-9]{0,3}", step):
        raise Unreadable("has a step that is no number from 1 on")
    low, high = _ends(field, span, to_the_end=bool(slash))
    beyond = high if low <= high else high + field.size
    return frozenset(field.rounded(value) for value in range(low, beyond + 1, int(step or 1)))


def _ends(field: Field, span: str, *, to_the_end: bool) -> tuple[int, int]:
    """Return the first and last value of a range; a single value with a step reaches to the end of the field."""
    end = field.first + field.size - 1
    if span == "*":
        return field.first, end
    begin, dash, last = span.partition("-")
    low = field.number(begin)
    if not dash:
        return field.rounded(low), end if to_the_end else field.rounded(low)
    high = field.number(last)
    if low == high:
        raise Unreadable("is a range from a value to itself; write the value alone")
    return field.rounded(low), high
