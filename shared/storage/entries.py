"""Entries of the agenda as they are read: each for itself, so that one that can't be stops no other."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.core import rules
from shared.core.entry import Claim, Entry, Tries
from shared.core.schedules import Schedule
from shared.core.unreadable import AnyEntry, Unreadable, UnreadableEntry
from shared.log import log_of
from shared.storage import rows
from shared.storage.columns import OF_SCHEDULE, Read, instant, reasons
from shared.storage.table import Kept, Table

log = log_of(__name__)

IN_NEITHER = "stands neither here nor in the row of its schedule"


def read(table: Table, kept: Kept) -> AnyEntry | Unreadable:
    """Return the entry of a row; Unreadable where not even its key is one. Asks for its schedule only if need be.

    Columns that repeat what the schedule says, and are not there, are what the schedule says.
    """
    key = str(kept.row["RowKey"])
    try:
        moment, schedule_id = at(key)
    except ValueError as error:
        return Unreadable(key=key, columns=(f"RowKey {error}",))
    found = rows.ENTRY.read(kept.row)
    if OF_SCHEDULE in found.values.values():
        found = _completed(found, table, schedule_id)
    entry = _entry(schedule_id, moment, found.values, found.unknown, kept.etag)
    wrong = found.wrong
    return UnreadableEntry(row=Unreadable(key=key, columns=reasons(wrong)), entry=entry) if wrong else entry


def at(key: str) -> tuple[datetime, str]:
    """Return instant and schedule of a key: `due:2026-11-22T06:00:00Z:{id}`; raises ValueError for one that is none."""
    parts = key.split(":", 4)
    if len(parts) != len(("due", "day and hour", "minute", "second", "id")):
        raise ValueError("is no key of an entry")
    moment, schedule_id = instant(":".join(parts[1:4])), parts[4]
    if rows.entry_key(moment, schedule_id) != key:
        raise ValueError("is not how keys are written")
    return moment, schedule_id


def log_unreadable(unreadable: Unreadable) -> None:
    """Log a row that can't be read."""
    extra = {"action": "row_unreadable", "key": unreadable.key}
    log.error("Row %s is unreadable: %s", unreadable.key, "; ".join(unreadable.columns), extra=extra)


NOTHING: Mapping[str, Any] = {"name": "", "taskId": "", "cron": "", "zone": "", "seq": 0}


def _completed(found: Read, table: Table, schedule_id: str) -> Read:
    """Return what was read, with what the schedule says where the entry is silent."""
    absent = [name for name, value in found.values.items() if value is OF_SCHEDULE]
    to_ask = [name for name in absent if name not in found.wrong]
    said = _said(_schedule(table, schedule_id)) if to_ask else {}
    return Read(
        values={**found.values, **{name: said.get(name, NOTHING[name]) for name in absent}},
        unknown=found.unknown,
        wrong={**found.wrong, **{name: IN_NEITHER for name in to_ask if name not in said}},
    )


def _schedule(table: Table, schedule_id: str) -> Schedule | None:
    kept = table.row(rows.SCHEDULES, rows.schedule_key(schedule_id))
    return rows.schedule(kept.row, kept.etag) if kept else None


def _said(schedule: Schedule | None) -> Mapping[str, Any]:
    """Return what a schedule says in place of its entry, by column of the entry; nothing empty."""
    if schedule is None or schedule.unreadable:
        return {}
    said = schedule.definition
    columns = {"taskId": said.target.task_id, "cron": said.rule.expression, "zone": said.rule.zone_name}
    return {name: value for name, value in columns.items() if value} | {"name": said.target.name, "seq": schedule.seq}


def _entry(
    schedule_id: str, moment: datetime, values: Mapping[str, Any], unknown: Mapping[str, Any], etag: str
) -> Entry:
    owner, until = values["owner"], values["leaseUntil"]
    return Entry(
        schedule_id=schedule_id,
        due_at=moment,
        rule=rules.read(values["cron"], values["zone"]),
        target=rows.target_of(values),
        seq=values["seq"],
        since=values["since"],
        claim=Claim(owner=owner, until=until) if owner and until else None,
        tries=Tries(
            attempt=values["attempt"],
            occurrence=values["occurrence"],
            tried_since=values["triedSince"],
            not_before=values["notBefore"],
            last_error=values["lastError"],
        ),
        unknown=unknown,
        etag=etag,
    )


class PassedOver:
    """The rows that a tick can't read: each is logged once, until the next tick begins."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    @property
    def count(self) -> int:
        return len(self._keys)

    def forget(self) -> None:
        self._keys = set()

    def unless_readable(self, entry: AnyEntry | Unreadable) -> Entry | None:
        """Return the entry if it can be read; take note of it if it can't."""
        if isinstance(entry, Entry):
            return entry
        unreadable = entry.row if isinstance(entry, UnreadableEntry) else entry
        if unreadable.key not in self._keys:
            self._keys.add(unreadable.key)
            log_unreadable(unreadable)
        return None
