"""Step the clock back and forward an hour while schedules fire: nothing is lost, nothing doubled, nothing too early."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import ticking
from sandbox.access import access_to
from sandbox.ticking import SetClock
from shared.core.cron import MINUTE
from shared.qrs.connection import Connection
from shared.qrs.tasks import Tasks
from shared.use_cases.tick.run_tick import RunTick
from trials.faults.report import Trial
from trials.faults.site import BEFORE_ITS_END, Planned, Site, first_minute, minute_of, open_site, utc_now
from trials.say import say

HOUR = timedelta(hours=1)
RIGHT = timedelta(0)
# How far the clock is off, and for how long; none of the steps meets the begin of a minute.
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
    """The machine's clock, off by what the plan says for this moment."""

    begin: datetime

    def now(self) -> datetime:
        now = utc_now()
        return now + self.off(now)

    def off(self, now: datetime) -> timedelta:
        end = self.begin
        for off, length in STEPS:
            end += length
            if now < end:
                return off
        return RIGHT

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def main(_rounds: int | None) -> list[Trial]:
    """Run ticks in this process, for a clock that is an argument: some seven minutes."""
    with open_site(tasks=4 * EACH) as site, ThreadPoolExecutor(ticking.CONNECTIONS) as pool:
        begin = first_minute()
        end = begin + sum((length for _, length in STEPS), RIGHT)
        planned = _planned(site, begin)
        clock = SteppedClock(begin)
        tasks = Tasks(Connection(access_to(site.sense, max_connections=ticking.CONNECTIONS)), pool)
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
    """Run a tick in each minute that the clock shows until `end`, when it is right; return the last minute's begin."""
    served = minute_of(clock.now())
    while utc_now() < end:
        time.sleep(LOOK_EVERY_SECONDS)
        if minute_of(clock.now()) != served:
            served = minute_of(clock.now())
            told = tick.run()
            say(f"  {served:%H:%M}: {told.get('started', 0)} started. {told['problem']}")
    return served
