"""Cron expressions: what they may say, and when they are due.

General approach. What an expression means is read by our own grammar. croniter is given its times as plain lists of
numbers, so that no release of croniter changes what a stored schedule means, and finds them on a wall clock that never
changes. Real clocks do, so time is cut into stretches in which a zone's offset from UTC is constant; inside one, wall
time and UTC differ by that offset. At the seams Debian cron's rule decides. An expression whose minute and hour both
name times is fixed-time: what falls into a skipped hour is due in the first minute after it, what falls into a repeated
hour is due on its first pass only. Every other expression follows elapsed time: nothing is made up, and both passes
count.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from heapq import merge
from itertools import islice, takewhile

from shared.core.cron_dates import Dates
from shared.core.cron_grammar import read
from shared.core.errors import WrongExpression
from shared.core.zones import Zone

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
WITH_SECONDS = 6


@dataclass(frozen=True, kw_only=True)
class Cron:
    """An expression that can be evaluated; `parse` makes one.

    `fields` are five, or six with seconds first, as they were written. `times` is what croniter is given: numbers
    joined by commas, or `*`, and every day.
    """

    text: str
    fields: tuple[str, ...]
    times: str = field(compare=False)
    dates: Dates = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Check an expression; raises CallerError naming what is wrong and what is allowed."""
        reading = read(text)
        times = " ".join([*map(_listed, reading.times), "* * *"])
        return cls(text=text, fields=reading.fields, times=times, dates=reading.dates)

    @property
    def is_fixed_time(self) -> bool:
        """True when neither minute nor hour begins with `*`; seconds have no say in it."""
        minute, hour = self.fields[-5:-3]
        return not minute.startswith("*") and not hour.startswith("*")

    @property
    def has_seconds(self) -> bool:
        return len(self.fields) == WITH_SECONDS


# Schedules share expressions: all that are due at six in the morning ask the same question.
@lru_cache(maxsize=4096)
def next_after(cron: Cron, zone: Zone, after: datetime) -> datetime | None:
    """Return the first instant after `after`, both UTC, at which the expression is due in the zone; None if never."""
    return next(due_after(cron, zone, after), None)


def upcoming(cron: Cron, zone: Zone, after: datetime, count: int) -> list[datetime]:
    """Return the next `count` instants after `after`; raises CallerError when the expression is never due."""
    found = list(islice(due_after(cron, zone, after), count))
    if not found:
        raise never_due(cron.text)
    return found


def never_due(text: str) -> WrongExpression:
    """Return the error of an expression that is never due; raise it."""
    return WrongExpression(text, "the date it names does not come within ten years")


def due_after(cron: Cron, zone: Zone, after: datetime) -> Iterator[datetime]:
    """Give every instant after `after` at which the expression is due, in order."""
    last = after
    for instant in _occurrences(cron, zone, _look_back(cron, zone, after)):
        if instant > last:
            yield instant
            last = instant


def _look_back(cron: Cron, zone: Zone, after: datetime) -> datetime:
    """Return where to begin so that the last change of clocks is met while it still matters."""
    # The walk begins a second later, which must not be the change itself: what leads to it would not be seen.
    change = zone.change_before(after + SECOND) if cron.is_fixed_time else None
    if change is None:
        return after
    shift = zone.offset(change) - zone.offset(change - SECOND)
    # What a gap moved is due in the minute after it; a repeated hour lasts as long as the clock went back.
    matters = MINUTE if shift > timedelta(0) else -shift
    return change - 2 * SECOND if after < change + matters else after


def _occurrences(cron: Cron, zone: Zone, since: datetime) -> Iterator[datetime]:
    """Walk through the stretches of constant offset after `since`; instants come in order, one may come twice."""
    start = since.replace(microsecond=0) + SECOND
    moved: list[datetime] = []
    while True:
        offset, change = zone.offset(start), zone.change_after(start)
        due = (wall - offset for wall in _walls(cron, start + offset))
        for instant in merge(moved, due):
            if change is not None and instant >= change:
                break
            yield instant
        else:
            return
        assert change is not None  # noqa: S101 - the loop above ends otherwise
        start, moved = _beyond(cron, zone, change)


def _beyond(cron: Cron, zone: Zone, change: datetime) -> tuple[datetime, list[datetime]]:
    """Return where to go on after a change of clocks, and what it moved there."""
    before, after = zone.offset(change - SECOND), zone.offset(change)
    if not cron.is_fixed_time:
        return change, []
    if after < before:
        return change + (before - after), []
    skipped = takewhile(lambda wall: wall < change + after, _walls(cron, change + before))
    first = next(skipped, None)
    if first is None:
        return change, []
    minute = first.replace(second=0) + MINUTE
    return change, [change + wall.second * SECOND for wall in (first, *takewhile(lambda wall: wall < minute, skipped))]


def _walls(cron: Cron, start: datetime) -> Iterator[datetime]:
    """Give the matching times of a wall clock that never changes, from `start` on; ends when none is left.

    The dates are ours; croniter finds the times in them, without a zone, for there it would have a rule of its own.
    """
    from croniter import croniter  # noqa: PLC0415 - 50 ms that only an expression asks for

    begin = start.replace(tzinfo=None)
    times = croniter(cron.times, begin, ret_type=datetime, second_at_beginning=True)
    wall = datetime.min  # noqa: DTZ901 - a wall clock's, before all
    for date in cron.dates.since(begin.date()):
        if wall.date() < date:
            wall = times.get_next(start_time=max(begin, datetime.combine(date, time())) - SECOND)
        while wall.date() == date:
            yield wall.replace(tzinfo=UTC)
            wall = times.get_next()


def _listed(numbers: frozenset[int] | None) -> str:
    return "*" if numbers is None else ",".join(map(str, sorted(numbers)))
