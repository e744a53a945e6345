"""Start the tasks that a request names: store its key-values, look the tasks up, decide, start, report."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, Self

from shared.core.audit_starts import ended, of_start, told_tasks
from shared.core.callers import UNKNOWN_ORIGIN, Caller, Origin
from shared.core.errors import FootmanError
from shared.core.key_values import KeyValue
from shared.core.start_plan import plan, screen
from shared.core.starts import Outcome, StartReport, StartRequest, UnknownStart
from shared.core.tasks import Found, StartFilter, Task, TaskQuery
from shared.log import log_of
from shared.use_cases.audit_trail import AuditTrail, Begun
from shared.use_cases.start_each import OWN_FAULT, start_each
from shared.use_cases.tell_audit import tell, tell_start

log = log_of(__name__)

# Azure's front end cuts a request off after 230 s; the last start sent may take its time-out of up to 40.
SECONDS_TO_SEND = 180.0
# Application Insights cuts a line at 32,768 characters.
IDS_LOGGED = 100


class Tasks(Protocol):
    """Sense's tasks, as this use case needs them."""

    def find(self, what: TaskQuery) -> Found:
        """Look tasks up; raises QrsError."""

    def start(self, task_id: str, last_look: Callable[[], None]) -> str:
        """Start a task and return the id of its execution; raises QrsError.

        Calls `last_look`, which may raise QrsNotSent, when a connection is in hand.
        """


class KeyValues(Protocol):
    """Where a reload script finds its parameters."""

    def store(self, pairs: Sequence[KeyValue], now: datetime) -> None:
        """Keep the pairs, replacing older ones of the same key; raises StorageError, CallerError."""


@dataclass(frozen=True, kw_only=True)
class StartTasks:
    """The use case with the outside world it needs; `connections` is how many starts are sent at a time.

    A start alone goes over `lone`, several over `bulk`, which gives way to all else.
    Key-values are asked for only when there are any; without them a start goes on when storage is away.
    """

    start_filter: StartFilter
    tasks: Tasks
    key_values: Callable[[], KeyValues]
    lone: Executor
    bulk: Executor
    connections: int
    audit: AuditTrail
    origin: Origin = UNKNOWN_ORIGIN

    def asked_by(self, caller: Caller) -> Self:
        """Return the use case for the tasks that this caller may start, whose audit tells of this request."""
        return replace(self, start_filter=self.start_filter.narrowed(caller.tasks), origin=caller.origin)

    def run(self, request: StartRequest, now: datetime) -> StartReport:
        """Start what the request names and report what became of each task.

        Raises QrsError when the look-up fails, StorageError when its key-values can't be kept: then nothing was
        started. A start that fails is an outcome, not an error. Key-values are stored first, for the started reload
        reads them.
        """
        record = of_start(request, self.origin, record_id=str(uuid.uuid4()), at=now)
        # Beside the look-up, which takes longer.
        begun = self.audit.begin([record])
        try:
            report = self._run(request, now, begun)
        except Exception as error:
            reason = str(error) if isinstance(error, FootmanError) else OWN_FAULT
            failed = replace(record, outcome=f"failed: {reason}")
            self.audit.end([failed])
            tell(failed, stored=begun.is_stored())
            raise
        _log(report)
        tasks = told_tasks(report)
        done = ended(record, tasks)
        self.audit.end([done])
        tell_start(done, tasks, stored=begun.is_stored())
        return report

    def _run(self, request: StartRequest, now: datetime, begun: Begun) -> StartReport:
        deadline = time.monotonic() + SECONDS_TO_SEND
        if request.key_values:
            self.key_values().store(request.key_values, now)
        screened = screen(request, self.start_filter)
        found = self.tasks.find(screened.wanted) if screened.wanted != TaskQuery() else Found()
        decided = plan(screened, found)
        # Nothing is sent before it stands somewhere who asked for it; where storage is away, the log will tell it.
        begun.is_stored()
        return StartReport(plan=decided, outcomes=self._outcomes(decided.tasks, deadline))

    def _outcomes(self, tasks: Sequence[Task], deadline: float) -> Mapping[str, Outcome]:
        pool = self.lone if len(tasks) == 1 else self.bulk
        try:
            return start_each(tasks, self.tasks.start, pool, give_up_after=self.connections, deadline=deadline)
        except Exception:
            # Some may have been sent. An error would be answered with a 500, which clients repeat by themselves.
            log.exception("Starting failed inside Footman", extra={"action": "start_crashed"})
            return {task.id: UnknownStart(reason=OWN_FAULT) for task in tasks}


def _log(report: StartReport) -> None:
    started = [task.id for task in report.plan.tasks if report.execution_id(task)]
    if started:
        extra = {"action": "tasks_started", "started": len(started), "task_ids": started[:IDS_LOGGED]}
        log.info("Started %d tasks", len(started), extra=extra)
    for task, failure in report.failures:
        extra = {"action": "task_not_started", "task_id": task.id, "reason": failure.reason}
        log.warning("Task %s was not started: %s", task.id, failure.reason, extra=extra)
