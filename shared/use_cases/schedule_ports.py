"""What the use cases of schedules ask of the rooms around them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from shared.core.audit import AuditRecord
from shared.core.runs import Run
from shared.core.schedules import Change, Deleted, Schedule
from shared.core.tasks import Found, TaskQuery
from shared.core.unreadable import AnyEntry


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

    def is_recorded(self, record: AuditRecord) -> bool:
        """Return whether the change of that record was written."""

    def record_left_out(self, schedule: Schedule) -> None:
        """Write into history what changes have left out."""

    def apply_many(self, changes: Sequence[Change]) -> list[Change]:
        """Write changes and return those of which it is not sure."""


class Tasks(Protocol):
    """Sense's tasks."""

    def find(self, what: TaskQuery) -> Found:
        """Look tasks up; raises QrsError."""
