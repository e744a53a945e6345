"""Reloads as Sense runs them: the state of an execution is computed from the time on demand, without timers."""

import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.qrs.settings import Settings

RESULTS_KEPT_PER_TASK = 50


class Status(IntEnum):
    """Sense's states of an execution, with their numbers."""

    NEVER_STARTED = 0
    TRIGGERED = 1
    STARTED = 2
    QUEUED = 3
    ABORT_INITIATED = 4
    ABORTING = 5
    ABORTED = 6
    FINISHED_SUCCESS = 7
    FINISHED_FAIL = 8
    SKIPPED = 9
    RETRY = 10
    ERROR = 11
    RESET = 12
    DISTRIBUTION_QUEUE = 13
    DISTRIBUTION_RUNNING = 14


@dataclass(kw_only=True, slots=True)
class Execution:
    """One run of a task: triggered, picked up by a scheduler, begun in a slot, ended."""

    id: str
    result_id: str
    task_id: str
    triggered: float
    picked_up: float
    reload_seconds: float
    fails: bool
    begin: float = 0.0
    end: float = 0.0
    outcome: Status = Status.FINISHED_SUCCESS

    def status(self, now: float) -> Status:
        """Return its state at this time."""
        if now >= self.end:
            return self.outcome
        if now < self.picked_up:
            return Status.TRIGGERED
        return Status.QUEUED if now < self.begin else Status.STARTED

    @property
    def takes_a_slot(self) -> bool:
        """Return False for an execution that was dropped from the queue."""
        return self.begin < self.end


@dataclass(kw_only=True, slots=True)
class Executions:
    """All executions of the site."""

    active: dict[str, Execution] = field(default_factory=dict)
    by_session: dict[str, Execution] = field(default_factory=dict)
    by_result: dict[str, Execution] = field(default_factory=dict)
    history: dict[str, deque[Execution]] = field(default_factory=dict)

    def start(self, task_id: str, settings: Settings, now: float) -> Execution | None:
        """Start the task; return None if it is running already."""
        running = self.active.get(task_id)
        if running is not None and running.end > now:
            return None
        execution = Execution(
            id=str(uuid.uuid4()),
            result_id=str(uuid.uuid4()),
            task_id=task_id,
            triggered=now,
            picked_up=now + settings.trigger_ms / 1000,
            reload_seconds=settings.reload_ms / 1000,
            fails=task_id in settings.failing,
        )
        _place(execution, self._ends(settings, now), settings)
        self._remember(execution)
        return execution

    def stop(self, task_id: str, settings: Settings, now: float) -> bool:
        """Abort the running execution of the task and let the queue move up; return whether there was one."""
        execution = self.active.get(task_id)
        if execution is None or execution.end <= now:
            return False
        execution.begin, execution.end = min(execution.begin, now), now
        execution.outcome = Status.ABORTED
        self._move_up(settings, now)
        return True

    def last(self, task_id: str) -> Execution | None:
        """Return the latest execution of a task, or None."""
        past = self.history.get(task_id)
        return past[-1] if past else None

    def session(self, session_id: str, now: float) -> Execution | None:
        """Return the execution of a session; Sense removes the session when the run ends."""
        execution = self.by_session.get(session_id)
        return execution if execution is not None and execution.end > now else None

    def running(self, now: float) -> list[Execution]:
        """Return the executions that have not ended."""
        return [execution for execution in self.active.values() if execution.end > now]

    def of_task(self, task_id: str) -> Iterable[Execution]:
        """Return the remembered executions of a task, oldest first."""
        return self.history.get(task_id, ())

    def all(self) -> Iterator[Execution]:
        """Yield all remembered executions."""
        yield from self.by_session.values()

    def _ends(self, settings: Settings, now: float) -> list[float]:
        # with free slots the ends do not matter: so a start stays cheap however many tasks there are
        if len(self.active) < settings.slots:
            return []
        self.active = {execution.task_id: execution for execution in self.running(now)}
        return [execution.end for execution in self.active.values()]

    def _move_up(self, settings: Settings, now: float) -> None:
        running = self.running(now)
        ends = [execution.end for execution in running if execution.begin <= now]
        for waiting in sorted((each for each in running if each.begin > now), key=lambda each: each.triggered):
            _place(waiting, ends, settings, now)
            ends.append(waiting.end)

    def _remember(self, execution: Execution) -> None:
        past = self.history.setdefault(execution.task_id, deque())
        past.append(execution)
        self.active[execution.task_id] = execution
        self.by_session[execution.id] = self.by_result[execution.result_id] = execution
        if len(past) > RESULTS_KEPT_PER_TASK:
            oldest = past.popleft()
            del self.by_session[oldest.id], self.by_result[oldest.result_id]


def _place(execution: Execution, ends: list[float], settings: Settings, now: float = 0.0) -> None:
    """Set begin and end of the execution: the first free slot, first come first served.

    `ends` includes executions that were dropped from the queue; they end before they would have begun, so nobody waits
    for them.
    """
    execution.begin = max(execution.picked_up, now)
    if len(ends) >= settings.slots:
        execution.begin = max(execution.begin, sorted(ends)[len(ends) - settings.slots])
    execution.end = execution.begin + execution.reload_seconds
    execution.outcome = Status.FINISHED_FAIL if execution.fails else Status.FINISHED_SUCCESS
    dropped = execution.triggered + settings.queue_timeout_ms / 1000
    if settings.queue_timeout_ms and execution.begin > dropped:
        execution.begin = execution.end = dropped
        execution.outcome = Status.ABORTED
