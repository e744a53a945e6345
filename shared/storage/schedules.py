"""Schedules as they are kept: read them, and write a change of one together with its entry on the agenda."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from shared.core.due import Due
from shared.core.errors import RowUnreadable, StorageConflict, StorageError
from shared.core.runs import Run
from shared.core.schedules import Change, Schedule
from shared.storage import rows
from shared.storage.batches import batches
from shared.storage.history import History
from shared.storage.table import Table, readable
from shared.storage.transaction import Operation

TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """All schedules; raises StorageError, StorageConflict when what is to be changed was changed meanwhile."""

    table: Table
    history: History

    def all(self) -> list[Schedule]:
        """Return every schedule, oldest first."""
        kept = self.table.rows(rows.SCHEDULES, *rows.keys("schedule"))
        found = [schedule for each in kept if (schedule := readable(rows.schedule, each))]
        return sorted(found, key=lambda schedule: (schedule.created, schedule.id))

    def one(self, schedule_id: str) -> Schedule | None:
        """Return the schedule of that id; raises RowUnreadable."""
        kept = self.table.row(rows.SCHEDULES, rows.schedule_key(schedule_id))
        if kept is None:
            return None
        if found := readable(rows.schedule, kept):
            return found
        raise RowUnreadable(f"The row of schedule {schedule_id} in storage can't be read. Mend it or delete it there.")

    def entry(self, schedule: Schedule) -> Due | None:
        """Return the entry that the schedule points to."""
        if schedule.due is None:
            return None
        kept = self.table.row(rows.SCHEDULES, rows.due_key(schedule.due, schedule.id))
        return rows.due(kept.row, kept.etag) if kept else None

    def entries(self) -> list[Due]:
        """Return every entry on the agenda, in the order of time."""
        kept = self.table.rows(rows.SCHEDULES, *rows.keys("due"))
        return [due for each in kept if (due := readable(rows.due, each))]

    def apply(self, change: Change) -> None:
        """Write a change in one transaction, then tell in history what it left out.

        Until that is told its row keeps it, so that nothing is told which did not come to pass, nor anything lost.
        """
        etag, *_ = self.table.commit(_operations(change))
        if change.after and _leaves_out(change):
            self.tell_left_out(replace(change.after, etag=etag))

    def tell_left_out(self, schedule: Schedule) -> None:
        """Write into history what changes have left out, and take it out of the row of the schedule."""
        stands = [self.history.record_unless_told(run) for run in schedule.left_out]
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
        for batch in batches(changes, 2):
            try:
                self.table.commit([operation for change in batch for operation in _operations(change)])
            except StorageError:
                unsure += batch
        return unsure

    def runs(self, schedule: Schedule, limit: int) -> list[Run]:
        """Return the last runs, newest first."""
        told = {run.seq: run for run in self.history.newest(schedule.id, schedule.seq, limit)}
        untold = {run.seq: run for run in schedule.left_out if run.seq >= schedule.seq - self.history.ring}
        return [run for _, run in sorted((untold | told).items(), reverse=True)][:limit]

    def gone(self, before: datetime) -> list[str]:
        """Return the ids of schedules deleted before then whose history is still there."""
        kept = self.table.rows(rows.SCHEDULES, *rows.keys("gone"))
        marks = [mark for each in kept if (mark := readable(rows.gone, each))]
        return [schedule_id for schedule_id, deleted in marks if deleted < before]

    def forget(self, schedule_id: str) -> None:
        """Remove the history of a deleted schedule, then the mark that it is there."""
        self.history.forget(schedule_id)
        row = {"PartitionKey": rows.SCHEDULES, "RowKey": rows.gone_key(schedule_id)}
        with suppress(StorageConflict):  # it is gone already, which was wanted
            self.table.commit([Operation(kind="delete", row=row)])


def _told(schedule: Schedule, newest: Run) -> Operation:
    """Return the operation that takes out what history has by now, and tells of the newest what history tells."""
    key = {"PartitionKey": rows.SCHEDULES, "RowKey": rows.schedule_key(schedule.id)}
    last = {"lastRun": rows.run_text(newest)} if schedule.last_run == schedule.left_out[-1] else {}
    return Operation(kind="merge", row={**key, "leftOut": "", **last}, etag=schedule.etag)


def _leaves_out(change: Change) -> bool:
    return bool(change.after and change.after.left_out)


def _operations(change: Change) -> list[Operation]:
    return [*_of_schedule(change), *_of_entry(change.due_before, change.due_after)]


def _of_schedule(change: Change) -> list[Operation]:
    before, after = change.before, change.after
    if after is None:
        if before is None:
            return []
        return [
            Operation(kind="delete", row=rows.schedule_row(before), etag=before.etag),
            Operation(kind="upsert", row=rows.gone_row(before.id, change.at)),
        ]
    if before is None:
        return [Operation(kind="insert", row=rows.schedule_row(after))]
    return [Operation(kind="replace", row=rows.schedule_row(after), etag=before.etag)]


def _of_entry(before: Due | None, after: Due | None) -> list[Operation]:
    if before and after and _key(before) == _key(after):
        return [Operation(kind="replace", row=rows.due_row(after), etag=before.etag)]
    delete = [Operation(kind="delete", row=rows.due_row(before), etag=before.etag)] if before else []
    return [*delete, *([Operation(kind="insert", row=rows.due_row(after))] if after else [])]


def _key(due: Due) -> str:
    return rows.due_key(due.instant, due.schedule_id)
