import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.core.errors import (
    QrsBusy,
    QrsDenied,
    QrsMisplaced,
    QrsNoSession,
    QrsRefused,
    QrsTimedOut,
    QrsUnanswered,
    QrsUnreachable,
    QrsUntrusted,
    TaskNotStarted,
)
from shared.core.starts import NotStarted, Outcome, Started, UnknownStart
from shared.core.tasks import Task
from shared.use_cases.start_each import DISABLED, NOT_SENT, NOT_SENT_IN_TIME, OWN_FAULT, Start, start_each


def some_tasks(count: int, *, enabled: bool = True) -> list[Task]:
    return [Task(id=f"task {number}", name="A", enabled=enabled) for number in range(count)]


def run(tasks: list[Task], start: Start, deadline: float = math.inf) -> list[Outcome]:
    """Start over a single thread, so that the order is that of the list."""
    with ThreadPoolExecutor(1) as pool:
        outcomes = start_each(tasks, start, pool, give_up_after=2, deadline=deadline)
    return [outcomes[task.id] for task in tasks]


def failing(*errors: Exception | None) -> Start:
    """Fail the first starts with these errors, None for a start that succeeds; all later ones succeed."""
    left = list(errors)

    def start(task_id: str, _: Callable[[], None]) -> str:
        error = left.pop(0) if left else None
        if error:
            raise error
        return f"execution of {task_id}"

    return start


def test_each_task_has_its_execution() -> None:
    assert run(some_tasks(3), failing()) == [Started(execution_id=f"execution of task {number}") for number in range(3)]


def test_no_task_is_no_work() -> None:
    assert run([], failing()) == []


@pytest.mark.parametrize(
    ("error", "may_have_started"),
    [
        (QrsUnreachable("x"), False),
        (QrsUntrusted("x"), False),
        (QrsNoSession("x"), False),
        (QrsUnanswered("x"), True),
        (QrsTimedOut("x"), True),
        (QrsDenied("x"), False),
        (QrsBusy("x"), False),
        (QrsMisplaced("x"), False),
        (QrsRefused("x"), False),
        (TaskNotStarted("x"), False),
    ],
)
def test_a_failed_start_is_an_outcome_and_the_next_is_sent(error: Exception, *, may_have_started: bool) -> None:
    assert run(some_tasks(2), failing(error)) == [
        (UnknownStart if may_have_started else NotStarted)(reason="x"),
        Started(execution_id="execution of task 1"),
    ]


def test_a_disabled_task_that_did_not_start_is_told_as_such() -> None:
    assert run(some_tasks(1, enabled=False), failing(TaskNotStarted("x"))) == [NotStarted(reason=DISABLED)]


@pytest.mark.parametrize("error", [QrsUnreachable("x"), QrsTimedOut("x")])
def test_after_so_many_in_a_row_without_an_answer_the_rest_is_not_sent(error: Exception) -> None:
    reasons = [
        outcome.reason for outcome in run(some_tasks(5), failing(*[error] * 5)) if not isinstance(outcome, Started)
    ]

    assert reasons == ["x", "x", NOT_SENT, NOT_SENT, NOT_SENT]


@pytest.mark.parametrize("answered", [None, TaskNotStarted("no"), QrsBusy("no")])
def test_an_answer_of_any_kind_begins_the_count_again(answered: Exception | None) -> None:
    outcomes = run(some_tasks(5), failing(QrsUnreachable("x"), answered, QrsUnreachable("x"), answered))

    assert NotStarted(reason=NOT_SENT) not in outcomes
    assert outcomes[4] == Started(execution_id="execution of task 4")


def test_after_the_deadline_none_is_sent() -> None:
    assert run(some_tasks(2), failing(), deadline=time.monotonic()) == [NotStarted(reason=NOT_SENT_IN_TIME)] * 2


def test_a_start_that_waited_until_after_the_deadline_for_its_connection_is_not_sent() -> None:
    sent: list[str] = []

    def start(task_id: str, last_look: Callable[[], None]) -> str:
        time.sleep(0.05)
        last_look()
        sent.append(task_id)
        return "execution"

    assert run(some_tasks(1), start, deadline=time.monotonic() + 0.02) == [NotStarted(reason=NOT_SENT_IN_TIME)]
    assert sent == []


def test_a_bug_in_one_start_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    assert run(some_tasks(2), failing(KeyError("bug"))) == [
        UnknownStart(reason=OWN_FAULT),
        Started(execution_id="execution of task 1"),
    ]
    assert "KeyError: 'bug'" in caplog.text
