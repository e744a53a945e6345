"""Schedules, and what a change of one does to the agenda.

A started schedule has exactly one entry on the agenda, any other has none. Whoever changes a schedule changes both in
one step, so a change is decided here as data: the schedule and its entry, before and after.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.core.cron import Cron, never_due, upcoming
from shared.core.due import Due
from shared.core.ends import left_out
from shared.core.occurrences import first, rule
from shared.core.runs import Run
from shared.core.zones import Zone


class State(StrEnum):
    """Whether a schedule starts its task; the texts are those of the wire."""

    STARTED = "started"
    STOPPED = "stopped"


STATE_OF: Mapping[str, State] = {
    "start": State.STARTED,
    "started": State.STARTED,
    "stop": State.STOPPED,
    "stopped": State.STOPPED,
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a caller says of a schedule, in the caller's own spelling; `startup_state` is a key of STATE_OF."""

    name: str
    cron: str
    zone: str
    task_id: str
    startup_state: str
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule as it is kept.

    `due` is when its entry on the agenda stands, None while it is stopped. `seq` numbers the run to come. `last_due` is
    the last occurrence that was dealt with. `problem` tells why Footman stopped it.
    """

    id: str
    created: datetime
    definition: Definition
    state: State
    due: datetime | None = None
    seq: int = 0
    last_due: datetime | None = None
    last_run: Run | None = None
    problem: str = ""
    etag: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be stored in one step: a schedule and its entry on the agenda, each absent where there is none.

    `left_out` is the run of an occurrence that the change takes from the agenda. `at` is when a schedule was deleted.
    """

    before: Schedule | None = None
    after: Schedule | None = None
    due_before: Due | None = None
    due_after: Due | None = None
    left_out: Run | None = None
    at: datetime | None = None


def tagged(schedules: Iterable[Schedule], tag: str | None) -> list[Schedule]:
    """Return those with exactly this tag, upper and lower case told apart; all where none is asked for."""
    return [each for each in schedules if tag is None or tag in (each.definition.tags or ())]


def check(definition: Definition, now: datetime) -> None:
    """Raise CallerError unless the definition can be evaluated and is due some day."""
    upcoming(Cron.parse(definition.cron), Zone.parse(definition.zone), now, count=1)


def created(schedule_id: str, definition: Definition, now: datetime) -> Change:
    """Return the change that makes a schedule; the definition was checked."""
    schedule = Schedule(id=schedule_id, created=now, definition=definition, state=State.STOPPED)
    if STATE_OF[definition.startup_state] is State.STOPPED:
        return Change(after=schedule)
    return with_entry(schedule, now)


def started(schedule: Schedule, now: datetime) -> Change | None:
    """Return the change that starts a stopped schedule, None for a started one; raises CallerError."""
    if schedule.state is State.STARTED:
        return None
    check(schedule.definition, now)
    return replace(with_entry(schedule, latest(now, schedule, None)), before=schedule)


def stopped(schedule: Schedule, due: Due | None, now: datetime) -> Change | None:
    """Return the change that stops a started schedule, None for a stopped one."""
    if schedule.state is State.STOPPED:
        return None
    due = _numbered(schedule, due)
    last_due = max((instant for instant in (schedule.last_due, due and due.occurrence) if instant), default=None)
    seq = _next_seq(schedule, due, now)
    after = replace(schedule, state=State.STOPPED, due=None, seq=seq, last_due=last_due)
    run = left_out(due, now, "The schedule was stopped") if due else None
    return Change(before=schedule, after=after, due_before=due, left_out=run)


def deleted(schedule: Schedule, due: Due | None, now: datetime) -> Change:
    return Change(before=schedule, due_before=due, at=now)


def edited(schedule: Schedule, due: Due | None, definition: Definition, now: datetime) -> Change | None:
    """Return the change that replaces the definition, which was checked, None where it stands already; the state stays.

    An entry that nobody works on keeps its instant when cron and zone stay. Else the schedule counts from now, or from
    its last occurrence where a clock went back.
    """
    changed = replace(schedule, definition=definition, problem="")
    if changed == schedule and (due is not None or schedule.state is State.STOPPED):
        return None
    if schedule.state is State.STOPPED:
        return Change(before=schedule, after=changed)
    due = _numbered(schedule, due)
    if due and not due.claim and (due.cron, due.zone) == (definition.cron, definition.zone):
        entry = replace(due, name=definition.name, task_id=definition.task_id)
        if definition.task_id.lower() != due.task_id.lower():
            # What was tried was another task, whose executions say nothing of this one.
            entry = replace(entry, attempt=0, occurrence=None, tried_since=None, last_error="")
        return Change(before=schedule, after=changed, due_before=due, due_after=entry)
    change = with_entry(replace(changed, seq=_next_seq(schedule, due, now)), latest(now, schedule, due))
    run = left_out(due, now, "The schedule was changed") if due else None
    return replace(change, before=schedule, due_before=due, left_out=run)


def with_entry(schedule: Schedule, now: datetime) -> Change:
    """Return the change that starts the schedule and puts its first occurrence on the agenda."""
    definition = schedule.definition
    instant = first(*rule(definition.cron, definition.zone), now)
    if instant is None:
        raise never_due(definition.cron)
    after = replace(schedule, state=State.STARTED, due=instant, problem="")
    entry = Due(
        schedule_id=schedule.id,
        instant=instant,
        name=definition.name,
        task_id=definition.task_id,
        cron=definition.cron,
        zone=definition.zone,
        seq=schedule.seq,
    )
    return Change(after=after, due_after=entry)


def latest(now: datetime, schedule: Schedule, due: Due | None) -> datetime:
    """Return now, or the last occurrence that was or is being dealt with where that is later: a clock went back."""
    return max(instant for instant in (now, schedule.last_due, due and due.occurrence) if instant)


def _numbered(schedule: Schedule, due: Due | None) -> Due | None:
    """Return the entry with a number that no run has: its row may have been edited by hand."""
    return replace(due, seq=max(due.seq, schedule.seq)) if due else None


def _next_seq(schedule: Schedule, due: Due | None, now: datetime) -> int:
    """Leave the number to a run that somebody may be about to record, and to the one that the change leaves out."""
    untouched = due is not None and due.claim is None and due.instant > now
    return schedule.seq if untouched else schedule.seq + 1
