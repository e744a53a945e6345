"""Make, read, change, start, stop and delete schedules."""

import random
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from typing import Protocol, Self

from shared.core import schedule_changes as changes
from shared.core.callers import Caller
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
from shared.core.listing import by_schedule, entry_of, shown, tagged
from shared.core.runs import Run
from shared.core.schedules import Change, Definition, Deleted, Schedule, State
from shared.core.tasks import EVERYTHING, Found, StartFilter, TaskQuery, is_guid
from shared.core.unreadable import AnyEntry
from shared.log import log_of

log = log_of(__name__)

# A tick may change a schedule of every second while somebody stops it; ten times in a row it will not.
TRIES = 10
LONGEST_PAUSE_SECONDS = 0.2

Decide = Callable[[Schedule, AnyEntry | None], Change | None]
# Whether a schedule is still what the caller wants to change.
IsMeant = Callable[[Schedule], bool]


class Schedules(Protocol):
    """The schedules that are kept; every call may raise StorageError, a write StorageConflict."""

    def all(self) -> list[Schedule]:
        """Return every schedule, oldest first; one that can't be read says so, here and below."""

    def one(self, schedule_id: str) -> Schedule | None:
        """Return the schedule of that id."""

    def entry(self, schedule: Schedule) -> AnyEntry | None:
        """Return its entry on the agenda."""

    def entries(self) -> Sequence[AnyEntry]:
        """Return every entry on the agenda."""

    def runs(self, schedule: Schedule, limit: int) -> list[Run]:
        """Return its last runs, newest first."""

    def deleted(self) -> Iterable[Deleted]:
        """Return the deleted schedules that can be restored."""

    def one_deleted(self, schedule_id: str) -> Deleted | None:
        """Return the deleted schedule of that id."""

    def apply(self, change: Change) -> None:
        """Write a change."""

    def record_left_out(self, schedule: Schedule) -> None:
        """Write into history what changes have left out."""

    def apply_many(self, changes: Sequence[Change]) -> list[Change]:
        """Write changes and return those of which it is not sure."""


class Tasks(Protocol):
    """Sense's tasks."""

    def find(self, what: TaskQuery) -> Found:
        """Look tasks up; raises QrsError."""


@dataclass(frozen=True, kw_only=True)
class ManageSchedules:
    """The use cases; each takes the current time, and raises StorageError when storage can't be reached.

    Whose task `sees` doesn't allow is not there for the caller: neither in a list nor by its id. To know the tags and
    properties of tasks Sense is asked, so whoever sees tasks by these gets QrsError when it can't be.
    """

    schedules: Schedules
    start_filter: StartFilter
    tasks: Callable[[], Tasks]
    sees: StartFilter = EVERYTHING

    def seen_by(self, caller: Caller) -> Self:
        """Return the use cases as this caller has them."""
        tasks = caller.tasks
        return replace(self, sees=tasks, start_filter=self.start_filter.narrowed(tasks))

    def all(self, tag: str | None = None) -> list[Schedule]:
        """Return every schedule, or those of a tag, oldest first."""
        kept = self._all(tag)
        if not any(schedule.state is State.ACTIVE for schedule in kept):
            return [shown(schedule, None) for schedule in kept]
        entries = by_schedule(self.schedules.entries())
        return [shown(schedule, entry_of(schedule, entries[schedule.id])) for schedule in kept]

    def one(self, schedule_id: str) -> Schedule:
        """Return a schedule; raises UnknownSchedule."""
        found = self._kept(schedule_id)
        return shown(found, self.schedules.entry(found))

    def _kept(self, schedule_id: str) -> Schedule:
        # What is no GUID was never given to a schedule, and has no business in a key.
        found = self.schedules.one(schedule_id.lower()) if is_guid(schedule_id) else None
        if found is None or not self._seen([found]):
            raise UnknownSchedule(schedule_id)
        return found

    def _all(self, tag: str | None) -> list[Schedule]:
        return self._seen(tagged(self.schedules.all(), tag))

    def _seen(self, kept: list[Schedule]) -> list[Schedule]:
        """Leave out what the caller may not see; one whose task can't be read is seen by those who see all."""
        if self.sees.allows_everything:
            return kept
        task_ids = {task_id for each in kept if is_guid(task_id := _task_id(each))}
        allowed = {task_id for task_id in task_ids if self.sees.allows_id(task_id)}
        if not self.sees.goes_by_ids_alone and (asked := task_ids - allowed):
            found = self.tasks().find(TaskQuery(task_ids=tuple(sorted(asked)))).by_id
            allowed |= {task.id.lower() for task in found if self.sees.allows(task)}
        return [each for each in kept if _task_id(each) in allowed]

    def runs(self, schedule_id: str, limit: int) -> list[Run]:
        return self.schedules.runs(self._kept(schedule_id), limit)

    def create(self, definition: Definition, now: datetime) -> Schedule:
        """Keep a new schedule; raises CallerError, TaskForbidden, QrsError.

        Raises OutcomeUnknown when it may have been kept; after any other error it surely was not.
        """
        self._check(definition, now)
        change = changes.created(str(uuid.uuid4()), definition, now)
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
        found = self._kept(schedule_id)
        self._check(definition, now)
        return self._change(
            schedule_id,
            "schedule_replaced",
            lambda schedule, entry: changes.edited(schedule, entry, definition, now, keeps_state=keeps_state),
            found,
            is_meant,
        )

    def activate(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> Schedule:
        return self._change(
            schedule_id, "schedule_started", lambda schedule, _: changes.activated(schedule, now), is_meant=is_meant
        )

    def stop(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> Schedule:
        return self._change(
            schedule_id,
            "schedule_stopped",
            lambda schedule, entry: changes.stopped(schedule, entry, now),
            is_meant=is_meant,
        )

    def delete(self, schedule_id: str, now: datetime, *, is_meant: IsMeant | None = None) -> None:
        schedule = self._kept(schedule_id)
        try:
            self._change(
                schedule_id,
                "schedule_deleted",
                lambda found, entry: changes.deleted(found, entry, now),
                schedule,
                is_meant,
            )
        except UnknownSchedule:
            # It was there a moment ago: our own first try, whose answer was lost, or somebody else's.
            log.info("Schedule %s was gone already", schedule.id, extra={"action": "schedule_deleted"})

    def deleted(self, limit: int) -> list[Deleted]:
        """Return the schedules that were deleted last and can be restored, the last one first."""
        kept = self.schedules.deleted()
        if not self.sees.allows_everything:
            kept = self._those_seen([*kept])
        return nlargest(limit, kept, key=lambda each: (each.at, each.schedule.id))

    def _those_seen(self, kept: Sequence[Deleted]) -> list[Deleted]:
        seen = {schedule.id for schedule in self._seen([each.schedule for each in kept])}
        return [each for each in kept if each.schedule.id in seen]

    def restore(self, schedule_id: str, now: datetime) -> Schedule:
        """Make a deleted schedule again as it was, with its id and history; raises as `create` does.

        One that is there is left as it is: an answer was lost, or somebody else was faster.
        """
        for _ in range(TRIES):
            deleted = self.schedules.one_deleted(schedule_id.lower()) if is_guid(schedule_id) else None
            if deleted is None or not self._those_seen([deleted]):
                return self.one(schedule_id)
            self._check_task(deleted.schedule.definition)
            change = changes.restored(deleted, now)
            assert change.after is not None  # noqa: S101 - it makes one
            with suppress(StorageConflict):
                self.schedules.apply(change)
                _log("schedule_restored", change.after)
                return self.one(schedule_id)
        raise StorageConflict(f"Schedule {schedule_id} was changed by others {TRIES} times in a row. Try again.")

    def activate_all(self, now: datetime, tag: str | None = None) -> list[Schedule]:
        """Activate what is stopped and can be evaluated, of one tag or all; repeating it changes nothing."""
        wanted = [_activated_if_possible(schedule, now) for schedule in self._all(tag)]
        self._write_all(wanted, lambda schedule_id: self.activate(schedule_id, now))
        return self.all(tag)

    def stop_all(self, now: datetime, tag: str | None = None) -> list[Schedule]:
        """Stop what is active, of one tag or all; repeating it changes nothing."""
        # Schedules before entries: one that moves in between fails by its ETag and is stopped alone.
        stored = self._all(tag)
        entries = by_schedule(self.schedules.entries())
        wanted = [changes.stopped(each, entry_of(each, entries[each.id]), now) for each in stored]
        self._write_all(wanted, lambda schedule_id: self.stop(schedule_id, now))
        return self.all(tag)

    def _is_kept(self, schedule_id: str) -> bool:
        try:
            return self.schedules.one(schedule_id) is not None
        except StorageError:
            return False

    def _write_all(self, wanted: Sequence[Change | None], alone: Callable[[str], Schedule]) -> None:
        for change in self.schedules.apply_many([change for change in wanted if change]):
            # One that was deleted meanwhile is no reason to leave the others.
            with suppress(CallerError):
                alone(change.before.id if change.before else "")

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
        self,
        schedule_id: str,
        action: str,
        decide: Decide,
        found: Schedule | None = None,
        is_meant: IsMeant | None = None,
    ) -> Schedule:
        """Read unless it was `found`, decide, write, and again when somebody was faster or the answer was lost.

        Raises ChangedMeanwhile when it is not meant any more; but not where a first try whose answer was lost has done
        what was to be done.
        """
        last = StorageError(f"Schedule {schedule_id} could not be changed. Try again.")
        for number in range(TRIES):
            schedule, found = found or self._kept(schedule_id), None
            entry = self.schedules.entry(schedule)
            change = decide(schedule, entry)
            if is_meant and (change or number == 0) and not is_meant(shown(schedule, entry)):
                raise ChangedMeanwhile(schedule.id)
            if change is None:
                self._record_left_out(schedule)
                return shown(schedule, entry)
            try:
                self.schedules.apply(change)
            except StorageError as error:
                last = error
                log.info("Changing %s again after: %s", schedule_id, error, extra={"action": "schedule_second_try"})
                time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))
            else:
                _log(action, change.after or schedule)
                # What can't be read stands there still, or was put right by the change.
                return self.one(schedule_id) if change.after and schedule.unreadable else change.after or schedule
        if isinstance(last, StorageConflict):
            raise StorageConflict(f"Schedule {schedule_id} was changed by others {TRIES} times in a row. Try again.")
        raise last


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


def _task_id(schedule: Schedule) -> str:
    return schedule.definition.target.task_id.lower()


def _log(action: str, schedule: Schedule) -> None:
    log.info("%s: %s", action.replace("_", " "), schedule.id, extra={"action": action, "schedule_id": schedule.id})
