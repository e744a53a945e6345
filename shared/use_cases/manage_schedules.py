"""Make, read, change, start, stop and delete schedules."""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from shared.core import schedule_changes as changes
from shared.core.audit import Action, AuditRecord, of_change
from shared.core.errors import (
    CallerError,
    ChangedMeanwhile,
    OutcomeUnknown,
    RowUnreadable,
    StorageConflict,
    StorageError,
    TaskForbidden,
    UnknownSchedule,
)
from shared.core.listing import by_schedule, entry_of, shown
from shared.core.schedules import Change, Definition, Schedule
from shared.core.tasks import TaskQuery, is_guid
from shared.core.unreadable import AnyEntry
from shared.log import log_of
from shared.use_cases.read_schedules import ReadSchedules
from shared.use_cases.tell_audit import tell

log = log_of(__name__)

# A tick may change a schedule of every second while somebody stops it; ten times in a row it will not.
TRIES = 10
LONGEST_PAUSE_SECONDS = 0.2

Decide = Callable[[Schedule, AnyEntry | None], Change | None]
# Whether a schedule is still what the caller wants to change.
IsMeant = Callable[[Schedule], bool]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What a caller wants to be done to a schedule, and by which call where that is one for many."""

    action: Action
    decide: Decide
    now: datetime
    is_meant: IsMeant | None = None
    through: str = ""


@dataclass(frozen=True, kw_only=True)
class ManageSchedules(ReadSchedules):
    """The use cases; each takes the current time, and raises StorageError when storage can't be reached."""

    def create(self, definition: Definition, now: datetime) -> Schedule:
        """Keep a new schedule; raises CallerError, TaskForbidden, QrsError.

        Raises OutcomeUnknown when it may have been kept; after any other error it surely was not.
        """
        self._check(definition, now)
        change = self._audited(changes.created(str(uuid.uuid4()), definition, now), Action.SCHEDULE_CREATED, now)
        assert change.after is not None  # noqa: S101 - it makes one
        # Storage that is away is reported before anything is written.
        self.schedules.one(change.after.id)
        try:
            self.schedules.apply(change)
        except Exception as error:
            # The answer may have been lost, and the second try have met the first: the id is ours alone. And what
            # storage is slow with may stand there only after we have looked.
            if not self._is_kept(change.after.id):
                raise _unknown(change.after.id, error) from error
        _log("schedule_created", change.after)
        _tell(change)
        return change.after

    def replace(
        self,
        schedule_id: str,
        definition: Definition,
        now: datetime,
        *,
        keeps_state: bool = False,
        is_meant: IsMeant | None = None,
    ) -> Schedule:
        """Replace what a schedule says; raises CallerError, TaskForbidden, QrsError."""
        found = self.kept(schedule_id)
        self._check(definition, now)
        wanted = _Wanted(
            action=Action.SCHEDULE_REPLACED,
            decide=lambda schedule, entry: changes.edited(schedule, entry, definition, now, keeps_state=keeps_state),
            now=now,
            is_meant=is_meant,
        )
        return self._change(schedule_id, wanted, found)

    def activate(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> Schedule:
        return self._change(schedule_id, _start(now, is_meant=is_meant))

    def stop(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> Schedule:
        return self._change(schedule_id, _stop(now, is_meant=is_meant))

    def delete(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> None:
        schedule = self.kept(schedule_id)
        wanted = _Wanted(
            action=Action.SCHEDULE_DELETED,
            decide=lambda found, entry: changes.deleted(found, entry, now),
            now=now,
            is_meant=is_meant,
        )
        try:
            self._change(schedule_id, wanted, schedule)
        except UnknownSchedule:
            # It was there a moment ago: our own first try, whose answer was lost, or somebody else's.
            log.info("Schedule %s was gone already", schedule.id, extra={"action": "schedule_deleted"})

    def restore(self, schedule_id: str, now: datetime) -> Schedule:
        """Make a deleted schedule again as it was, with its id and history; raises as `create` does.

        One that is there is left as it is: an answer was lost, or somebody else was faster.
        """
        tried: AuditRecord | None = None
        for _ in range(TRIES):
            deleted = self.schedules.one_deleted(schedule_id.lower()) if is_guid(schedule_id) else None
            if deleted is None or not self.those_seen([deleted]):
                self._tell_if_recorded(tried)
                return self.one(schedule_id)
            self._check_task(deleted.schedule.definition)
            change = self._audited(changes.restored(deleted, now), Action.SCHEDULE_RESTORED, now)
            assert change.after is not None  # noqa: S101 - it makes one
            tried = change.audit
            with suppress(StorageConflict):
                self.schedules.apply(change)
                _log("schedule_restored", change.after)
                _tell(change)
                return self.one(schedule_id)
        raise StorageConflict(f"Schedule {schedule_id} was changed by others {TRIES} times in a row. Try again.")

    def activate_all(self, now: datetime, tag: str | None = None) -> list[Schedule]:
        """Activate what is stopped and can be evaluated, of one tag or all; repeating it changes nothing."""
        wanted = [_activated_if_possible(schedule, now) for schedule in self.all_seen(tag)]
        self._write_all(wanted, _start(now, through="startall"))
        return self.all(tag)

    def stop_all(self, now: datetime, tag: str | None = None) -> list[Schedule]:
        """Stop what is active, of one tag or all; repeating it changes nothing."""
        # Schedules before entries: one that moves in between fails by its ETag and is stopped alone.
        stored = self.all_seen(tag)
        entries = by_schedule(self.schedules.entries())
        wanted = [changes.stopped(each, entry_of(each, entries[each.id]), now) for each in stored]
        self._write_all(wanted, _stop(now, through="stopall"))
        return self.all(tag)

    def _is_kept(self, schedule_id: str) -> bool:
        try:
            return self.schedules.one(schedule_id) is not None
        except StorageError:
            return False

    def _write_all(self, decided: Sequence[Change | None], wanted: _Wanted) -> None:
        asked = [self._audited(each, wanted.action, wanted.now, wanted.through) for each in decided if each]
        unsure = self.schedules.apply_many(asked)
        alone = {change.before.id for change in unsure if change.before}
        for change in asked:
            if change.before and change.before.id not in alone:
                _tell(change)
        for change in unsure:
            # One that was deleted meanwhile is no reason to leave the others.
            with suppress(CallerError):
                self._change(change.before.id if change.before else "", wanted, tried=change.audit)

    def _audited(self, change: Change, action: Action, now: datetime, through: str = "") -> Change:
        """Return the change with the record of it, which is written along with it."""
        record = of_change(change, action, self.origin, record_id=str(uuid.uuid4()), at=now, through=through)
        return replace(change, audit=record)

    def _tell_if_recorded(self, tried: AuditRecord | None) -> None:
        """Tell the log of a change whose answer was lost, where it was written."""
        with suppress(StorageError):
            if tried and self.schedules.is_recorded(tried):
                tell(tried)

    def _check(self, definition: Definition, now: datetime) -> None:
        changes.check(definition, now)
        self._check_task(definition)

    def _check_task(self, definition: Definition) -> None:
        if self.start_filter.allows_everything:
            return
        task_id = definition.target.task_id
        found = self.tasks().find(TaskQuery(task_ids=(task_id.lower(),))).by_id
        task = next((task for task in found if task.id.lower() == task_id.lower()), None)
        if task is None or not self.start_filter.allows(task):
            raise TaskForbidden(task_id)

    def _record_left_out(self, schedule: Schedule) -> None:
        """Record what a change has left out whose answer was lost; its row keeps it where that fails."""
        with suppress(StorageError):
            if schedule.left_out:
                self.schedules.record_left_out(schedule)

    def _change(
        self, schedule_id: str, wanted: _Wanted, found: Schedule | None = None, *, tried: AuditRecord | None = None
    ) -> Schedule:
        """Read unless it was `found`, decide, write, and again when somebody was faster or the answer was lost.

        Raises ChangedMeanwhile when it is not meant any more; but not where a first try whose answer was lost has done
        what was to be done. `tried` is the record of a try before, of which nobody is sure.
        """
        last = StorageError(f"Schedule {schedule_id} could not be changed. Try again.")
        for number in range(TRIES):
            try:
                schedule, found = found or self.kept(schedule_id), None
            except UnknownSchedule:
                self._tell_if_recorded(tried)
                raise
            entry = self.schedules.entry(schedule)
            decided = wanted.decide(schedule, entry)
            if wanted.is_meant and (decided or number == 0) and not wanted.is_meant(shown(schedule, entry)):
                raise ChangedMeanwhile(schedule.id)
            if decided is None:
                self._record_left_out(schedule)
                self._tell_if_recorded(tried)
                return shown(schedule, entry)
            change = self._audited(decided, wanted.action, wanted.now, wanted.through)
            try:
                self.schedules.apply(change)
            except StorageError as error:
                last, tried = error, change.audit
                log.info("Changing %s again after: %s", schedule_id, error, extra={"action": "schedule_second_try"})
                time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))
            else:
                _log(wanted.action.value, change.after or schedule)
                _tell(change)
                # What can't be read stands there still, or was put right by the change.
                return self.one(schedule_id) if change.after and schedule.unreadable else change.after or schedule
        if isinstance(last, StorageConflict):
            raise StorageConflict(f"Schedule {schedule_id} was changed by others {TRIES} times in a row. Try again.")
        raise last


def _start(now: datetime, *, is_meant: IsMeant | None = None, through: str = "") -> _Wanted:
    return _Wanted(
        action=Action.SCHEDULE_STARTED,
        decide=lambda schedule, _: changes.activated(schedule, now),
        now=now,
        is_meant=is_meant,
        through=through,
    )


def _stop(now: datetime, *, is_meant: IsMeant | None = None, through: str = "") -> _Wanted:
    return _Wanted(
        action=Action.SCHEDULE_STOPPED,
        decide=lambda schedule, entry: changes.stopped(schedule, entry, now),
        now=now,
        is_meant=is_meant,
        through=through,
    )


def _unknown(schedule_id: str, error: Exception) -> OutcomeUnknown:
    if not isinstance(error, StorageError):
        extra = {"action": "schedule_create_crashed", "schedule_id": schedule_id}
        log.error("Making schedule %s failed inside Footman", schedule_id, extra=extra, exc_info=error)
    cause = str(error) if isinstance(error, StorageError) else "Footman failed; its log tells why."
    return OutcomeUnknown(
        f"outcome unknown: {cause} Whether the schedule was made is told by GET /v4/schedules?id={schedule_id}: look "
        "there before you make it again."
    )


def _activated_if_possible(schedule: Schedule, now: datetime) -> Change | None:
    try:
        return changes.activated(schedule, now)
    except (CallerError, RowUnreadable) as error:
        extra = {"action": "schedule_not_started", "schedule_id": schedule.id}
        log.warning("Schedule %s stays stopped: %s", schedule.id, error, extra=extra)
        return None


def _log(action: str, schedule: Schedule) -> None:
    log.info("%s: %s", action.replace("_", " "), schedule.id, extra={"action": action, "schedule_id": schedule.id})


def _tell(change: Change) -> None:
    if change.audit:
        tell(change.audit)
