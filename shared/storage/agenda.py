"""The agenda as a tick works on it: read what is due, claim it, give it back, move it on.

A claim is a merge under the ETag that was read, so of two ticks one wins. A transaction that fails names only its first
bad row, and one that failed may have been committed, for answers get lost and the library sends again. So after any
failure the rows are read again, and what stands there decides.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.core.cron import SECOND
from shared.core.due import Claim, Due
from shared.core.ends import Done, following, next_seq
from shared.core.errors import StorageConflict, StorageError
from shared.core.health import Beat
from shared.core.runs import Run
from shared.core.schedules import Schedule, State
from shared.log import log_of
from shared.storage import entries, rows
from shared.storage.batches import batches
from shared.storage.columns import text
from shared.storage.entries import PassedOver
from shared.storage.table import Table, readable
from shared.storage.transaction import Operation

log = log_of(__name__)

TRIES = 3
Write = Callable[[Due], Operation]


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """The entries of all started schedules; raises StorageError.

    An entry that can't be read is passed over: it is neither claimed nor moved, and stops nothing.
    """

    table: Table
    passed_over: PassedOver = field(default_factory=PassedOver, compare=False)

    def beat(self, told: Mapping[str, Any]) -> datetime:
        """Write down how the tick goes and return the time by storage's clock, in whole seconds."""
        if "ended" in told:
            told = {**told, **rows.BEAT.written(unreadable=self.passed_over.count)}
        else:
            self.passed_over.forget()
        return self.table.put({**rows.at_key(rows.HEARTBEAT), **told})

    def last_beat(self) -> Beat | None:
        """Return the mark of the last tick, with how many rows can't be read: entries that are due, and schedules."""
        kept = self.table.row(rows.SCHEDULES, rows.HEARTBEAT)
        found = readable(rows.beat, kept) if kept else None
        if kept is None or found is None:
            return None
        stands = [self._found(schedule_id) for schedule_id in rows.doubtful(kept.row)]
        unreadable = [schedule for schedule in stands if schedule and schedule.unreadable]
        return replace(found, unreadable=found.unreadable + len(unreadable))

    def until(self, end: datetime) -> list[Due]:
        """Return the entries before `end`, in the order of time."""
        # Keys hold whole seconds, and a second with a fraction sorts before the second alone.
        seconds = end if end.microsecond == 0 else end.replace(microsecond=0) + SECOND
        return self._range("due:", f"due:{text(seconds)}")

    def claim(self, wanted: Sequence[Due]) -> list[Due]:
        """Store claims, at most 100, and return those that are ours now."""
        won: list[Due] = []
        for _ in range(TRIES):
            try:
                return won + self._merge(wanted)
            except StorageError:
                there = {due.schedule_id: due for due in self._between(wanted)}
                mine, wanted = _sorted_out(wanted, there)
                won += mine
            if not wanted:
                return won
        return won + [due for one in wanted for due in self._claim_alone(one)]

    def _claim_alone(self, due: Due) -> list[Due]:
        """Claim what could not be claimed together with others, one of which storage may refuse for good."""
        try:
            return self._merge([due])
        except StorageError as error:
            extra = {"action": "claim_failed", "schedule_id": due.schedule_id}
            log.warning("Schedule %s could not be claimed: %s", due.schedule_id, error, extra=extra)
            return []

    def give_back(self, returned: Sequence[Due]) -> list[Due]:
        """Store entries without their claims and return them; one that somebody took away meanwhile is left out."""
        given: list[Due] = []
        for batch in batches(returned, 1):
            try:
                given += self._merge([replace(due, claim=None) for due in batch])
            except StorageError:
                given += [there for due in batch if (there := self._given_back(due))]
        return given

    def move(self, dones: Sequence[Done]) -> list[Due]:
        """Put the next entry in the place of each, and return those that stand there now.

        An entry that was taken away meanwhile, its schedule stopped or edited, is left alone; the schedule tells of the
        run all the same.
        """
        moved: list[Due] = []
        for batch in batches(dones, 3):
            try:
                moved += self._move(batch)
            except StorageError:
                moved += [entry for done in batch for entry in self._moved_alone(done)]
        return moved

    def _range(self, first: str, end: str) -> list[Due]:
        found = (entries.read(self.table, kept) for kept in self.table.rows(rows.SCHEDULES, first, end))
        return [due for entry in found if (due := self.passed_over.unless_readable(entry))]

    def _between(self, dues: Sequence[Due]) -> list[Due]:
        keys = sorted(rows.due_key(due.instant, due.schedule_id) for due in dues)
        return self._range(keys[0], f"{keys[-1]}{rows.AFTER_COLON}")

    def _merge(self, dues: Sequence[Due]) -> list[Due]:
        etags = self.table.commit([_merge(due) for due in dues])
        return [replace(due, etag=etag) for due, etag in zip(dues, etags, strict=True)]

    def _given_back(self, due: Due) -> Due | None:
        for _ in range(TRIES):
            try:
                return self._merge([replace(due, claim=None)])[0]
            except StorageConflict:
                there = self._there(due.instant, due.schedule_id)
            if there is None or not _is_under(due.claim, there):
                is_given = there is not None and there.claim is None and there.not_before == due.not_before
                return there if is_given else None
            due = _renamed(due, there)
        return None

    def _move(self, dones: Sequence[Done]) -> list[Due]:
        groups = [_move(done) for done in dones]
        etags = iter(self.table.commit([operation for group in groups for operation in group]))
        entries = []
        for done, group in zip(dones, groups, strict=True):
            _, *mine = [next(etags) for _ in group]
            if entry := following(done):
                entries.append(replace(entry, etag=mine[0]))
        return entries

    def _moved_alone(self, done: Done) -> list[Due]:
        last: StorageError | None = None
        for _ in range(TRIES):
            try:
                return self._move([done])
            except StorageError as error:
                last = error
                there = self._there(done.due.instant, done.due.schedule_id)
            if there is None or not (there.etag == done.due.etag or _is_under(done.due.claim, there)):
                return self._taken_away(done)
            done = replace(done, due=_renamed(done.due, there))
        if last and not isinstance(last, StorageConflict):
            raise last
        self._drop_if_orphan(done.due)
        return []

    def _taken_away(self, done: Done) -> list[Due]:
        if done.run:
            self.tell_last(done.run)
        entry = following(done)
        now_there = self._there(entry.instant, entry.schedule_id) if entry else None
        return [now_there] if now_there else []

    def tell_last(self, run: Run) -> None:
        """Let its schedule tell of a run as the last one, unless a newer one is told there."""
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

    def _drop_if_orphan(self, due: Due) -> None:
        """Delete an entry whose schedule is gone, which would be started again and again."""
        if self.table.row(rows.SCHEDULES, rows.schedule_key(due.schedule_id)) is None:
            log.error("Entry of the lost schedule %s dropped", due.schedule_id, extra={"action": "orphan_dropped"})
            self.table.commit([_delete(due)])

    def _there(self, instant: datetime, schedule_id: str) -> Due | None:
        kept = self.table.row(rows.SCHEDULES, rows.due_key(instant, schedule_id))
        return self.passed_over.unless_readable(entries.read(self.table, kept)) if kept else None


def _is_under(claim: Claim | None, there: Due) -> bool:
    """True when an entry stands under this very claim, though somebody has changed what it says of its schedule."""
    return claim is not None and there.claim is not None and there.claim.owner == claim.owner


def _renamed(due: Due, there: Due) -> Due:
    return replace(due, name=there.name, task_id=there.task_id, unknown=there.unknown, etag=there.etag)


def _sorted_out(wanted: Sequence[Due], there: Mapping[str, Due]) -> tuple[list[Due], list[Due]]:
    """Return what is ours, as it stands there, and what can be claimed again since nobody touched it."""
    mine, again = [], []
    for due in wanted:
        found = there.get(due.schedule_id)
        if found and found.instant == due.instant:
            if found.claim and due.claim and found.claim.owner == due.claim.owner:
                mine.append(replace(due, unknown=found.unknown, etag=found.etag))
            elif found.etag == due.etag:
                again.append(due)
    return mine, again


def _merge(due: Due) -> Operation:
    key = rows.due_key(due.instant, due.schedule_id)
    return Operation(kind="merge", row={**rows.at_key(key), **rows.tries(due)}, etag=due.etag)


def _delete(due: Due) -> Operation:
    key = rows.due_key(due.instant, due.schedule_id)
    return Operation(kind="delete", row=rows.at_key(key), etag=due.etag)


def _move(done: Done) -> list[Operation]:
    """Return the operations of one schedule; its own row is merged, never upserted: that revives a deleted one."""
    entry = following(done)
    state = State.STARTED if entry else State.STOPPED
    said: dict[str, Any] = {
        "state": state,
        "due": entry.instant if entry else None,
        "seq": next_seq(done),
        "problem": done.problem,
    }
    if done.run:
        said |= {"lastDue": done.run.due, "lastRun": done.run}
    schedule = {**rows.at_key(rows.schedule_key(done.due.schedule_id)), **rows.SCHEDULE.written(**said)}
    insert = [Operation(kind="insert", row=rows.due_row(entry))] if entry else []
    return [_delete(done.due), *insert, Operation(kind="merge", row=schedule)]
