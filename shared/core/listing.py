"""Schedules as callers see them in a list."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from shared.core.schedules import Schedule
from shared.core.unreadable import AnyEntry, UnreadableEntry, readable


def tagged(schedules: Iterable[Schedule], tag: str | None) -> list[Schedule]:
    """Return the schedules with exactly this tag, upper and lower case being different; all for None."""
    return [each for each in schedules if tag is None or tag in (each.definition.tags or ())]


def shown(schedule: Schedule, entry: AnyEntry | None) -> Schedule:
    """Return the schedule as it is answered: a row of it that can't be read is its problem."""
    unreadable = schedule.unreadable or (entry.row if isinstance(entry, UnreadableEntry) else None)
    return replace(schedule, problem=unreadable.problem) if unreadable else schedule


def by_schedule(entries: Sequence[AnyEntry]) -> defaultdict[str, list[AnyEntry]]:
    """Return the entries of each schedule by its id."""
    found: defaultdict[str, list[AnyEntry]] = defaultdict(list)
    for entry in entries:
        found[readable(entry).schedule_id].append(entry)
    return found


def entry_of(schedule: Schedule, entries: Sequence[AnyEntry]) -> AnyEntry | None:
    """Return the entry that a schedule points to; of one that can't be read, any that it has."""
    any_of_it = entries[0] if entries and schedule.unreadable else None
    return next((entry for entry in entries if readable(entry).due_at == schedule.due_at), any_of_it)
