"""When a timer fires: the rules of the host's timer listener, with the time as an argument."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Self

from croniter import CroniterError, croniter

FIELDS = re.compile(r"[\w*,/-]+(?: +[\w*,/-]+){5}")
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


class BadScheduleError(ValueError):
    """The schedule is not an NCRONTAB expression that ever fires."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """An NCRONTAB expression in UTC: {second} {minute} {hour} {day} {month} {day of week}."""

    expression: str

    @classmethod
    def parse(cls, expression: str) -> Self:
        """Return the schedule; raises BadScheduleError."""
        text = expression.strip()
        if not FIELDS.fullmatch(text):
            raise BadScheduleError(f"'{expression}' is not an NCRONTAB expression of six fields, seconds first")
        schedule = cls(expression=text)
        try:
            schedule.after(SOME_DAY)
        except CroniterError as error:
            raise BadScheduleError(f"'{expression}': {error}") from error
        return schedule

    def after(self, moment: datetime) -> datetime:
        """Return the first occurrence after this moment."""
        # NCRONTAB wants day of month and day of week both, where cron takes either.
        occurrences = croniter(self.expression, moment, second_at_beginning=True, day_or=False)
        found: datetime = occurrences.get_next(datetime)
        return found

    def fires_within_a_minute_twice(self, now: datetime) -> bool:
        """Return whether two occurrences fall into the minute from now."""
        return self.after(self.after(now)) < now + timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Status:
    """The recorded state of a timer between runs; `last` is None until it has run."""

    last: datetime | None
    next: datetime
    updated: datetime


class Reason(Enum):
    """Why a timer fires."""

    SCHEDULED = "scheduled"
    PAST_DUE = "past due"
    STARTUP = "run on startup"


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a timer does when the host starts: its status, and why it fires at once, if it does."""

    status: Status
    fire: Reason | None


def start(schedule: Schedule, recorded: Status | None, now: datetime, *, run_on_startup: bool) -> Start:
    """Decide what a timer does when the host starts: catch up once, run because of run_on_startup, or wait."""
    status = resume(schedule, recorded, now)
    if now > status.next:
        return Start(status=status, fire=Reason.PAST_DUE)
    return Start(status=status, fire=Reason.STARTUP if run_on_startup else None)


def resume(schedule: Schedule, recorded: Status | None, now: datetime) -> Status:
    """Return the recorded status, or a new one if there is none or the expression has changed."""
    new = Status(last=None, next=schedule.after(now), updated=now)
    if recorded is None:
        return new
    expected = schedule.after(recorded.updated)
    if recorded.next == expected:
        return recorded
    return new if now > expected else Status(last=None, next=expected, updated=recorded.updated)


def after_run(schedule: Schedule, before: Status, began: datetime, reason: Reason) -> Status:
    """Return the status after a run; its next occurrence counts from the run's start, so it may have passed already."""
    early = reason is Reason.SCHEDULED and began < before.next
    # Otherwise the same occurrence would come again if the timer fired a few ms early.
    last = before.next if early else began
    return Status(last=last, next=schedule.after(last), updated=last)


def seconds_until(moment: datetime, now: datetime) -> float:
    """Return the seconds until a moment, 0 if it has passed."""
    return max(0.0, (moment - now).total_seconds())
