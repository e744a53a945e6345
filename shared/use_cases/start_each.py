"""Send many starts at a time, and stop when Sense no longer answers."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from shared.core.errors import QrsError, QrsUnanswered, QrsUnreachable, TaskNotStarted
from shared.core.starts import NotStarted, Outcome, Started, Task

log = logging.getLogger(__name__)

NOT_SENT = "not sent: Sense answered none of the starts before it. Try again when Sense is reachable."
DISABLED = "Sense did not start it: the task is disabled. Enable it in the QMC."
OWN_FAULT = (
    "outcome unknown: Footman failed while it sent the start. Look at the task in the QMC before starting again."
)


def start_each(
    tasks: Sequence[Task], start: Callable[[str], str], pool: Executor, *, give_up_after: int
) -> dict[str, Outcome]:
    """Start every task over the pool and return each one's outcome by its id.

    After `give_up_after` starts in a row without an answer the rest are not sent: with Sense hanging, each would take
    the whole time-out, and the platform cuts a request off after 230 s.
    """
    starts = _Starts(start, give_up_after)
    if len(tasks) == 1:
        # A lone start must not wait behind another caller's hundred in the pool.
        return {tasks[0].id: starts.send(tasks[0])}
    return dict(zip((task.id for task in tasks), pool.map(starts.send, tasks), strict=True))


class _Starts:
    """The starts of one request."""

    def __init__(self, start: Callable[[str], str], give_up_after: int) -> None:
        self._start = start
        self._give_up_after = give_up_after
        # Written by several threads without a lock: a lost update only delays giving up by one start.
        self._unanswered_in_a_row = 0

    def send(self, task: Task) -> Outcome:
        if self._unanswered_in_a_row >= self._give_up_after:
            return NotStarted(reason=NOT_SENT)
        try:
            execution_id = self._start(task.id)
        except (QrsUnreachable, QrsUnanswered) as error:
            self._unanswered_in_a_row += 1
            return NotStarted(reason=str(error))
        except TaskNotStarted as error:
            self._unanswered_in_a_row = 0
            return NotStarted(reason=str(error) if task.enabled else DISABLED)
        except QrsError as error:
            self._unanswered_in_a_row = 0
            return NotStarted(reason=str(error))
        except Exception:
            # One start's bug must not hide from the caller what became of the others.
            log.exception("A start failed inside Footman", extra={"action": "start_crashed", "task_id": task.id})
            return NotStarted(reason=OWN_FAULT)
        self._unanswered_in_a_row = 0
        return Started(execution_id=execution_id)
