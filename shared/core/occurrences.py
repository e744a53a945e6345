"""Occurrences of a schedule: the next, the newest, and how many there were."""

from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile

from shared.core.cron import MINUTE, SECOND, Cron, due_after, next_after
from shared.core.zones import Zone

# The host's clock and timer part by milliseconds; a tick may begin a little before the minute it is for.
EARLY = timedelta(seconds=5)
MOST_COUNTED = 100


@lru_cache(maxsize=4096)
def rule(cron: str, zone: str) -> tuple[Cron, Zone]:
    """Read what a schedule says of its time; raises CallerError."""
    return Cron.parse(cron), Zone.parse(zone)


def minute_of(now: datetime) -> datetime:
    """Return the begin of the minute that a tick beginning now serves."""
    return (now + EARLY).replace(second=0, microsecond=0)


def first(cron: Cron, zone: Zone, now: datetime) -> datetime | None:
    """Return the first occurrence of a schedule that begins now; None if there is never one.

    With seconds it counts from the end of the running minute, whose tick has read its agenda already.
    """
    return next_after(cron, zone, begin(cron, now))


def begin(cron: Cron, now: datetime) -> datetime:
    """Return the moment after which a schedule is due that begins now."""
    # In whole seconds, as occurrences are: asked to the microsecond no answer would be wanted twice, and all be kept.
    return minute_of(now) + MINUTE - SECOND if cron.has_seconds else now.replace(microsecond=0)


def newest(cron: Cron, zone: Zone, since: datetime, until: datetime) -> datetime | None:
    """Return the last occurrence from `since` to `until`, both counting; None when there is none.

    Found by halving: some 20 steps for a week. croniter's own backward search ignores the changes of clocks.
    """
    low = next_after(cron, zone, since - timedelta.resolution)
    if low is None or low > until:
        return None
    high = until.replace(microsecond=0)
    probe = low  # mostly there is no later one, and one question tells
    while low < high:
        later = next_after(cron, zone, probe)
        if later is None or later > until:
            high = probe
        else:
            low = later
        probe = low + (high - low) // 2 // SECOND * SECOND
    return low


def count(cron: Cron, zone: Zone, since: datetime, before: datetime) -> int:
    """Return how many occurrences there are from `since` until before `before`; 100 means 100 or more."""
    if since >= before:
        return 0  # mostly nothing was overtaken, and to ask costs a quarter of a tick's time
    earlier = takewhile(lambda instant: instant < before, due_after(cron, zone, since - SECOND))
    return sum(1 for _ in islice(earlier, MOST_COUNTED))
