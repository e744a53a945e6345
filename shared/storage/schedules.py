"""Schedules as they are kept: read them, and write a change of one together with its entry on the agenda."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.core.audit import AuditRecord
from shared.core.entry import Entry
from shared.core.errors import StorageConflict, StorageError
from shared.core.runs import Run
from shared.core.schedules import Change, Deleted, Schedule
from shared.core.unreadable import AnyEntry, Unreadable, readable
from shared.storage import audit_rows, entries, gone_rows, rows
from shared.storage.batches import batches
from shared.storage.columns import MOST
from shared.storage.history import History
from shared.storage.table import Kept, Table
from shared.storage.table import readable as read_or_described
from shared.storage.transaction import Operation

TRIES = 3
# What starts or stops a schedule writes it, its entry and the record of the audit.
MOST_OPERATIONS_EACH = 3
# So many of those that can't be read are named in the heartbeat, and looked at by health.
MOST_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class ScheduleStore:
    """All schedules; raises StorageError, StorageConflict when what is to be changed was changed meanwhile."""

    table: Table
    history: History

    def all(self) -> list[Schedule]:
        """Return every schedule, oldest first; one that can't be read says so."""
        found = [_schedule(kept) for kept in self.table.rows(rows.SCHEDULES, *rows.keys("schedule"))]
        return sorted(found, key=lambda schedule: (schedule.created, schedule.id))

    def one(self, schedule_id: str) -> Schedule | None:
        """Return the schedule of that id; one that can't be read says so."""
        kept = self.table.row(rows.SCHEDULES, rows.schedule_key(schedule_id))
        return _schedule(kept) if kept else None

    def entry(self, schedule: Schedule) -> AnyEntry | None:
        """Return the entry that the schedule points to; of one that can't be read, any that it has."""
        key = rows.entry_key(schedule.due_at, schedule.id) if schedule.due_at else None
        kept = self.table.row(rows.SCHEDULES, key) if key else None
        if kept or not schedule.unreadable:
            return self._entry(kept) if kept else None
        return next((entry for entry in self.entries() if readable(entry).schedule_id == schedule.id), None)

    def entries(self) -> list[AnyEntry]:
        """Return every entry on the agenda, in the order of time; one that can't be read says so."""
        kept = self.table.rows(rows.SCHEDULES, *rows.keys("due"))
        return [entry for each in kept if (entry := self._entry(each))]

    def name_unreadable(self, schedule_ids: Sequence[str]) -> None:
        """Leave word for health of the schedules that can't be read, in the mark of the last tick."""
        kept = self.table.row(rows.SCHEDULES, rows.HEARTBEAT)
        named = tuple(schedule_ids[:MOST_NAMED])
        if kept and rows.doubtful(kept.row) != named:
            self.table.put({**rows.at_key(rows.HEARTBEAT), **rows.BEAT.written(unreadableSchedules=named or None)})

    def _entry(self, kept: Kept) -> AnyEntry | None:
        """Return the entry of a row, None where not even its key is one; what can't be read is logged."""
        found = entries.read(self.table, kept)
        if not isinstance(found, Entry):
            entries.log_unreadable(found if isinstance(found, Unreadable) else found.row)
        return None if isinstance(found, Unreadable) else found

    def apply(self, change: Change) -> None:
        """Write a change in one transaction, then record in history what it left out.

        Until then its row keeps it, so that nothing is recorded which did not happen, and nothing is lost.
        """
        etag, *_ = self.table.commit(_operations(change))
        if change.after and _leaves_out(change):
            self.record_left_out(replace(change.after, etag=etag))

    def is_recorded(self, record: AuditRecord) -> bool:
        """Return whether the change of that record was written: its answer may have been lost."""
        return self.table.row(rows.SCHEDULES, audit_rows.key(record)) is not None

    def record_left_out(self, schedule: Schedule) -> None:
        """Write into history what changes have left out, and take it out of the row of the schedule."""
        stands = [self.history.record_unless_known(run) for run in schedule.left_out]
        found: Schedule | None = schedule
        for _ in range(TRIES):
            if found is None or found.left_out != schedule.left_out:
                return
            with suppress(StorageConflict):
                self.table.commit([_told(found, stands[-1])])
                return
            found = self.one(schedule.id)

    def apply_many(self, changes: Sequence[Change]) -> list[Change]:
        """Write changes, many in a transaction, and return those of which it is not sure."""
        unsure: list[Change] = [change for change in changes if _leaves_out(change)]
        changes = [change for change in changes if not _leaves_out(change)]
        for batch in batches(changes, MOST_OPERATIONS_EACH):
            try:
                self.table.commit([operation for change in batch for operation in _operations(change)])
            except StorageError:
                unsure += batch
        return unsure

    def runs(self, schedule: Schedule, limit: int) -> list[Run]:
        """Return the last runs, newest first."""
        # Of one that can't be read nobody knows the number: beyond all numbers the whole ring is looked through.
        next_seq = MOST if schedule.unreadable else schedule.seq
        recorded = {run.seq: run for run in self.history.newest(schedule.id, next_seq, limit)}
        kept = {run.seq: run for run in schedule.left_out if run.seq >= schedule.seq - self.history.ring}
        return [run for _, run in sorted((kept | recorded).items(), reverse=True)][:limit]

    def gone(self, before: datetime) -> list[str]:
        """Return the ids of schedules deleted before then whose history is still there."""
        kept = self.table.rows(rows.SCHEDULES, *rows.keys("gone"))
        marks = [mark for each in kept if (mark := read_or_described(gone_rows.gone, each))]
        return [schedule_id for schedule_id, deleted in marks if deleted < before]

    def deleted(self) -> Iterator[Deleted]:
        """Give the deleted schedules that can be restored."""
        for kept in self.table.rows(rows.SCHEDULES, *rows.keys("gone")):
            if found := read_or_described(gone_rows.deleted, kept):
                yield found

    def one_deleted(self, schedule_id: str) -> Deleted | None:
        """Return the deleted schedule of that id, None where there is none that can be restored."""
        kept = self.table.row(rows.SCHEDULES, rows.gone_key(schedule_id))
        return read_or_described(gone_rows.deleted, kept) if kept else None

    def forget(self, schedule_id: str) -> None:
        """Remove the history of a deleted schedule, then the mark that it is there."""
        self.history.forget(schedule_id)
        row = rows.at_key(rows.gone_key(schedule_id))
        with suppress(StorageConflict):  # it is gone already, which was wanted
            self.table.commit([Operation(kind="delete", row=row)])


def _schedule(kept: Kept) -> Schedule:
    """Return the schedule of a row; one that can't be read is logged."""
    found = rows.schedule(kept.row, kept.etag)
    if found.unreadable:
        entries.log_unreadable(found.unreadable)
    return found


def _told(schedule: Schedule, newest: Run) -> Operation:
    """Return the operation that takes out what history has by now, and shows the newest as history has it."""
    last = {"lastRun": newest} if schedule.last_run == schedule.left_out[-1] else {}
    row = {**rows.at_key(rows.schedule_key(schedule.id)), **rows.SCHEDULE.written(leftOut=(), **last)}
    return Operation(kind="merge", row=row, etag=schedule.etag)


def _leaves_out(change: Change) -> bool:
    return bool(change.after and change.after.left_out)


def _operations(change: Change) -> list[Operation]:
    gone = change.restored
    taken = [Operation(kind="delete", row=rows.at_key(rows.gone_key(gone.schedule.id)), etag=gone.etag)] if gone else []
    audit = [Operation(kind="insert", row=audit_rows.row(change.audit))] if change.audit else []
    return [*_of_schedule(change), *_of_entry(change.entry_before, change.entry_after), *taken, *audit]


def _of_schedule(change: Change) -> list[Operation]:
    before, after = change.before, change.after
    if after is None:
        delete = [Operation(kind="delete", row=rows.schedule_row(before), etag=before.etag)] if before else []
        mark = [Operation(kind="upsert", row=gone_rows.gone_row(change.deleted))] if change.deleted else []
        return [*delete, *mark]
    if before is None:
        return [Operation(kind="insert", row=rows.schedule_row(after))]
    # Merged: a column that is not known here is somebody's all the same, a newer version's perhaps.
    row = _changed(before, after) if before.unreadable else rows.schedule_row(after)
    return [Operation(kind="merge", row=row, etag=before.etag)]


def _changed(before: Schedule, after: Schedule) -> dict[str, Any]:
    """Return what changes of a schedule that can't be read: for the rest its row may hold more than is known of it."""
    was, row = rows.schedule_row(before), rows.schedule_row(after)
    always = {"PartitionKey", "RowKey", "state", "due"}
    return {name: value for name, value in row.items() if name in always or was[name] != value}


def _of_entry(before: Entry | None, after: Entry | None) -> list[Operation]:
    if before and after and _key(before) == _key(after):
        return [Operation(kind="merge", row=rows.entry_row(replace(after, unknown={})), etag=before.etag)]
    delete = [Operation(kind="delete", row=rows.entry_row(before), etag=before.etag)] if before else []
    return [*delete, *([Operation(kind="insert", row=rows.entry_row(after))] if after else [])]


def _key(entry: Entry) -> str:
    return rows.entry_key(entry.due_at, entry.schedule_id)
