"""Read schedules, as far as the caller may see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import Self

from shared.core.callers import UNKNOWN_ORIGIN, Caller, Origin
from shared.core.errors import UnknownSchedule
from shared.core.listing import by_schedule, entry_of, shown, tagged
from shared.core.runs import Run
from shared.core.schedules import Deleted, Schedule, State
from shared.core.tasks import EVERYTHING, StartFilter, TaskQuery, is_guid
from shared.use_cases.schedule_ports import Schedules, Tasks


@dataclass(frozen=True, kw_only=True)
class ReadSchedules:
    """The use cases; each raises StorageError when storage can't be reached.

    Whose task `sees` doesn't allow is not there for the caller: neither in a list nor by its id. To know the tags and
    properties of tasks Sense is asked, so whoever sees tasks by these gets QrsError when it can't be.
    """

    schedules: Schedules
    start_filter: StartFilter
    tasks: Callable[[], Tasks]
    sees: StartFilter = EVERYTHING
    origin: Origin = UNKNOWN_ORIGIN

    def asked_by(self, caller: Caller) -> Self:
        """Return the use cases as this caller has them, whose changes tell of this request."""
        tasks = caller.tasks
        return replace(self, sees=tasks, start_filter=self.start_filter.narrowed(tasks), origin=caller.origin)

    def all(self, tag: str | None = None) -> list[Schedule]:
        """Return every schedule, or those of a tag, oldest first."""
        kept = self.all_seen(tag)
        if not any(schedule.state is State.ACTIVE for schedule in kept):
            return [shown(schedule, None) for schedule in kept]
        entries = by_schedule(self.schedules.entries())
        return [shown(schedule, entry_of(schedule, entries[schedule.id])) for schedule in kept]

    def one(self, schedule_id: str) -> Schedule:
        """Return a schedule; raises UnknownSchedule."""
        found = self.kept(schedule_id)
        return shown(found, self.schedules.entry(found))

    def kept(self, schedule_id: str) -> Schedule:
        """Return a schedule as it is stored; raises UnknownSchedule."""
        # What is no GUID was never given to a schedule, and has no business in a key.
        found = self.schedules.one(schedule_id.lower()) if is_guid(schedule_id) else None
        if found is None or not self.seen([found]):
            raise UnknownSchedule(schedule_id)
        return found

    def all_seen(self, tag: str | None) -> list[Schedule]:
        """Return the schedules as they are stored, of one tag or all, oldest first."""
        return self.seen(tagged(self.schedules.all(), tag))

    def seen(self, kept: list[Schedule]) -> list[Schedule]:
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
        return self.schedules.runs(self.kept(schedule_id), limit)

    def deleted(self, limit: int) -> list[Deleted]:
        """Return the schedules that were deleted last and can be restored, the last one first."""
        kept = self.schedules.deleted()
        if not self.sees.allows_everything:
            kept = self.those_seen([*kept])
        return nlargest(limit, kept, key=lambda each: (each.at, each.schedule.id))

    def those_seen(self, kept: Sequence[Deleted]) -> list[Deleted]:
        """Leave out what the caller may not see."""
        seen = {schedule.id for schedule in self.seen([each.schedule for each in kept])}
        return [each for each in kept if each.schedule.id in seen]


def _task_id(schedule: Schedule) -> str:
    return schedule.definition.target.task_id.lower()
