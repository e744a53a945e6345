"""Schedules, and what a change of one does to the agenda.

A started schedule has exactly one entry on the agenda, any other has none. Whoever changes a schedule changes both in
one step, so a change is decided here as data: the schedule and its entry, before and after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.core.cron import Cron, never_due, upcoming
from shared.core.due import Due, is_in_hand
from shared.core.ends import in_hand, left_out, rest
from shared.core.errors import RowUnreadable
from shared.core.occurrences import begin, first, rule
from shared.core.runs import Run
from shared.core.unreadable import Entry, Unreadable, UnreadableEntry, as_said
from shared.core.zones import Zone


class State(StrEnum):
    """Whether a schedule starts its task; the texts are those of the wire."""

    STARTED = "started"
    STOPPED = "stopped"


WAS_CHANGED = "The schedule was changed"
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
    the last occurrence that was dealt with. `left_out` are runs that a change has told and history may not have yet.
    `problem` tells why Footman stopped it. `unreadable` tells of a row in which something else stands than must; what
    can't be read has a default here.
    """

    id: str
    created: datetime
    definition: Definition
    state: State
    due: datetime | None = None
    seq: int = 0
    last_due: datetime | None = None
    last_run: Run | None = None
    left_out: tuple[Run, ...] = ()
    problem: str = ""
    unreadable: Unreadable | None = None
    etag: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be stored in one step: a schedule and its entry on the agenda, each absent where there is none.

    `at` is when a schedule was deleted.
    """

    before: Schedule | None = None
    after: Schedule | None = None
    due_before: Due | None = None
    due_after: Due | None = None
    at: datetime | None = None


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
    """Return the change that starts a stopped schedule, None for a started one; raises CallerError, RowUnreadable."""
    _must_be_readable(schedule)
    if schedule.state is State.STARTED:
        return None
    check(schedule.definition, now)
    return replace(with_entry(schedule, latest(now, schedule, None)), before=schedule)


def stopped(schedule: Schedule, entry: Entry | None, now: datetime) -> Change | None:
    """Return the change that stops a started schedule, None for a stopped one."""
    if schedule.state is State.STOPPED:
        return None
    due = _numbered(schedule, entry)
    after = _taken(schedule, due, left_out(due, now, "The schedule was stopped") if due else ())
    return Change(before=schedule, after=replace(after, state=State.STOPPED, due=None), due_before=due)


def deleted(schedule: Schedule, entry: Entry | None, now: datetime) -> Change:
    return Change(before=schedule, due_before=_numbered(schedule, entry), at=now)


def edited(
    schedule: Schedule,
    entry: Entry | None,
    definition: Definition,
    now: datetime,
    *,
    keeps_state: bool = False,
) -> Change | None:
    """Return the change that replaces the definition, which was checked, None where it stands already.

    The state follows `startup_state` unless it is to stay. While cron and zone stay so does the entry, with its claim;
    only a start of another task that may be under way keeps its number, and the entry goes on after it. Else the
    schedule counts from now, or from its last occurrence where a clock went back. An entry that can't be read is
    written anew. Raises RowUnreadable for a schedule that can't be.
    """
    _must_be_readable(schedule)
    due = _numbered(schedule, entry)
    changed = replace(schedule, definition=definition, problem="")
    match state_after(schedule.state, schedule.definition.startup_state, definition.startup_state):
        case State.STOPPED if schedule.state is State.STARTED and not keeps_state:
            change = stopped(changed, due, now)
        case State.STARTED if schedule.state is State.STOPPED and not keeps_state:
            change = started(changed, now)
        case _ if changed == schedule and (isinstance(entry, Due) or schedule.state is State.STOPPED):
            return None
        case _ if schedule.state is State.STOPPED:
            change = Change(after=changed)
        case _:
            change = _edited_while_started(changed, due, now)
    assert change is not None  # noqa: S101 - the state differs where one of these says that it does not
    return replace(change, before=schedule)


def state_after(state: State, said: str, says: str) -> State:
    """Return the state of a schedule whose `startup_state` was `said` when somebody `says` another, or the same again.

    Who says stopped means it. Who says started again may only repeat what was read: that starts nothing which somebody
    has stopped by hand.
    """
    if STATE_OF[says] is State.STOPPED or STATE_OF[said] is State.STOPPED:
        return STATE_OF[says]
    return state


def _edited_while_started(changed: Schedule, due: Due | None, now: datetime) -> Change:
    definition = changed.definition
    if due and (due.cron, due.zone) == (definition.cron, definition.zone):
        if definition.task_id.lower() == due.task_id.lower():
            entry = replace(due, name=definition.name, task_id=definition.task_id)
            return Change(after=replace(changed, seq=entry.seq), due_before=due, due_after=entry)
        if change := _with_another_task(changed, due):
            return change
    after = _taken(changed, due, left_out(due, now, WAS_CHANGED) if due else ())
    change = with_entry(after, latest(now, changed, due))
    if due and change.due_after:
        change = replace(change, due_after=replace(change.due_after, unknown=due.unknown))
    return replace(change, due_before=due)


def _with_another_task(changed: Schedule, due: Due) -> Change | None:
    """Return the change to another task: what was tried of the old one says nothing of it."""
    definition = changed.definition
    if not is_in_hand(due):
        entry = replace(
            due, attempt=0, occurrence=None, last_error="", name=definition.name, task_id=definition.task_id
        )
        return Change(after=replace(changed, seq=entry.seq), due_before=due, due_after=entry)
    after_it = rest(due)
    if after_it is None:
        return None
    entry = replace(after_it, name=definition.name, task_id=definition.task_id)
    after = replace(_taken(changed, due, (in_hand(due, WAS_CHANGED),)), due=entry.instant)
    return Change(after=after, due_before=due, due_after=entry)


def with_entry(schedule: Schedule, now: datetime) -> Change:
    """Return the change that starts the schedule and puts its first occurrence on the agenda."""
    definition = schedule.definition
    cron, zone = rule(definition.cron, definition.zone)
    instant = first(cron, zone, now)
    if instant is None:
        raise never_due(definition.cron)
    after = replace(schedule, state=State.STARTED, due=instant, problem="")
    return Change(after=after, due_after=replace(_entry(schedule, instant), since=begin(cron, now)))


def _entry(schedule: Schedule, instant: datetime) -> Due:
    said = schedule.definition
    return Due(
        schedule_id=schedule.id,
        instant=instant,
        name=said.name,
        task_id=said.task_id,
        cron=said.cron,
        zone=said.zone,
        seq=schedule.seq,
    )


def latest(now: datetime, schedule: Schedule, due: Due | None) -> datetime:
    """Return now, or the last occurrence that was or is being dealt with where that is later: a clock went back."""
    return max(instant for instant in (now, schedule.last_due, due and due.occurrence) if instant)


def _must_be_readable(schedule: Schedule) -> None:
    if schedule.unreadable:
        raise RowUnreadable(schedule.unreadable.problem)


def _numbered(schedule: Schedule, entry: Entry | None) -> Due | None:
    """Return the entry with a number that no run has, and what can't be read of it as the schedule says."""
    if isinstance(entry, UnreadableEntry):
        return as_said(entry, _entry(schedule, entry.entry.instant))
    return replace(entry, seq=max(entry.seq, schedule.seq)) if entry else None


def _taken(schedule: Schedule, due: Due | None, runs: tuple[Run, ...]) -> Schedule:
    """Return the schedule without its entry: the runs tell what that stood for, and nobody else gets their numbers.

    The number of an entry that is lost or claimed stays free for the run that somebody may be about to tell.
    """
    used = max(len(runs), 1 if due is None or due.claim else 0)
    dealt_with = [schedule.last_due, due and is_in_hand(due) and due.occurrence, *(run.due for run in runs)]
    return replace(
        schedule,
        seq=schedule.seq + used if due is None else due.seq + used,
        last_due=max((instant for instant in dealt_with if instant), default=None),
        last_run=runs[-1] if runs else schedule.last_run,
        left_out=(*schedule.left_out, *runs),
    )
