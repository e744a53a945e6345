"""Find and start Sense's tasks."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

from shared.core.errors import QrsMisplaced, QrsUnanswered, TaskNotStarted
from shared.core.tasks import Found, TaskQuery, is_guid
from shared.foreign import quotable
from shared.log import log_of
from shared.qrs import entities, filters
from shared.qrs.connection import Connection
from shared.qrs.entities import NO_EXECUTION, Entities

log = log_of(__name__)

NOT_STARTED = (
    "Sense did not start it: the task is disabled, its app is missing, no scheduler is free, or it is running already. "
    "The QMC shows which."
)
UNKNOWN_OUTCOME = "outcome unknown: {} Look at the task in the QMC before starting it again."
NO_TASKS = "The answer to a task query is no list of tasks. Check that QRS_URL names the repository service."
ODDITIES_SHOWN = 3


class TaskService:
    """The tasks of one Sense site; reads run in the threads of `pool`, a start in the thread of its caller."""

    def __init__(self, connection: Connection, pool: Executor) -> None:
        self._connection = connection
        self._pool = pool

    def find(self, what: TaskQuery) -> Found:
        """Look up all tasks of the query, in as few requests as the length of a URL allows, sent in parallel.

        The lists may hold more than was asked for: Sense ignores case when it compares text. Entities that are no tasks
        are skipped; raises QrsMisplaced if there is nothing else, and other QrsErrors.
        """
        queries = (filters.by_ids(what.task_ids), filters.by_tags(what.tags), filters.by_properties(what.properties))
        answers = list(self._query_all([query for group in queries for query in group]))
        _log_oddities(answers)
        each = iter(answers)
        by_id, by_tag, by_property = (tuple(task for _ in group for task in next(each).tasks) for group in queries)
        return Found(by_id=by_id, by_tag=by_tag, by_property=by_property)

    def ping(self) -> None:
        """Request the count of tasks, which the user must be allowed to read anyway; raises QrsError."""
        self._pool.submit(self._connection.read, "reloadtask/count", "").result()

    def start(self, task_id: str, last_look: Callable[[], None] = lambda: None) -> str:
        """Start a task and return the id of its execution.

        `last_look` is called once a connection is ready, just before the start is sent; if it raises QrsNotSent,
        nothing is sent. Raises TaskNotStarted, QrsUnanswered (it may have started) or another QrsError (it has not).
        """
        try:
            execution_id = _execution_id(self._connection.post(f"task/{task_id}/start/synchronous", last_look))
        except QrsUnanswered as error:
            raise type(error)(UNKNOWN_OUTCOME.format(error)) from None
        if execution_id.lower() == task_id.lower():
            raise QrsUnanswered(UNKNOWN_OUTCOME.format("Sense answered with the task's own id."))
        if execution_id == NO_EXECUTION:
            raise TaskNotStarted(NOT_STARTED)
        return execution_id

    def _query_all(self, queries: Sequence[str]) -> Iterable[Entities]:
        return self._pool.map(self._query, queries)

    def _query(self, query: str) -> Entities:
        answer, skew = self._connection.read("task/full", f"filter={query}")
        if not isinstance(answer, list):
            raise QrsMisplaced(NO_TASKS)
        return entities.read(answer, skew)


def _log_oddities(answers: Sequence[Entities]) -> None:
    """Log what is malformed; raises QrsMisplaced if there is no task at all: that may be no repository service."""
    oddities = [oddity for answer in answers for oddity in answer.oddities]
    if not oddities:
        return
    first = "; ".join(oddities[:ODDITIES_SHOWN])
    extra = {"action": "task_unreadable", "oddities": len(oddities)}
    log.warning("Sense's answer holds %d oddities, which are passed over: %s", len(oddities), first, extra=extra)
    if not any(answer.tasks for answer in answers):
        raise QrsMisplaced(NO_TASKS)


def _execution_id(answer: Any) -> str:
    execution_id = answer.get("value") if isinstance(answer, dict) else answer
    # A session is a GUID too: a gateway may echo it, and it would be answered, logged and stored.
    if not isinstance(execution_id, str) or not is_guid(execution_id) or quotable(execution_id) != execution_id:
        raise QrsUnanswered("Sense took the start, but answered with no execution id.")
    return execution_id
