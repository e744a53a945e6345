"""Send many starts at a time, and stop when Sense no longer answers."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from shared.core.errors import QrsError, QrsNotSent, QrsUnanswered, QrsUnreachable, TaskNotStarted
from shared.core.starts import NotStarted, Outcome, Started, UnknownStart
from shared.core.tasks import Task
from shared.log import log_of

log = log_of(__name__)

NOT_SENT = "not sent: the starts before it got no usable answer. Try again when Sense is reachable."
NOT_SENT_IN_TIME = "not sent: Sense took too long with the starts before it. Ask for fewer tasks at a time."
DISABLED = "Sense did not start it: the task is disabled. Enable it in the QMC."
OWN_FAULT = (
    "outcome unknown: Footman failed while it sent the start. Look at the task in the QMC before starting again."
)


Start = Callable[[str, Callable[[], None]], str]


def start_each(
    tasks: Sequence[Task], start: Start, pool: Executor, *, give_up_after: int, deadline: float
) -> dict[str, Outcome]:
    """Start every task over the pool and return each one's outcome by its id.

    After `give_up_after` starts in a row without an answer the rest are not sent: with Sense hanging, each would take
    the whole time-out. Neither is any sent after `deadline`, by the monotonic clock.
    """
    starts = _Starts(start, give_up_after, deadline)
    return dict(zip((task.id for task in tasks), pool.map(starts.send, tasks), strict=True))


class _Starts:
    """The starts of one request."""

    def __init__(self, start: Start, give_up_after: int, deadline: float) -> None:
        self._start = start
        self._deadline = deadline
        self._give_up_after = give_up_after
        # Written by several threads without a lock: a lost update only delays giving up by one start.
        self._unanswered_in_a_row = 0

    def send(self, task: Task) -> Outcome:
        try:
            self._look()
            execution_id = self._start(task.id, self._look)
        except QrsNotSent as error:
            return NotStarted(reason=str(error))
        except QrsError as error:
            self._count(answered=not isinstance(error, QrsUnreachable | QrsUnanswered))
            is_disabled = isinstance(error, TaskNotStarted) and not task.enabled
            reason = DISABLED if is_disabled else str(error)
            is_unknown = isinstance(error, QrsUnanswered)
            return UnknownStart(reason=reason) if is_unknown else NotStarted(reason=reason)
        except Exception:
            # One start's bug must not hide from the caller what became of the others.
            log.exception("A start failed inside Footman", extra={"action": "start_crashed", "task_id": task.id})
            return UnknownStart(reason=OWN_FAULT)
        self._count(answered=True)
        return Started(execution_id=execution_id)

    def _look(self) -> None:
        """Raise QrsNotSent when a start is not to be sent any more."""
        if self._unanswered_in_a_row >= self._give_up_after:
            raise QrsNotSent(NOT_SENT)
        if time.monotonic() > self._deadline:
            raise QrsNotSent(NOT_SENT_IN_TIME)

    def _count(self, *, answered: bool) -> None:
        self._unanswered_in_a_row = 0 if answered else self._unanswered_in_a_row + 1
