"""Run ticks in this process: real storage, a real stand-in for Sense, and a clock that the test sets."""

import uuid
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.data.tables import TableClient

from sandbox.stand_in import StandIn
from shared.core.clock import Clock
from shared.core.entry import Entry
from shared.core.runs import Run
from shared.core.schedules import Definition, Schedule
from shared.core.tasks import StartFilter
from shared.core.tick.state import Limits
from shared.qrs.tasks import TaskService
from shared.storage.account import patience
from shared.storage.agenda import Agenda
from shared.storage.history import History
from shared.storage.schedules import ScheduleStore
from shared.storage.table import Table
from shared.use_cases.manage_schedules import ManageSchedules
from shared.use_cases.tick.dependencies import Dependencies
from shared.use_cases.tick.run_tick import RunTick

CONNECTIONS = 4
TIMEOUT = timedelta(seconds=2)


@dataclass
class SetClock:
    """A clock that only moves when it sleeps or is set."""

    time: datetime
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


def new_table(connection: str) -> Table:
    """Return a table with a new name, which does not exist yet."""
    name = f"t{uuid.uuid4().hex}"
    return Table(lambda: TableClient.from_connection_string(connection, name, **patience()))


@dataclass(frozen=True, kw_only=True)
class Site:
    """A table of its own, the stand-in, and what tests ask about them."""

    table: Table
    sense: StandIn
    tasks: TaskService
    pool: Executor
    clock: SetClock
    start_filter: StartFilter = field(default_factory=StartFilter)
    catch_up: timedelta = timedelta(hours=1)
    ring: int = 1000

    @property
    def history(self) -> History:
        """Return the history of this table."""
        return History(table=self.table, ring=self.ring)

    @property
    def kept(self) -> ScheduleStore:
        """Return the stored schedules of this table."""
        return ScheduleStore(table=self.table, history=self.history)

    @property
    def manage(self) -> ManageSchedules:
        """Return the use cases of schedules on this table."""
        return ManageSchedules(schedules=self.kept, start_filter=self.start_filter, tasks=lambda: self.tasks)

    def schedule(self, cron: str, zone: str = "UTC", task_id: str | None = None) -> Schedule:
        """Create a started schedule, by default of a new task of its own, and return it."""
        task_id = task_id or self.new_task()
        definition = Definition.read(name=cron, cron=cron, zone=zone, task_id=task_id, startup_state="started")
        return self.manage.create(definition, self.clock.now())

    def new_task(self, **about: Any) -> str:
        """Add a task to Sense and return its id."""
        task_id = str(uuid.uuid4())
        known = [self.sense.ask("GET", "/task/full").json(), [{"id": task_id, "name": task_id[:8], **about}]]
        self.sense.tasks([task for group in known for task in group])
        return task_id

    def tick(self, at: datetime | None = None, clock: SetClock | None = None) -> dict[str, Any]:
        """Run a tick that begins at this time and return its log fields."""
        clock = clock or self.clock
        clock.time = at or clock.time
        return dict(RunTick(by=self.by(clock)).run())

    def by(self, clock: Clock, machine: Clock | None = None) -> Dependencies:
        """Return a tick's dependencies with this clock, and with another one for its machine, if given."""
        return Dependencies(
            agenda=Agenda(table=self.table),
            history=self.history,
            tasks=self.tasks,
            hand_over=self.pool.submit,
            clock=clock,
            machine=machine or clock,
            start_filter=self.start_filter,
            limits=Limits(connections=CONNECTIONS, timeout=TIMEOUT, catch_up=self.catch_up),
        )

    def runs(self, schedule: Schedule, limit: int = 1000) -> list[Run]:
        """Return its history, oldest first."""
        return self.kept.runs(self.now(schedule), limit)[::-1]

    def now(self, schedule: Schedule) -> Schedule:
        """Return the schedule as it is stored now."""
        return self.manage.one(schedule.id)

    def entry(self, schedule: Schedule) -> Entry:
        """Return the entry of the schedule on the agenda."""
        due = self.kept.entry(self.now(schedule))
        assert isinstance(due, Entry)
        return due

    def wait_for_claim(self, schedule: Schedule, ticking: Future[dict[str, Any]]) -> None:
        """Wait until the tick that is running has claimed the schedule's entry; one that ends before has not."""
        while self.entry(schedule).claim is None:
            assert not ticking.done(), "the tick has ended, and nobody saw its claim"

    def starts(self, schedule: Schedule) -> int:
        """Return how often Sense accepted a start of its task."""
        return sum(start["taskId"] == schedule.definition.target.task_id for start in self.sense.starts())


def at(text: str) -> datetime:
    """Return a time of 2 March 2026, a Monday, in UTC."""
    return datetime.fromisoformat(f"2026-03-02T{text}").replace(tzinfo=UTC)
