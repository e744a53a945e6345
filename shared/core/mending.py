"""See that a schedule and the agenda agree: a started one has exactly one entry, at its next occurrence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.core.cron import MINUTE, next_after
from shared.core.due import Due, counted_from
from shared.core.errors import CallerError
from shared.core.occurrences import first, minute_of, newest, rule
from shared.core.schedules import Change, Schedule, State, latest, with_entry
from shared.core.unreadable import Entry, UnreadableEntry, readable

# What is due sooner may be in a tick's hands.
SOON = 2 * MINUTE
# No zone's clock is put forward or back further.
FURTHEST = timedelta(days=1)


def mended(schedule: Schedule, entries: Sequence[Entry], now: datetime) -> list[Change]:
    """Return the changes that a schedule needs; each holds only while the schedule is as it was read.

    So after the first the others wait for the next day; the one that puts the schedule right comes first. What can't be
    read is left as it is, to be mended by hand, but for an entry that its schedule does not point to: could it be read,
    a tick would start it beside the right one.
    """
    if schedule.unreadable:
        return []
    if schedule.state is State.STOPPED:
        return _without(schedule, list(map(readable, entries)))
    right = next((entry for entry in entries if readable(entry).instant == schedule.due), None)
    if right:
        others = [readable(entry) for entry in entries if entry is not right]
        replanned = [] if isinstance(right, UnreadableEntry) else _replanned(schedule, right, now)
        return [*replanned, *_without(schedule, others)]
    return [_put_right(schedule, min(map(readable, entries), key=lambda due: due.instant, default=None), now)]


def _without(schedule: Schedule, entries: Sequence[Due]) -> list[Change]:
    return [Change(before=schedule, after=schedule, due_before=due) for due in entries]


def _put_right(schedule: Schedule, stray: Due | None, now: datetime) -> Change:
    """Return the change that puts an entry where the lost one stood, for a tick to catch up with what was due since.

    It takes the place of one that the schedule does not point to, and its instant too if that is of the same rule.
    """
    # Whoever had the lost entry may have told a run of its number.
    seq = max(schedule.seq, stray.seq if stray else 0) + 1
    try:
        change = with_entry(replace(schedule, seq=seq), latest(now, schedule, None))
    except CallerError as error:
        stopped = replace(schedule, state=State.STOPPED, due=None, problem=str(error))
        return Change(before=schedule, after=stopped, due_before=stray)
    assert change.after is not None  # noqa: S101 - it is what with_entry makes
    assert change.due_after is not None  # noqa: S101 - as above
    own = (schedule.definition.cron, schedule.definition.zone)
    instant = stray.instant if stray and (stray.cron, stray.zone) == own else schedule.due or change.due_after.instant
    return Change(
        before=schedule,
        after=replace(change.after, due=instant),
        due_before=stray,
        due_after=replace(change.due_after, instant=instant, since=None, unknown=stray.unknown if stray else {}),
    )


def planned(schedule: Schedule, due: Due) -> datetime | None:
    """Return the instant of an entry by the rules of now, None when it is never due; raises CallerError.

    It may be over already: then a tick starts it late, or tells that it was missed. The version before did not put down
    since when an entry counts: of an instant that is none any more the occurrence before it takes the place, if it was
    not dealt with.
    """
    cron, zone = rule(due.cron, due.zone)
    instant = next_after(cron, zone, counted_from(due))
    if due.since or instant == due.instant:
        return instant
    known = [schedule.created, schedule.last_due, due.occurrence, due.instant - FURTHEST]
    dealt_with = max(moment for moment in known if moment)
    return newest(cron, zone, dealt_with + timedelta.resolution, due.instant) or instant


def _replanned(schedule: Schedule, due: Due, now: datetime) -> list[Change]:
    """Return the change to another instant, when the rules of a zone have changed since the entry was made."""
    if due.claim or due.attempt or due.instant < minute_of(now) + SOON:
        return []
    try:
        instant = planned(schedule, due)
        if instant and due.since is None:
            instant = min(instant, first(*rule(due.cron, due.zone), latest(now, schedule, due)) or instant)
    except CallerError:
        return []  # told when it is due
    if instant in {None, due.instant}:
        return []
    moved = replace(due, instant=instant)
    return [Change(before=schedule, after=replace(schedule, due=instant), due_before=due, due_after=moved)]
