"""Decide what a change of a schedule does to it and to the agenda.

An active schedule has exactly one entry on the agenda, any other has none. Whoever changes a schedule changes both in
one step, so a change is decided here as data.
"""

from dataclasses import replace
from datetime import datetime

from shared.core import rules
from shared.core.cron import never_due
from shared.core.entry import Entry, Target, Tries
from shared.core.errors import CallerError, RowUnreadable
from shared.core.left_out import in_hand, left_out, rest
from shared.core.runs import Run
from shared.core.schedules import STATE_OF, Change, Definition, Deleted, Schedule, State
from shared.core.unreadable import AnyEntry, UnreadableEntry, as_said

WAS_CHANGED = "The schedule was changed"


def check(definition: Definition, now: datetime) -> None:
    """Raise CallerError unless the definition can be evaluated and is due some day."""
    rules.next_due(definition.rule, now)


def created(schedule_id: str, definition: Definition, now: datetime) -> Change:
    """Return the change that makes a schedule; the definition was checked."""
    schedule = Schedule(id=schedule_id, created=now, definition=definition, state=State.STOPPED)
    if STATE_OF[definition.startup_state] is State.STOPPED:
        return Change(after=schedule)
    return with_entry(schedule, now)


def activated(schedule: Schedule, now: datetime) -> Change | None:
    """Return the change that starts a stopped schedule, None for a started one; raises CallerError, RowUnreadable."""
    _must_be_readable(schedule)
    if schedule.state is State.ACTIVE:
        return None
    check(schedule.definition, now)
    return replace(with_entry(schedule, latest(now, schedule, None)), before=schedule)


def stopped(schedule: Schedule, entry: AnyEntry | None, now: datetime) -> Change | None:
    """Return the change that stops a started schedule, None for a stopped one."""
    if schedule.state is State.STOPPED:
        return None
    entry = _numbered(schedule, entry)
    after = _taken(schedule, entry, left_out(entry, now, "The schedule was stopped") if entry else ())
    return Change(before=schedule, after=replace(after, state=State.STOPPED, due_at=None), entry_before=entry)


def deleted(schedule: Schedule, entry: AnyEntry | None, now: datetime) -> Change:
    """Return the change that deletes a schedule: what is kept of it goes on with numbers that no run has."""
    stands = _numbered(schedule, entry)
    kept = _taken(schedule, stands, ())
    return Change(before=schedule, entry_before=stands, deleted=Deleted(schedule=kept, at=now))


def restored(deleted: Deleted, now: datetime) -> Change:
    """Return the change that makes a deleted schedule again as it was; raises RowUnreadable.

    One that was started counts from now. One that can't be evaluated any more is restored stopped, and says why.
    """
    schedule = replace(deleted.schedule, state=State.STOPPED, due_at=None, etag="")
    _must_be_readable(schedule)
    if deleted.schedule.state is State.STOPPED:
        return Change(after=schedule, restored=deleted)
    try:
        change = with_entry(schedule, latest(now, schedule, None))
    except CallerError as error:
        return Change(after=replace(schedule, problem=str(error)), restored=deleted)
    return replace(change, restored=deleted)


def edited(
    schedule: Schedule,
    entry: AnyEntry | None,
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
    stands = _numbered(schedule, entry)
    changed = replace(schedule, definition=definition, problem="")
    match state_after(schedule.state, schedule.definition.startup_state, definition.startup_state):
        case State.STOPPED if schedule.state is State.ACTIVE and not keeps_state:
            change = stopped(changed, stands, now)
        case State.ACTIVE if schedule.state is State.STOPPED and not keeps_state:
            change = activated(changed, now)
        case _ if changed == schedule and (isinstance(entry, Entry) or schedule.state is State.STOPPED):
            return None
        case _ if schedule.state is State.STOPPED:
            change = Change(after=changed)
        case _:
            change = _edited_while_started(changed, stands, now)
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


def _edited_while_started(changed: Schedule, entry: Entry | None, now: datetime) -> Change:
    definition = changed.definition
    if entry and entry.rule == definition.rule:
        if definition.target.task_id.lower() == entry.target.task_id.lower():
            after = replace(changed, seq=entry.seq)
            return Change(after=after, entry_before=entry, entry_after=replace(entry, target=definition.target))
        if change := _with_another_task(changed, entry):
            return change
    after = _taken(changed, entry, left_out(entry, now, WAS_CHANGED) if entry else ())
    change = with_entry(after, latest(now, changed, entry))
    if entry and change.entry_after:
        change = replace(change, entry_after=replace(change.entry_after, unknown=entry.unknown))
    return replace(change, entry_before=entry)


def _with_another_task(changed: Schedule, entry: Entry) -> Change | None:
    """Return the change to another task: what was tried of the old one says nothing of it."""
    definition = changed.definition
    if not entry.is_in_hand:
        after = replace(changed, seq=entry.seq)
        return Change(after=after, entry_before=entry, entry_after=_with_target(entry, definition.target))
    after_it = rest(entry)
    if after_it is None:
        return None
    following = replace(after_it, target=definition.target)
    after = replace(_taken(changed, entry, (in_hand(entry, WAS_CHANGED),)), due_at=following.due_at)
    return Change(after=after, entry_before=entry, entry_after=following)


def _with_target(entry: Entry, target: Target) -> Entry:
    # When it may be tried again stays: Sense did not answer, whatever it was asked.
    return replace(entry, target=target, tries=Tries(not_before=entry.tries.not_before))


def with_entry(schedule: Schedule, now: datetime) -> Change:
    """Return the change that starts the schedule and puts its first occurrence on the agenda."""
    rule = rules.whole(schedule.definition.rule)
    instant = rule.first(now)
    if instant is None:
        raise never_due(rule.expression)
    after = replace(schedule, state=State.ACTIVE, due_at=instant, problem="")
    return Change(after=after, entry_after=replace(_entry(schedule, instant), since=rule.begin(now)))


def _entry(schedule: Schedule, instant: datetime) -> Entry:
    said = schedule.definition
    return Entry(
        schedule_id=schedule.id,
        due_at=instant,
        rule=said.rule,
        target=said.target,
        seq=schedule.seq,
    )


def latest(now: datetime, schedule: Schedule, entry: Entry | None) -> datetime:
    """Return now, or the last occurrence that was or is being dealt with where that is later: a clock went back."""
    return max(instant for instant in (now, schedule.last_due, entry and entry.tries.occurrence) if instant)


def _must_be_readable(schedule: Schedule) -> None:
    if schedule.unreadable:
        raise RowUnreadable(schedule.unreadable.problem)


def _numbered(schedule: Schedule, entry: AnyEntry | None) -> Entry | None:
    """Return the entry with a number that no run has, and what can't be read of it as the schedule says."""
    if isinstance(entry, UnreadableEntry):
        return as_said(entry, _entry(schedule, entry.entry.due_at))
    return replace(entry, seq=max(entry.seq, schedule.seq)) if entry else None


def _taken(schedule: Schedule, entry: Entry | None, runs: tuple[Run, ...]) -> Schedule:
    """Return the schedule without its entry: the runs record what that stood for, and nobody else gets their numbers.

    The number of an entry that is lost or claimed stays free for the run that somebody may be about to record.
    """
    used = max(len(runs), 1 if entry is None or entry.claim else 0)
    dealt_with = [schedule.last_due, entry and entry.is_in_hand and entry.tries.occurrence, *(run.due for run in runs)]
    return replace(
        schedule,
        seq=schedule.seq + used if entry is None else entry.seq + used,
        last_due=max((instant for instant in dealt_with if instant), default=None),
        last_run=runs[-1] if runs else schedule.last_run,
        left_out=(*schedule.left_out, *runs),
    )
