"""Time zones by their IANA names, from the tzdata package alone: what operating systems know differs."""

import zoneinfo
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from shared.core.errors import UnknownZone
from shared.core.zone_names import suggestion

SECOND = timedelta(seconds=1)
# Far less than any two changes of a zone lie apart.
STRIDE = timedelta(days=2)
# Further than any expression that is due at all waits.
HORIZON_YEARS = 12


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone that exists; `parse` makes one. Instants are aware and in UTC."""

    name: str

    @classmethod
    def parse(cls, name: str) -> "Zone":
        """Check a name; raises UnknownZone, with the name that was probably meant."""
        if name not in _names():
            raise UnknownZone(name, lambda: suggestion(name, _names()))
        return cls(name=name)

    def offset(self, instant: datetime) -> timedelta:
        return _offset(self.name, instant)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(_zone(self.name))

    def change_after(self, instant: datetime) -> datetime | None:
        """Return the first change of the offset after the instant, None when there is none within the horizon."""
        for year in range(instant.year, instant.year + HORIZON_YEARS):
            changes = _changes(self.name, year)
            if changes and changes[-1] > instant:
                return changes[bisect_right(changes, instant)]
        return None

    def change_before(self, instant: datetime) -> datetime | None:
        """Return the last change of the offset up to the instant, in its year or the one before."""
        for year in (instant.year, instant.year - 1):
            changes = _changes(self.name, year)
            if changes and changes[0] <= instant:
                return changes[bisect_right(changes, instant) - 1]
        return None


@cache
def _names() -> frozenset[str]:
    from importlib import resources  # noqa: PLC0415 - not at import: only an expression asks for it

    zoneinfo.reset_tzpath(to=())
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    _names()
    return zoneinfo.ZoneInfo(name)


def _offset(name: str, instant: datetime) -> timedelta:
    offset = instant.astimezone(_zone(name)).utcoffset()
    assert offset is not None  # noqa: S101 - an aware instant in a zone has one
    return offset


@lru_cache(maxsize=4096)
def _changes(name: str, year: int) -> tuple[datetime, ...]:
    """Return the instants of a year, to the second, from which another offset holds."""
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = []
    while start < end:
        stop = min(start + STRIDE, end)
        if _offset(name, start) != _offset(name, stop):
            found.append(_change_between(name, start, stop))
        start = stop
    return tuple(found)


def _change_between(name: str, start: datetime, stop: datetime) -> datetime:
    before = _offset(name, start)
    while stop - start > SECOND:
        middle = start + (stop - start) // 2 // SECOND * SECOND
        if _offset(name, middle) == before:
            start = middle
        else:
            stop = middle
    return stop
