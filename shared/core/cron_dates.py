"""The dates that an expression names: of the days of a month, of weekdays, or of both."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count

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
        newest = first.year
        for year, month in self._months_since(first):
            if year - newest > YEARS_BETWEEN:
                return
            for day in self._days_of(year, month):
                found = date(year, month, day)
                if found >= first:
                    newest = year
                    yield found

    def _months_since(self, first: date) -> Iterator[tuple[int, int]]:
        for year in count(first.year):
            yield from ((year, month) for month in self.months if (year, month) >= (first.year, first.month))

    def _days_of(self, year: int, month: int) -> Sequence[int]:
        begins_on, length = monthrange(year, month)
        if self.days is None and self.weekdays is None:
            return range(1, length + 1)
        named = {length if day == LAST else day for day in self.days or () if day <= length}
        for weekday, which in self.weekdays or ():
            # monthrange counts from Monday, which is 1 here.
            all_of_it = range(1 + (weekday - 1 - begins_on) % 7, length + 1, 7)
            named.update(all_of_it if which == EACH else _one_of(all_of_it, which))
        return sorted(named)


def _one_of(days: Sequence[int], which: int) -> Sequence[int]:
    """Return the one that is asked for; none where a month has no fifth."""
    return days[-1:] if which == LAST else days[which - 1 : which]
