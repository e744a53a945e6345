"""What a tick needs of the world."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from shared.core.endings import Ending
from shared.core.entry import Entry
from shared.core.runs import Run
from shared.core.schedules import Schedule
from shared.core.tasks import Found, TaskQuery


class Agenda(Protocol):
    """The entries of all started schedules; every call may raise StorageError."""

    def beat(self, values: Mapping[str, Any]) -> datetime:
        """Write down how the tick goes and return the time by storage's clock, in whole seconds."""

    def until(self, end: datetime) -> list[Entry]:
        """Return the entries before `end`, in the order of time."""

    def claim(self, wanted: Sequence[Entry]) -> list[Entry]:
        """Store claims, at most 100, and return those that are ours now."""

    def give_back(self, returned: Sequence[Entry]) -> list[Entry]:
        """Store entries without their claims and return them; one that somebody took away meanwhile is left out."""

    def advance(self, endings: Sequence[Ending]) -> list[Entry]:
        """Put the next entry in the place of each, and return those that stand there now."""

    def set_last_run(self, run: Run) -> None:
        """Let its schedule show a run as the last one, unless it shows a newer one already."""

    def schedule(self, schedule_id: str) -> Schedule | None:
        """Return the schedule of that id, None where there is none or it can't be read."""


class History(Protocol):
    """What became of occurrences; every call may raise StorageError."""

    def record(self, runs: Sequence[Run]) -> None:
        """Write runs, at most one of a schedule; writing one again does no harm."""

    def record_unless_known(self, run: Run) -> Run:
        """Write a run that others may know better, and return the one that stands: theirs, unless they only guess."""

    def recorded(self, schedule_id: str, seq: int) -> Run | None:
        """Return the run of this number if it was recorded."""


class Tasks(Protocol):
    """Sense's tasks; every call may raise QrsError."""

    def find(self, what: TaskQuery) -> Found:
        """Look tasks up."""

    def start(self, task_id: str, last_look: Callable[[], None]) -> str:
        """Start a task and return the id of its execution.

        Calls `last_look`, which may raise QrsNotSent, when a connection is in hand.
        """
