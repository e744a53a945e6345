"""The dates that an expression names: of the days of a month, of weekdays, or of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

# 29 February skips one leap year in a century: eight years pass from 2096 to 2104.
YEARS_BETWEEN = 10
# Stand for a number: the last day of a month, the last of a weekday in it, and each of a weekday in it.
LAST, EACH = -1, 0


@dataclass(frozen=True, kw_only=True)
class Dates:
    """What the day of month, month and weekday of an expression name; None where a day field leaves all days open.

    `months` come in order. `weekdays` are pairs: a day, Sunday is 0, and which one of it in a month, 1 to 5, LAST or
    EACH. Where both day fields name days, a date of either counts.
    """

    months: tuple[int, ...]
    days: frozenset[int] | None
    weekdays: frozenset[tuple[int, int]] | None

    def since(self, first: date) -> Iterator[date]:
        """Give the dates from `first` on, in order; ends when the next one lies more than ten years away."""
        year = newest = first.year
        while year - newest <= YEARS_BETWEEN:
            for found in self._in_year(year, first):
                newest = year
                yield found
            year += 1

    def _in_year(self, year: int, first: date) -> Iterator[date]:
        for month in self.months:
            if (year, month) >= (first.year, first.month):
                dates = (date(year, month, day) for day in self._days_of(year, month))
                yield from (found for found in dates if found >= first)

    def _days_of(self, year: int, month: int) -> Sequence[int]:
        first = date(year, month, 1)
        length = (date(year + month // 12, month % 12 + 1, 1) - first).days
        if self.days is None and self.weekdays is None:
            return range(1, length + 1)
        named = {length if day == LAST else day for day in self.days or () if day <= length}
        for weekday, which in self.weekdays or ():
            all_of_it = range(1 + (weekday - first.isoweekday()) % 7, length + 1, 7)
            named.update(all_of_it if which == EACH else _one_of(all_of_it, which))
        return sorted(named)


def _one_of(days: Sequence[int], which: int) -> Sequence[int]:
    """Return the one that is asked for; none where a month has no fifth."""
    return days[-1:] if which == LAST else days[which - 1 : which]
