"""Sense's tasks: find them, start them."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.errors import QrsMisplaced, QrsUnanswered, TaskNotStarted
from shared.core.starts import Execution, Found, Property, Task, Wanted, is_guid
from shared.qrs import filters
from shared.qrs.connection import Connection

NO_EXECUTION = "00000000-0000-0000-0000-000000000000"
# How Sense writes that there is no date.
NEVER = datetime(1753, 1, 1, tzinfo=UTC)
NOT_STARTED = (
    "Sense did not start it: the task is disabled, its app is missing, no scheduler is free, or it is running already. "
    "The QMC shows which."
)
UNKNOWN_OUTCOME = "outcome unknown: {} Look at the task in the QMC before starting it again."


class Tasks:
    """Tasks of one Sense site; what is read is read in the threads of `pool`, a start in its caller's."""

    def __init__(self, connection: Connection, pool: Executor) -> None:
        self._connection = connection
        self._pool = pool

    def find(self, what: Wanted) -> Found:
        """Look up all that is wanted, as few queries as the length of a URL allows, sent in parallel.

        Raises QrsError. The lists may hold more than was wanted: Sense compares text without case.
        """
        queries = (filters.by_ids(what.task_ids), filters.by_tags(what.tags), filters.by_properties(what.properties))
        answers = iter(self._query_all([query for group in queries for query in group]))
        by_id, by_tag, by_property = (tuple(task for _ in group for task in next(answers)) for group in queries)
        return Found(by_id=by_id, by_tag=by_tag, by_property=by_property)

    def ping(self) -> None:
        """Ask for what the user must be allowed to see, and nothing else; raises QrsError."""
        self._pool.submit(self._connection.read, "reloadtask/count", "").result()

    def start(self, task_id: str, last_look: Callable[[], None] = lambda: None) -> str:
        """Start a task and return the id of its execution.

        `last_look` is called when a connection is in hand, just before the start is sent; what it raises, QrsNotSent,
        prevents that. Raises TaskNotStarted, QrsUnanswered (it may have started) or another QrsError (it has not).
        """
        try:
            execution_id = _execution_id(self._connection.order(f"task/{task_id}/start/synchronous", last_look))
        except QrsUnanswered as error:
            raise type(error)(UNKNOWN_OUTCOME.format(error)) from None
        if execution_id.lower() == task_id.lower():
            raise QrsUnanswered(UNKNOWN_OUTCOME.format("Sense answered with the task's own id."))
        if execution_id == NO_EXECUTION:
            raise TaskNotStarted(NOT_STARTED)
        return execution_id

    def _query_all(self, queries: Sequence[str]) -> Iterable[list[Task]]:
        return self._pool.map(self._query, queries)

    def _query(self, query: str) -> list[Task]:
        answer, skew = self._connection.read("task/full", f"filter={query}")
        try:
            return [_task(entity, skew) for entity in _list(answer)]
        except (TypeError, KeyError, AttributeError):
            raise QrsMisplaced(
                "The answer to a task query is no list of tasks. Check that QRS_URL names the repository service."
            ) from None


def _task(entity: dict[str, Any], skew: timedelta) -> Task:
    task_id = _text(entity["id"])
    if not is_guid(task_id):
        raise TypeError("the id becomes part of a path")
    return Task(
        id=task_id,
        name=_text(entity["name"]),
        enabled=entity.get("enabled", True) is not False,
        tags=frozenset(_text(tag["name"]) for tag in _list(entity.get("tags") or [])),
        properties=frozenset(
            Property(name=_text(pair["definition"]["name"]), value=_text(pair["value"]))
            for pair in _list(entity.get("customProperties") or [])
        ),
        last_execution=_last_execution(entity, skew),
    )


def _last_execution(entity: dict[str, Any], skew: timedelta) -> Execution | None:
    """Return None for a task that never ran, and for what makes no sense: only few callers need it."""
    try:
        result = entity["operational"]["lastExecutionResult"]
        execution_id, began = result.get("executionID"), datetime.fromisoformat(result["startTime"])
        if began <= NEVER or execution_id == NO_EXECUTION or not (execution_id is None or is_guid(execution_id)):
            return None
        return Execution(id=execution_id, began=(began - skew).astimezone(UTC))
    except (AttributeError, TypeError, KeyError, ValueError, OverflowError):
        return None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _execution_id(answer: Any) -> str:
    execution_id = answer.get("value") if isinstance(answer, dict) else answer
    if not isinstance(execution_id, str) or not is_guid(execution_id):
        raise QrsUnanswered("Sense took the start, but answered with no execution id.")
    return execution_id
