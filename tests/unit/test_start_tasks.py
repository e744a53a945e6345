from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.core.audit import AuditRecord
from shared.core.starts import StartRequest, UnknownStart
from shared.core.tasks import Found, StartFilter, Task, TaskQuery
from shared.use_cases.audit_trail import AuditTrail
from shared.use_cases.start_each import OWN_FAULT
from shared.use_cases.start_tasks import StartTasks

NOW = datetime(2026, 11, 25, tzinfo=UTC)
IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(3)]


class Site:
    """A Sense that has the tasks, and notes which it started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def find(self, what: TaskQuery) -> Found:
        return Found(by_id=tuple(Task(id=task_id, name="A") for task_id in what.task_ids))

    def start(self, task_id: str, last_look: Callable[[], None]) -> str:
        last_look()
        self.started.append(task_id)
        return task_id


class Exhausted(Executor):
    """A pool that the machine gives no more threads, after the first."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._left = 1

    def submit(self, *work: Any, **named: Any) -> Future[Any]:
        if not self._left:
            raise RuntimeError("can't start new thread")
        self._left -= 1
        return self._pool.submit(*work, **named)

    def shutdown(self, *how: Any, **named: Any) -> None:
        self._pool.shutdown(*how, **named)


def no_key_values() -> Any:
    raise AssertionError("no pair was given")


class Notes:
    """Where nothing is kept."""

    def insert(self, records: Sequence[AuditRecord]) -> None:
        pass

    put = insert


def test_a_bug_in_the_midst_of_starting_is_an_unknown_outcome_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    with Exhausted() as pool:
        start_tasks = StartTasks(
            start_filter=StartFilter(),
            tasks=site,
            key_values=no_key_values,
            lone=pool,
            bulk=pool,
            connections=2,
            audit=AuditTrail(Notes),
        )
        report = start_tasks.run(StartRequest(task_ids=tuple(IDS)), NOW)

    assert site.started == IDS[:1]
    assert set(report.outcomes.values()) == {UnknownStart(reason=OWN_FAULT)}
    assert not report.nothing_started
    assert "can't start new thread" in caplog.text
