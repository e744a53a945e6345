"""The agenda as a tick works on it: read what is due, claim it, give it back, move it on.

A claim is a merge under the ETag that was read, so of two ticks one wins. A transaction that fails names only its first
bad row, and one that failed may have been committed, for answers get lost and the library sends again. So after any
failure the rows are read again, and what stands there decides.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.core.cron import SECOND
from shared.core.endings import Ending, following
from shared.core.entry import Claim, Entry
from shared.core.errors import StorageConflict, StorageError
from shared.core.health import Beat
from shared.core.runs import Run
from shared.core.schedules import Schedule
from shared.log import log_of
from shared.storage import agenda_operations as operations
from shared.storage import entries, rows
from shared.storage.batches import batches
from shared.storage.columns import text
from shared.storage.entries import PassedOver
from shared.storage.table import Table, readable
from shared.storage.transaction import Operation

log = log_of(__name__)

TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """The entries of all started schedules; raises StorageError.

    An entry that can't be read is passed over: it is neither claimed nor moved, and stops nothing.
    """

    table: Table
    passed_over: PassedOver = field(default_factory=PassedOver, compare=False)

    def beat(self, values: Mapping[str, Any]) -> datetime:
        """Write down how the tick goes and return the time by storage's clock, in whole seconds."""
        if "ended" in values:
            values = {**values, **rows.BEAT.written(unreadable=self.passed_over.count)}
        else:
            self.passed_over.forget()
        return self.table.put({**rows.at_key(rows.HEARTBEAT), **values})

    def last_beat(self) -> Beat | None:
        """Return the mark of the last tick, with how many rows can't be read: entries that are due, and schedules."""
        kept = self.table.row(rows.SCHEDULES, rows.HEARTBEAT)
        found = readable(rows.beat, kept) if kept else None
        if kept is None or found is None:
            return None
        stands = [self._found(schedule_id) for schedule_id in rows.doubtful(kept.row)]
        unreadable = [schedule for schedule in stands if schedule and schedule.unreadable]
        return replace(found, unreadable=found.unreadable + len(unreadable))

    def until(self, end: datetime) -> list[Entry]:
        """Return the entries before `end`, in the order of time."""
        # Keys hold whole seconds, and a second with a fraction sorts before the second alone.
        seconds = end if end.microsecond == 0 else end.replace(microsecond=0) + SECOND
        return self._range("due:", f"due:{text(seconds)}")

    def claim(self, wanted: Sequence[Entry]) -> list[Entry]:
        """Store claims, at most 100, and return those that are ours now."""
        won: list[Entry] = []
        for _ in range(TRIES):
            try:
                return won + self._merge(wanted)
            except StorageError:
                there = {entry.schedule_id: entry for entry in self._between(wanted)}
                mine, wanted = _sorted_out(wanted, there)
                won += mine
            if not wanted:
                return won
        return won + [entry for one in wanted for entry in self._claim_alone(one)]

    def _claim_alone(self, entry: Entry) -> list[Entry]:
        """Claim what could not be claimed together with others, one of which storage may refuse for good."""
        try:
            return self._merge([entry])
        except StorageError as error:
            extra = {"action": "claim_failed", "schedule_id": entry.schedule_id}
            log.warning("Schedule %s could not be claimed: %s", entry.schedule_id, error, extra=extra)
            return []

    def give_back(self, returned: Sequence[Entry]) -> list[Entry]:
        """Store entries without their claims and return them; one that somebody took away meanwhile is left out."""
        given: list[Entry] = []
        for batch in batches(returned, 1):
            try:
                given += self._merge([replace(entry, claim=None) for entry in batch])
            except StorageError:
                given += [there for entry in batch if (there := self._given_back(entry))]
        return given

    def advance(self, endings: Sequence[Ending]) -> list[Entry]:
        """Put the next entry in the place of each, and return those that stand there now.

        An entry that was taken away meanwhile, its schedule stopped or edited, is left alone; its schedule shows the
        run all the same.
        """
        advanced: list[Entry] = []
        for batch in batches(endings, 3):
            try:
                advanced += self._advance(batch)
            except StorageError:
                advanced += [entry for ending in batch for entry in self._advanced_alone(ending)]
        return advanced

    def _range(self, first: str, end: str) -> list[Entry]:
        found = (entries.read(self.table, kept) for kept in self.table.rows(rows.SCHEDULES, first, end))
        return [entry for each in found if (entry := self.passed_over.unless_readable(each))]

    def _between(self, dues: Sequence[Entry]) -> list[Entry]:
        keys = sorted(rows.entry_key(entry.due_at, entry.schedule_id) for entry in dues)
        return self._range(keys[0], f"{keys[-1]}{rows.AFTER_COLON}")

    def _merge(self, dues: Sequence[Entry]) -> list[Entry]:
        etags = self.table.commit([operations.merge(entry) for entry in dues])
        return [replace(entry, etag=etag) for entry, etag in zip(dues, etags, strict=True)]

    def _given_back(self, entry: Entry) -> Entry | None:
        for _ in range(TRIES):
            try:
                return self._merge([replace(entry, claim=None)])[0]
            except StorageConflict:
                there = self._there(entry.due_at, entry.schedule_id)
            if there is None or not _is_under(entry.claim, there):
                is_given = (
                    there is not None and there.claim is None and there.tries.not_before == entry.tries.not_before
                )
                return there if is_given else None
            entry = _renamed(entry, there)
        return None

    def _advance(self, endings: Sequence[Ending]) -> list[Entry]:
        groups = [operations.advance(ending) for ending in endings]
        etags = iter(self.table.commit([operation for group in groups for operation in group]))
        entries = []
        for ending, group in zip(endings, groups, strict=True):
            _, *mine = [next(etags) for _ in group]
            if entry := following(ending):
                entries.append(replace(entry, etag=mine[0]))
        return entries

    def _advanced_alone(self, ending: Ending) -> list[Entry]:
        last: StorageError | None = None
        for _ in range(TRIES):
            try:
                return self._advance([ending])
            except StorageError as error:
                last = error
                there = self._there(ending.entry.due_at, ending.entry.schedule_id)
            if there is None or not (there.etag == ending.entry.etag or _is_under(ending.entry.claim, there)):
                return self._taken_away(ending)
            ending = replace(ending, entry=_renamed(ending.entry, there))
        if last and not isinstance(last, StorageConflict):
            raise last
        self._drop_if_orphan(ending.entry)
        return []

    def _taken_away(self, ending: Ending) -> list[Entry]:
        if ending.run:
            self.set_last_run(ending.run)
        entry = following(ending)
        now_there = self._there(entry.due_at, entry.schedule_id) if entry else None
        return [now_there] if now_there else []

    def set_last_run(self, run: Run) -> None:
        """Let its schedule show a run as the last one, unless it shows a newer one already."""
        for _ in range(TRIES):
            found = self.schedule(run.schedule_id)
            if found is None or found.last_run == run or (found.last_run and found.last_run.seq > run.seq):
                return
            last_due = max(run.due, found.last_due or run.due)
            key = rows.at_key(rows.schedule_key(run.schedule_id))
            row = {**key, **rows.SCHEDULE.written(lastRun=run, lastDue=last_due)}
            with suppress(StorageConflict):
                self.table.commit([Operation(kind="merge", row=row, etag=found.etag)])
                return

    def schedule(self, schedule_id: str) -> Schedule | None:
        """Return the schedule of that id, None where there is none or it can't be read."""
        found = self._found(schedule_id)
        return None if found is None or found.unreadable else found

    def _found(self, schedule_id: str) -> Schedule | None:
        kept = self.table.row(rows.SCHEDULES, rows.schedule_key(schedule_id))
        return rows.schedule(kept.row, kept.etag) if kept else None

    def _drop_if_orphan(self, entry: Entry) -> None:
        """Delete an entry whose schedule is gone, which would be started again and again."""
        if self.table.row(rows.SCHEDULES, rows.schedule_key(entry.schedule_id)) is None:
            log.error("Entry of the lost schedule %s dropped", entry.schedule_id, extra={"action": "orphan_dropped"})
            self.table.commit([operations.delete(entry)])

    def _there(self, instant: datetime, schedule_id: str) -> Entry | None:
        kept = self.table.row(rows.SCHEDULES, rows.entry_key(instant, schedule_id))
        return self.passed_over.unless_readable(entries.read(self.table, kept)) if kept else None


def _is_under(claim: Claim | None, there: Entry) -> bool:
    """True when an entry stands under this very claim, though somebody has changed what it says of its schedule."""
    return claim is not None and there.claim is not None and there.claim.owner == claim.owner


def _renamed(entry: Entry, there: Entry) -> Entry:
    return replace(entry, target=there.target, unknown=there.unknown, etag=there.etag)


def _sorted_out(wanted: Sequence[Entry], there: Mapping[str, Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return what is ours, as it stands there, and what can be claimed again since nobody touched it."""
    mine, again = [], []
    for entry in wanted:
        found = there.get(entry.schedule_id)
        if found and found.due_at == entry.due_at:
            if found.claim and entry.claim and found.claim.owner == entry.claim.owner:
                mine.append(replace(entry, unknown=found.unknown, etag=found.etag))
            elif found.etag == entry.etag:
                again.append(entry)
    return mine, again
