"""The audit as it is kept: a row for each change and each start."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.core.audit import AuditQuery, AuditRecord
from shared.core.errors import StorageConflict
from shared.storage import audit_rows
from shared.storage.rows import SCHEDULES, keys
from shared.storage.table import Table, readable
from shared.storage.transaction import Operation


@dataclass(frozen=True, kw_only=True)
class AuditStore:
    """All records; raises StorageError."""

    table: Table

    def insert(self, records: Sequence[AuditRecord]) -> None:
        """Write records, at most a hundred of them all or none, unless they stand there already."""
        with suppress(StorageConflict):  # an answer was lost, or what became of it was written first
            self.table.commit([Operation(kind="insert", row=audit_rows.row(record)) for record in records])

    def put(self, records: Sequence[AuditRecord]) -> None:
        """Write records with what became of them, at most a hundred all or none, over those that were inserted."""
        self.table.commit([Operation(kind="insert_or_merge", row=audit_rows.row(record)) for record in records])

    def newest(self, query: AuditQuery) -> list[AuditRecord]:
        """Return what is asked for, newest first; what can't be read is logged and left out."""
        wanted = {"schedule": query.schedule_id, "caller": query.caller}
        named = {name: value for name, value in wanted.items() if value is not None}
        where = " and ".join(f"{name} eq @{name}" for name in named)
        bounds = audit_rows.bounds(query.since, query.before)
        rows = self.table.rows(SCHEDULES, *bounds, where=where, named=named, at_most=query.limit)
        return [record for kept in rows if (record := readable(audit_rows.record, kept))]

    def forget(self, before: datetime, within_seconds: float) -> int:
        """Remove what was recorded before then, as long as there is time, and return how much that was."""
        first, end = audit_rows.first_key(before), keys("audit")[1]
        # A record is as long as the change it tells of; to remove it takes no more than its key.
        return self.table.delete_while_time(self.table.rows(SCHEDULES, first, end, columns=("action",)), within_seconds)
