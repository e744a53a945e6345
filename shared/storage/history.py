"""The history of schedules: a ring of rows for each, whose newest are found by key."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.core.errors import StorageConflict
from shared.core.runs import Run
from shared.storage.batches import batches
from shared.storage.columns import Row
from shared.storage.rows import AFTER_COLON
from shared.storage.run_rows import HISTORY, run, run_key, run_row
from shared.storage.table import Kept, Table, readable
from shared.storage.transaction import Operation

# The most that RUN_HISTORY_ROWS may be; a slot has six digits.
MOST_ROWS = 100_000


@dataclass(frozen=True, kw_only=True)
class History:
    """Runs in `ring` rows for each schedule: the newest takes the place of the oldest, nothing needs a clean-up."""

    table: Table
    ring: int

    def record(self, runs: Sequence[Run]) -> None:
        """Write runs, at most one of a schedule; writing one again does no harm. Raises StorageError."""
        for batch in batches(runs, 1):
            self.table.commit([Operation(kind="upsert", row=run_row(run, self.ring)) for run in batch])

    def recorded(self, schedule_id: str, seq: int) -> Run | None:
        """Return the run of this number if it was recorded, and can be read."""
        kept = self.table.row(HISTORY, run_key(schedule_id, seq, self.ring))
        found = readable(_run, kept) if kept else None
        return found if found and found.seq == seq else None

    def record_unless_known(self, run: Run) -> Run:
        """Write a run that others may know better, and return the one that stands: theirs, unless they only guess."""
        kept = self.table.row(HISTORY, run_key(run.schedule_id, run.seq, self.ring))
        if kept and _is_as_new(kept.row, run):
            stands = self._stands(kept, run)
            if not stands.is_guess or run.is_guess:
                return stands
        row = run_row(run, self.ring)
        write = Operation(kind="replace", row=row, etag=kept.etag) if kept else Operation(kind="insert", row=row)
        try:
            self.table.commit([write])
        except StorageConflict:
            # Its own tick has just recorded what became of it.
            return self.recorded(run.schedule_id, run.seq) or run
        return run

    def newest(self, schedule_id: str, next_seq: int, limit: int) -> list[Run]:
        """Return the last runs, newest first; `next_seq` is the number of the run to come, perhaps recorded already."""
        oldest = max(0, next_seq - min(limit, self.ring))
        found = [run for run in self._numbered(schedule_id, oldest, next_seq) if oldest <= run.seq <= next_seq]
        if len(found) < next_seq - oldest:
            # Numbers were left out, or RUN_HISTORY_ROWS is another than when they were written.
            found = self._slots(schedule_id, 0, MOST_ROWS)
        return sorted(found, key=lambda run: run.seq, reverse=True)[:limit]

    def forget(self, schedule_id: str) -> None:
        """Remove what there is of a schedule."""
        kept = self.table.rows(HISTORY, f"{schedule_id}:", f"{schedule_id}{AFTER_COLON}")
        self.table.delete(list(kept))

    def _numbered(self, schedule_id: str, oldest: int, newest: int) -> list[Run]:
        """Return the runs in the slots of these numbers: all slots, or part of the ring, perhaps over its end."""
        if newest - oldest >= self.ring:
            return self._slots(schedule_id, 0, self.ring - 1)
        first, last = oldest % self.ring, newest % self.ring
        if first <= last:
            return self._slots(schedule_id, first, last)
        return [*self._slots(schedule_id, first, self.ring - 1), *self._slots(schedule_id, 0, last)]

    def _stands(self, kept: Kept, run: Run) -> Run:
        found = readable(_run, kept)
        return found if found and found.seq == run.seq else run

    def _slots(self, schedule_id: str, first: int, last: int) -> list[Run]:
        kept = self.table.rows(HISTORY, f"{schedule_id}:{first:06d}", f"{schedule_id}:{last + 1:06d}")
        return [run for each in kept if (run := readable(_run, each))]


def _is_as_new(row: Row, run: Run) -> bool:
    """True when the place is that run's, or a later one's: a change whose run is recorded late may be long over."""
    seq = row.get("seq")
    return isinstance(seq, int) and seq >= run.seq


def _run(row: Row, _: str) -> Run:
    return run(row)
