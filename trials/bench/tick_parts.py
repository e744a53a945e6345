"""Schedules that are due when the tick bench says, and what became of them."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from sandbox.access import access_to
from sandbox.stand_in import StandIn
from shared.core.cron import SECOND, Cron, next_after
from shared.core.schedule_changes import created
from shared.core.schedules import Change, Definition
from shared.core.zones import Zone
from shared.qrs.connection import Connection
from shared.qrs.tasks import TaskService
from trials.site import CONNECTIONS, Site, task_id

ZONES = ("UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
SHAPES = ("{0:%S %M %H} * * *", "{0:%S %M} * * * *", "{0:%S %M %H} * * {0:%w}", "{0:%S %M %H %d} * *")


@dataclass(frozen=True, kw_only=True)
class Fired:
    """How many seconds after the due time the last start reached Sense and the tick ended, and what went wrong."""

    last: float
    ended: float
    lost: int
    doubled: int
    early: int

    @property
    def is_right(self) -> bool:
        """Return whether nothing went wrong."""
        return self.lost == self.doubled == self.early == 0


def due_at(instant: datetime, numbers: range) -> list[Change]:
    """Return the changes that create started schedules due then, each with its own task, under 20 different rules."""
    rules = [(shape.format(Zone.parse(name).local(instant)), name) for name in ZONES for shape in SHAPES]
    for cron, name in rules:
        assert next_after(Cron.parse(cron), Zone.parse(name), instant - SECOND) == instant, (cron, name)
    return [_due_at(instant, number, cron, zone) for number, (cron, zone) in zip(numbers, cycle(rules), strict=False)]


def _due_at(instant: datetime, number: int, cron: str, zone: str) -> Change:
    definition = Definition.read(
        name=f"Schedule {number}", cron=cron, zone=zone, task_id=task_id(number), startup_state="started"
    )
    change = created(f"5c8e0000-0000-4000-8000-{number:012d}", definition, instant - timedelta(minutes=2))
    assert change.after
    assert change.entry_after
    return replace(
        change, after=replace(change.after, due_at=instant), entry_after=replace(change.entry_after, due_at=instant)
    )


def fire(site: Site, count: int, instant: datetime, *, ahead: float) -> Fired:
    """Store schedules due at the instant, begin a tick so many seconds before it, and observe what it does."""
    site.empty()
    site.fill(due_at(instant, range(count)))
    before = len(site.sense.starts())
    left = (instant - datetime.now(UTC)).total_seconds() - ahead
    assert left > 0, f"storing {count} schedules took {-left:.1f} s too long"
    time.sleep(left)
    begun = datetime.now(UTC)
    seconds = site.end_tick(site.begin_tick())
    starts = site.sense.starts()[before:]
    times = Counter(start["taskId"] for start in starts)
    late = [(datetime.fromisoformat(start["at"]) - instant).total_seconds() for start in starts]
    return Fired(
        last=max(late),
        ended=(begun - instant).total_seconds() + seconds,
        lost=count - len(times),
        doubled=len(starts) - len(times),
        early=sum(seconds < 0 for seconds in late),
    )


def bare_starts(sense: StandIn, count: int) -> float:
    """Send only the starts, over as many connections; return the seconds until the last one reached Sense."""
    access = access_to(sense, timeout_seconds=30, max_connections=CONNECTIONS)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        bare = TaskService(Connection(access), pool)
        list(pool.map(bare.start, islice(cycle([task_id(0)]), CONNECTIONS)))
        begun = datetime.now(UTC)
        list(pool.map(bare.start, [task_id(number) for number in range(count)]))
    return (datetime.fromisoformat(sense.starts()[-1]["at"]) - begun).total_seconds()
