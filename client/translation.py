"""Translate what Butler ran into an expression with which Footman is due at the same times."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from client.butler_cron import ButlerCron
from shared.core.cron import MINUTE, SECOND, Cron, due_after
from shared.core.cron_grammar import FIELDS, Unreadable, values
from shared.core.zones import Zone

# The first and last value of each field of an expression.
RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
A_RUN = 3


def translated(text: str, butler: ButlerCron) -> str:
    """Return an expression with the meaning of `butler`, keeping the words of `text` that Footman reads alike."""
    given = text.split()
    desired = (butler.seconds, butler.minutes, butler.hours, butler.days, butler.months, butler.weekdays)
    count = len(given)
    return " ".join(
        _field(part, values, *bounds)
        for part, values, bounds in zip(given, desired[-count:], RANGES[-count:], strict=True)
    )


# Cached: schedules share expressions, and one for every second has thousands of instants here.
@lru_cache
def differences(
    butler: ButlerCron, cron: Cron, zone: Zone, now: datetime
) -> tuple[tuple[datetime, ...], tuple[datetime, ...]]:
    """Return the instants of the coming year at which only Butler is due, and those at which only Footman is.

    The two expressions mean the same, so they can only differ where clocks change: at times that are skipped or shown
    twice, and in the minute after, to which Footman moves what was skipped.
    """
    only_butler: list[datetime] = []
    only_footman: list[datetime] = []
    for change in _changes(zone, now, now + timedelta(days=365)):
        around = abs(zone.offset(change) - zone.offset(change - SECOND)) + 2 * MINUTE
        start, end = change - around, change + around
        of_butler = set(butler.due_between(zone, start, end))
        of_footman = set(_due_between(cron, zone, start, end))
        only_butler += sorted(of_butler - of_footman)
        only_footman += sorted(of_footman - of_butler)
    return tuple(only_butler), tuple(only_footman)


def _changes(zone: Zone, start: datetime, end: datetime) -> Iterator[datetime]:
    change = zone.change_after(start)
    while change is not None and change < end:
        yield change
        change = zone.change_after(change)


def _due_between(cron: Cron, zone: Zone, start: datetime, end: datetime) -> Iterator[datetime]:
    for instant in due_after(cron, zone, start - SECOND):
        if instant >= end:
            return
        yield instant


def _field(part: str, desired: frozenset[int], first: int, last: int) -> str:
    if desired == frozenset(range(first, last + 1)):
        # A range would restrict nothing in Butler, but something in Footman.
        return "*"
    return part if _footman_reads(part, first, last) == desired else _written(desired, first, last)


def _footman_reads(part: str, first: int, last: int) -> frozenset[int] | None:
    """Return the values that Footman reads in one field, or None if it can't read them."""
    try:
        found = values(FIELDS[RANGES.index((first, last))], part)
    except Unreadable:
        return None
    return frozenset(range(first, last + 1)) if found is None else found


def _written(values: frozenset[int], first: int, last: int) -> str:
    for step in range(2, last - first + 1):
        if values == frozenset(range(first, last + 1, step)) and len(values) > 1:
            return f"*/{step}"
    return ",".join(_runs(sorted(values)))


def _runs(values: list[int]) -> Iterator[str]:
    """Yield numbers and, for three or more in a row, ranges."""
    while values:
        length = next(
            (at for at in range(1, len(values)) if values[at] != values[0] + at),
            len(values),
        )
        run, values = values[:length], values[length:]
        if length < A_RUN:
            yield from map(str, run)
        else:
            yield f"{run[0]}-{run[-1]}"
