"""How Butler reads a cron expression, and when it is due: the rules of cron 1.8.2, the library that Butler pins.

The rules were derived from that library and are tested against its results (tests/contract/butler-cron.json). Months
count from 0, Sunday is only 0, a range that ends in 0 is just its first value, and a day that occurs in none of the
months becomes another day.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from shared.core.zones import Zone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
SECOND, MINUTE, HOUR, DAY_OF_MONTH = ("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31)
WEEKDAY = ("weekday", 0, 6)
DAY = timedelta(days=1)
DEFAULT_SECOND = "0"
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS, WEEKDAYS = frozenset(range(1, 32)), frozenset(range(7))
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?(?:/([0-9]{1,9}))?")


class ButlerRefused(ValueError):
    """Butler can't read the expression: it listed the schedule as started, and never ran it."""


@dataclass(frozen=True, kw_only=True)
class ButlerCron:
    """An expression as Butler reads it; `months` are 1 to 12, `weekdays` 0 to 6, Sunday first."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, text: str, *, month_base: int = 0) -> "ButlerCron":
        """Read an expression of five or six fields; raises ButlerRefused where the library throws.

        `month_base` is the number of January: 0 as Butler reads it, 1 as somebody may have meant it.
        """
        numbers = {name: str(at + month_base) for at, name in enumerate(MONTHS)}
        numbers |= {name: str(at) for at, name in enumerate(WEEKDAY_NAMES)}
        parts = re.sub(r"[A-Za-z]{1,3}", lambda found: _number(found[0], numbers), text).split()
        if len(parts) not in {5, 6}:
            raise ButlerRefused(f"it has {len(parts)} fields, not 5 or 6")
        fields = (SECOND, MINUTE, HOUR, DAY_OF_MONTH, ("month", month_base, month_base + 11), WEEKDAY)
        padded = parts if len(parts) == len(fields) else [DEFAULT_SECOND, *parts]
        seconds, minutes, hours, days, months, weekdays = (
            _values(part, *field) for part, field in zip(padded, fields, strict=True)
        )
        months = frozenset(month + 1 - month_base for month in months)
        return cls(
            seconds=seconds,
            minutes=minutes,
            hours=hours,
            days=_possible(days, months, is_meant=month_base == 1),
            months=months,
            weekdays=weekdays,
        )

    def has_day(self, wall: datetime) -> bool:
        """Return whether a date matches. A field with all its values restricts nothing, however it is written."""
        if wall.month not in self.months:
            return False
        of_month, of_week = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        if self.days == DAYS or self.weekdays == WEEKDAYS:
            return of_month and of_week
        return of_month or of_week

    def due_between(self, zone: Zone, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the UTC instants from `start` on and before `end` at which Butler is due on a server in this zone.

        A time that the server's clock skips is not due; one that it shows twice is due the first time.
        """
        day, last = (datetime.combine(zone.local(instant).date(), time()) for instant in (start, end))
        while day <= last:
            if self.has_day(day):
                yield from (instant for instant in self._of_day(zone, day) if start <= instant < end)
            day += DAY

    def _of_day(self, zone: Zone, day: datetime) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                instant = _instant(zone, day.replace(hour=hour, minute=minute))
                if instant is not None:
                    yield from (instant + timedelta(seconds=second) for second in sorted(self.seconds))


def _instant(zone: Zone, wall: datetime) -> datetime | None:
    """Return when the zone's clock first shows a time, or None if it skips it."""
    as_utc = wall.replace(tzinfo=UTC)
    for offset in dict.fromkeys((zone.offset(as_utc - DAY), zone.offset(as_utc + DAY))):
        if zone.local(as_utc - offset).replace(tzinfo=None) == wall:
            return as_utc - offset
    return None


def _number(name: str, numbers: Mapping[str, str]) -> str:
    if name.lower() not in numbers:
        raise ButlerRefused(f"{name!r} is not a name it knows")
    return numbers[name.lower()]


def _values(part: str, name: str, first: int, last: int) -> frozenset[int]:
    found: set[int] = set()
    for item in part.split(","):
        if "*" in item[1:]:
            raise ButlerRefused(f"{name} {part!r} has a * in the wrong place")
        found |= _item_values(item.replace("*", f"{first}-{last}"), name, first, last)
    return frozenset(found)


def _item_values(item: str, name: str, first: int, last: int) -> set[int]:
    parts = _RANGE.fullmatch(item)
    if parts is None:
        raise ButlerRefused(f"{name} {item!r} can't be read")
    low, high, step = int(parts[1]), int(parts[2] or 0), int(parts[3] or 1)
    if parts[3] == "0":
        raise ButlerRefused(f"{name} {item!r} has a step of 0")
    if high and low > high:
        raise ButlerRefused(f"{name} {item!r} runs backwards")
    if low < first or max(low, high) > last:
        raise ButlerRefused(f"{name} {item!r} lies outside {first} to {last}")
    # An end of 0 counts as no end; without an end, a step goes on to the last value.
    end = high or (last if parts[3] else low)
    return {low, *range(low, end + 1, max(step, 1))}


def _possible(days: frozenset[int], months: frozenset[int], *, is_meant: bool) -> frozenset[int]:
    """Return the days; if none of the months has any of them, their remainders by the length of the last month.

    Butler does that; nobody can have meant it.
    """
    if any(day <= DAYS_IN_MONTH[month - 1] for day in days for month in months):
        return days
    if is_meant:
        raise ButlerRefused("no month that it names has such a day")
    length = DAYS_IN_MONTH[max(months) - 1]
    return frozenset(day % length if day > length else day for day in days)
