"""An agenda, a history and Sense in memory, and a clock that moves only when it sleeps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.core.endings import Ending, following
from shared.core.entry import Entry
from shared.core.errors import StorageError
from shared.core.runs import Run
from shared.core.schedules import Schedule
from shared.core.tasks import Found, StartFilter, Task, TaskQuery
from shared.use_cases.tick.dependencies import Dependencies
from tests.unit.builders import NINE
from tests.unit.tick_builders import LIMITS


@dataclass
class FakeClock:
    """A clock; `runs` are seconds by the clock that nobody sets, where these are others."""

    time: datetime = NINE
    slept: list[float] = field(default_factory=list)
    runs: float | None = None

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp() if self.runs is None else self.runs

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeAgenda:
    """Entries by the id of their schedules. `failures` are raised by the calls to come, one each."""

    clock: FakeClock
    entries: dict[str, Entry] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    failures: dict[str, list[StorageError]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    marks: list[Mapping[str, Any]] = field(default_factory=list)
    last: list[Run] = field(default_factory=list)

    def beat(self, told: Mapping[str, Any]) -> datetime:
        self._called("beat")
        self.marks.append(told)
        return self.clock.time

    def until(self, end: datetime) -> list[Entry]:
        self._called("until")
        return sorted((due for due in self.entries.values() if due.due_at < end), key=lambda due: due.due_at)

    def claim(self, wanted: Sequence[Entry]) -> list[Entry]:
        """Let the tick have all but those of `others`."""
        self._called("claim")
        ours = [due for due in wanted if due.schedule_id not in self.others]
        self.entries.update({due.schedule_id: due for due in ours})
        return ours

    def give_back(self, returned: Sequence[Entry]) -> list[Entry]:
        self._called("give_back")
        given = [replace(due, claim=None) for due in returned if due.schedule_id in self.entries]
        self.entries.update({due.schedule_id: due for due in given})
        return given

    def advance(self, endings: Sequence[Ending]) -> list[Entry]:
        self._called("advance")
        for done in endings:
            del self.entries[done.entry.schedule_id]
        stands = [entry for done in endings if (entry := following(done))]
        self.entries.update({due.schedule_id: due for due in stands})
        return stands

    def set_last_run(self, run: Run) -> None:
        self.last.append(run)

    def schedule(self, schedule_id: str) -> Schedule | None:
        return self.schedules.get(schedule_id)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if waiting := self.failures.get(name):
            raise waiting.pop(0)


@dataclass
class FakeHistory:
    """Runs by schedule and number."""

    runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    def record(self, runs: Sequence[Run]) -> None:
        self.sizes.append(len(runs))
        self.runs.update({(run.schedule_id, run.seq): run for run in runs})

    def record_unless_known(self, run: Run) -> Run:
        return self.runs.setdefault((run.schedule_id, run.seq), run)

    def recorded(self, schedule_id: str, seq: int) -> Run | None:
        return self.runs.get((schedule_id, seq))


@dataclass
class FakeTasks:
    """Sense: a start waits for its connection, where `on_start` is called, and is accepted, where `on_accept` is."""

    known: tuple[Task, ...] = ()
    find_error: Exception | None = None
    on_start: Callable[[str], object] = lambda _: None
    on_accept: Callable[[str], object] = lambda _: None
    started: list[str] = field(default_factory=list)
    asked: list[TaskQuery] = field(default_factory=list)

    def find(self, what: TaskQuery) -> Found:
        self.asked.append(what)
        if self.find_error:
            raise self.find_error
        return Found(by_id=tuple(task for task in self.known if task.id in what.task_ids))

    def start(self, task_id: str, last_look: Callable[[], None]) -> str:
        self.on_start(task_id)
        last_look()
        self.started.append(task_id)
        self.on_accept(task_id)
        return f"execution {len(self.started)}"


@dataclass
class World:
    """What a tick works with, in memory."""

    clock: FakeClock = field(default_factory=FakeClock)
    machine: FakeClock | None = None
    start_filter: StartFilter = field(default_factory=StartFilter)
    tasks: FakeTasks = field(default_factory=FakeTasks)
    history: FakeHistory = field(default_factory=FakeHistory)
    agenda: FakeAgenda = field(init=False)
    by: Dependencies = field(init=False)

    def __post_init__(self) -> None:
        self.agenda = FakeAgenda(clock=self.clock)
        self.by = Dependencies(
            agenda=self.agenda,
            history=self.history,
            tasks=self.tasks,
            hand_over=lambda call: call(),
            clock=self.clock,
            machine=self.machine or self.clock,
            start_filter=self.start_filter,
            limits=LIMITS,
        )

    def keep(self, *entries: Entry) -> None:
        self.agenda.entries.update({due.schedule_id: due for due in entries})

    @property
    def runs(self) -> list[Run]:
        return list(self.history.runs.values())
