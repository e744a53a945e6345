"""Make, change, start, stop, delete and restore schedules."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.core import schedule_changes as changes
from shared.core.audit import Action, AuditRecord
from shared.core.errors import (
    CallerError,
    OutcomeUnknown,
    RowUnreadable,
    StorageConflict,
    StorageError,
    TaskForbidden,
    UnknownSchedule,
)
from shared.core.listing import by_schedule, entry_of
from shared.core.schedules import Change, Definition, Schedule
from shared.core.tasks import TaskQuery, is_guid
from shared.log import log_of
from shared.use_cases.change_schedules import TRIES, ChangeSchedules, IsMeant, Wanted, log_done, tell_of

log = log_of(__name__)


@dataclass(frozen=True, kw_only=True)
class ManageSchedules(ChangeSchedules):
    """The use cases; each takes the current time, and raises StorageError when storage can't be reached."""

    def create(self, definition: Definition, now: datetime) -> Schedule:
        """Keep a new schedule; raises CallerError, TaskForbidden, QrsError.

        Raises OutcomeUnknown when it may have been kept; after any other error it surely was not.
        """
        self._check(definition, now)
        change = self.audited(changes.created(str(uuid.uuid4()), definition, now), Action.SCHEDULE_CREATED, now)
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
        log_done("schedule_created", change.after)
        tell_of(change)
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
        wanted = Wanted(
            action=Action.SCHEDULE_REPLACED,
            decide=lambda schedule, entry: changes.edited(schedule, entry, definition, now, keeps_state=keeps_state),
            now=now,
            is_meant=is_meant,
        )
        return self.change(schedule_id, wanted, found)

    def activate(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> Schedule:
        return self.change(schedule_id, _start(now, is_meant=is_meant))

    def stop(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> Schedule:
        return self.change(schedule_id, _stop(now, is_meant=is_meant))

    def delete(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> None:
        schedule = self.kept(schedule_id)
        wanted = Wanted(
            action=Action.SCHEDULE_DELETED,
            decide=lambda found, entry: changes.deleted(found, entry, now),
            now=now,
            is_meant=is_meant,
        )
        try:
            self.change(schedule_id, wanted, schedule)
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
                self.tell_if_recorded(tried)
                return self.one(schedule_id)
            self._check_task(deleted.schedule.definition)
            change = self.audited(changes.restored(deleted, now), Action.SCHEDULE_RESTORED, now)
            assert change.after is not None  # noqa: S101 - it makes one
            tried = change.audit
            with suppress(StorageConflict):
                self.schedules.apply(change)
                log_done("schedule_restored", change.after)
                tell_of(change)
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

    def _write_all(self, decided: Sequence[Change | None], wanted: Wanted) -> None:
        asked = [self.audited(each, wanted.action, wanted.now, wanted.through) for each in decided if each]
        unsure = self.schedules.apply_many(asked)
        alone = {change.before.id for change in unsure if change.before}
        for change in asked:
            if change.before and change.before.id not in alone:
                tell_of(change)
        for change in unsure:
            # One that was deleted meanwhile is no reason to leave the others.
            with suppress(CallerError):
                self.change(change.before.id if change.before else "", wanted, tried=change.audit)

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


def _start(now: datetime, *, is_meant: IsMeant | None = None, through: str = "") -> Wanted:
    return Wanted(
        action=Action.SCHEDULE_STARTED,
        decide=lambda schedule, _: changes.activated(schedule, now),
        now=now,
        is_meant=is_meant,
        through=through,
    )


def _stop(now: datetime, *, is_meant: IsMeant | None = None, through: str = "") -> Wanted:
    return Wanted(
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
