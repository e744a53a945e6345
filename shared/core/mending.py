"""See that a schedule and the agenda agree: a started one has exactly one entry, at its next occurrence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.core.cron import MINUTE
from shared.core.entry import Entry, counted_from
from shared.core.errors import CallerError
from shared.core.rules import Rule, answered, ask, minute_of
from shared.core.schedule_changes import latest, with_entry
from shared.core.schedules import Change, Schedule, State
from shared.core.unreadable import AnyEntry, UnreadableEntry, readable

# What is due sooner may be in a tick's hands.
SOON = 2 * MINUTE
# No zone's clock is put forward or back further.
FURTHEST = timedelta(days=1)


def mended(schedule: Schedule, entries: Sequence[AnyEntry], now: datetime) -> list[Change]:
    """Return the changes that a schedule needs; each holds only while the schedule is as it was read.

    So after the first the others wait for the next day; the one that puts the schedule right comes first. What can't be
    read is left as it is, to be mended by hand, but for an entry that its schedule does not point to: could it be read,
    a tick would start it beside the right one.
    """
    if schedule.unreadable:
        return []
    if schedule.state is State.STOPPED:
        return _without(schedule, list(map(readable, entries)))
    right = next((entry for entry in entries if readable(entry).due_at == schedule.due_at), None)
    if right:
        others = [readable(entry) for entry in entries if entry is not right]
        replanned = [] if isinstance(right, UnreadableEntry) else _replanned(schedule, right, now)
        return [*replanned, *_without(schedule, others)]
    return [_put_right(schedule, min(map(readable, entries), key=lambda entry: entry.due_at, default=None), now)]


def _without(schedule: Schedule, entries: Sequence[Entry]) -> list[Change]:
    return [Change(before=schedule, after=schedule, entry_before=entry) for entry in entries]


def _put_right(schedule: Schedule, stray: Entry | None, now: datetime) -> Change:
    """Return the change that puts an entry where the lost one stood, for a tick to catch up with what was due since.

    It takes the place of one that the schedule does not point to, and its instant too if that is of the same rule.
    """
    # Whoever had the lost entry may have recorded a run of its number.
    seq = max(schedule.seq, stray.seq if stray else 0) + 1
    try:
        change = with_entry(replace(schedule, seq=seq), latest(now, schedule, None))
    except CallerError as error:
        stopped = replace(schedule, state=State.STOPPED, due_at=None, problem=str(error))
        return Change(before=schedule, after=stopped, entry_before=stray)
    assert change.after is not None  # noqa: S101 - it is what with_entry makes
    assert change.entry_after is not None  # noqa: S101 - as above
    is_own = stray is not None and stray.rule == schedule.definition.rule
    instant = stray.due_at if stray and is_own else schedule.due_at or change.entry_after.due_at
    return Change(
        before=schedule,
        after=replace(change.after, due_at=instant),
        entry_before=stray,
        entry_after=replace(change.entry_after, due_at=instant, since=None, unknown=stray.unknown if stray else {}),
    )


def planned(schedule: Schedule, entry: Entry) -> datetime | None:
    """Return the instant of an entry by the rules of now, None when it is never due or can't be evaluated.

    It may be over already: then a tick starts it late, or records that it was missed. The version before did not store
    since when an entry counts: of an instant that is none any more the occurrence before it takes the place, if it was
    not dealt with.
    """
    return answered(ask(entry.rule, lambda rule: _planned(schedule, entry, rule)))


def _planned(schedule: Schedule, entry: Entry, rule: Rule) -> datetime | None:
    instant = rule.next_after(counted_from(entry))
    if entry.since or instant == entry.due_at:
        return instant
    known = [schedule.created, schedule.last_due, entry.tries.occurrence, entry.due_at - FURTHEST]
    dealt_with = max(moment for moment in known if moment)
    return rule.newest(dealt_with + timedelta.resolution, entry.due_at) or instant


def _replanned(schedule: Schedule, entry: Entry, now: datetime) -> list[Change]:
    """Return the change to another instant, when the rules of a zone have changed since the entry was made."""
    if entry.claim or entry.tries.attempt or entry.due_at < minute_of(now) + SOON:
        return []
    instant = answered(ask(entry.rule, lambda rule: _replanned_to(schedule, entry, rule, now)))
    # A rule that can't be evaluated stops the schedule when it is due.
    if instant in {None, entry.due_at}:
        return []
    moved = replace(entry, due_at=instant)
    return [Change(before=schedule, after=replace(schedule, due_at=instant), entry_before=entry, entry_after=moved)]


def _replanned_to(schedule: Schedule, entry: Entry, rule: Rule, now: datetime) -> datetime | None:
    instant = _planned(schedule, entry, rule)
    if instant is None or entry.since:
        return instant
    return min(instant, rule.first(latest(now, schedule, entry)) or instant)
