"""Step the clock while schedules fire, or give hosts different clocks: nothing is lost, doubled, or too early."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sandbox import ticking
from sandbox.access import access_to
from sandbox.ticking import SetClock
from shared.core.cron import MINUTE
from shared.core.tasks import Found, TaskQuery
from shared.core.tick.claiming import dated
from shared.qrs.connection import Connection
from shared.qrs.tasks import TaskService
from shared.storage.clock import StorageClock
from shared.storage.pool import TIME
from shared.use_cases.tick.run_tick import RunTick
from trials.faults.report import Trial
from trials.faults.site import BEFORE_ITS_END, Planned, Site, first_minute, minute_of, once_a_day, open_site, utc_now
from trials.say import say

HOUR = timedelta(hours=1)
RIGHT = timedelta(0)
# How far the clock is off, and for how long; no step is at the beginning of a minute.
STEPS = (
    (RIGHT, timedelta(seconds=80)),
    (-HOUR, timedelta(seconds=90)),
    (RIGHT, timedelta(seconds=75)),
    (HOUR, timedelta(seconds=90)),
    (RIGHT, timedelta(seconds=100)),
)
EACH = 20
LOOK_EVERY_SECONDS = 0.1


@dataclass
class SteppedClock:
    """The machine's clock, off by the step of the moment."""

    begin: datetime

    def now(self) -> datetime:
        now = utc_now()
        return now + self.off(now)

    def off(self, now: datetime) -> timedelta:
        """Return how far it is off at this moment."""
        end = self.begin
        for off, length in STEPS:
            end += length
            if now < end:
                return off
        return RIGHT

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def main(_rounds: int | None) -> list[Trial]:
    """Run ticks in this process with a stepped clock; takes about seven minutes."""
    with open_site(tasks=4 * EACH) as site, ThreadPoolExecutor(ticking.CONNECTIONS) as pool:
        begin = first_minute()
        end = begin + sum((length for _, length in STEPS), RIGHT)
        planned = _planned(site, begin)
        clock = SteppedClock(begin)
        tasks = TaskService(Connection(access_to(site.sense, max_connections=ticking.CONNECTIONS)), pool)
        own = ticking.Site(table=site.table, sense=site.sense, tasks=tasks, pool=pool, clock=SetClock(begin))
        last = _tick_on(RunTick(by=own.by(clock)), clock, end)
        found = site.audit(planned, last + MINUTE - BEFORE_ITS_END)
    done = "right, an hour behind for 90 s, right, an hour ahead for 90 s, right"
    return [Trial(fault="clock stepped", done=done, found=found)]


def _planned(site: Site, begin: datetime) -> list[Planned]:
    behind, ahead = begin + 2 * MINUTE, begin + 5 * MINUTE
    return [
        *site.plan(EACH, f"{behind.minute} * * * *", behind),
        *site.plan(EACH, f"{ahead.minute} * * * *", ahead),
        *site.plan(EACH, "* * * * *", begin),
        *site.plan(EACH, "*/5 * * * * *", begin),
    ]


def _tick_on(tick: RunTick, clock: SteppedClock, end: datetime) -> datetime:
    """Run a tick in each minute that the clock shows until `end`; return the beginning of the last one."""
    last_minute = minute_of(clock.now())
    while utc_now() < end:
        time.sleep(LOOK_EVERY_SECONDS)
        if minute_of(clock.now()) != last_minute:
            last_minute = minute_of(clock.now())
            fields = tick.run()
            say(f"  {last_minute:%H:%M}: {fields.get('started', 0)} started. {fields['problem']}")
    return last_minute


@dataclass(frozen=True)
class OffClock:
    """The machine's clock, always off by the same amount."""

    off: timedelta

    def now(self) -> datetime:
        return utc_now() + self.off

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class TasksDatedBy(TaskService):
    """Sense's tasks with the dates that a host with a wrong clock gives them; this process has the right clock."""

    def __init__(self, connection: Connection, pool: ThreadPoolExecutor, off: timedelta) -> None:
        super().__init__(connection, pool)
        self._off = off

    def find(self, what: TaskQuery) -> Found:
        """Return the tasks with their dates shifted."""
        found = super().find(what)
        return replace(found, by_id=tuple(dated(task, self._off) for task in found.by_id))


# How far the second host's clock is off; with a clock further ahead it claims nothing.
APART = (-MINUTE, -HOUR, timedelta(seconds=25))
APART_ROUNDS, OVERDUE_EACH = 5, 60
OVERDUE_SINCE = 3 * MINUTE
# Long enough for the other host to look at the claim during a start.
SLOW_MS = 400


def apart(rounds: int | None) -> list[Trial]:
    """Let a host with a right clock and one with a wrong clock catch up at the same moment, as after an outage."""
    return [_with_a_right_host(off, rounds or APART_ROUNDS) for off in APART]


def _with_a_right_host(off: timedelta, rounds: int) -> Trial:
    how = f"{abs(off).total_seconds():.0f} s {'behind' if off < RIGHT else 'ahead'}"
    say(f"apart: {rounds} rounds of {OVERDUE_EACH} schedules, a host {how} beside a right one")
    with open_site(tasks=rounds * OVERDUE_EACH) as site, ExitStack() as stack:
        site.sense.settings(latencyMs=SLOW_MS)
        ticks = [_tick(site, OffClock(each), stack) for each in (RIGHT, off)]
        planned: list[Planned] = []
        for number in range(rounds):
            since = minute_of(utc_now()) - OVERDUE_SINCE
            planned += site.plan(OVERDUE_EACH, once_a_day(since), since)
            with ThreadPoolExecutor(len(ticks)) as both:
                started = list(both.map(lambda tick: tick.run().get("started", 0), ticks))
            say(f"  round {number + 1}: {' and '.join(map(str, started))} started")
        found = site.audit(planned, utc_now())
    done = f"catching up beside a right one, {rounds} times, {OVERDUE_EACH} schedules"
    return Trial(fault=f"a host {how}", done=done, found=found)


def _tick(site: Site, machine: OffClock, stack: ExitStack) -> RunTick:
    pool = stack.enter_context(ThreadPoolExecutor(ticking.CONNECTIONS))
    tasks = TasksDatedBy(Connection(access_to(site.sense, max_connections=ticking.CONNECTIONS)), pool, machine.off)
    own = ticking.Site(table=site.table, sense=site.sense, tasks=tasks, pool=pool, clock=SetClock(utc_now()))
    return RunTick(by=own.by(StorageClock(machine=machine, storage=TIME), machine))
