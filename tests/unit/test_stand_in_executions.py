import pytest

from sandbox.qrs.executions import RESULTS_KEPT_PER_TASK, Execution, Executions, Status
from sandbox.qrs.settings import Settings, merged

NINE = 1_700_000_000.0
A_MINUTE = Settings(reload_ms=60_000)
ONE_SLOT = Settings(reload_ms=60_000, slots=1)


def started(executions: Executions, task: str, settings: Settings, now: float = NINE) -> Execution:
    execution = executions.start(task, settings, now)
    assert execution is not None
    return execution


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, Status.TRIGGERED), (1.9, Status.TRIGGERED), (2, Status.STARTED), (61.9, Status.STARTED)],
)
def test_it_walks_from_triggered_to_started(seconds: float, status: Status) -> None:
    execution = started(Executions(), "a", Settings(trigger_ms=2000, reload_ms=60_000))

    assert execution.status(NINE + seconds) is status
    assert execution.status(NINE + 62) is Status.FINISHED_SUCCESS


def test_it_fails_the_tasks_that_are_to_fail() -> None:
    execution = started(Executions(), "a", Settings(reload_ms=60_000, failing=["a"]))

    assert execution.status(NINE + 60) is Status.FINISHED_FAIL


def test_it_does_not_start_what_runs() -> None:
    executions = Executions()
    started(executions, "a", A_MINUTE)

    assert executions.start("a", A_MINUTE, NINE + 59.9) is None
    assert executions.start("a", A_MINUTE, NINE + 60) is not None


def test_without_a_duration_it_can_be_started_again_at_once() -> None:
    executions = Executions()

    assert started(executions, "a", Settings()).id != started(executions, "a", Settings()).id


def test_it_queues_what_finds_no_slot_first_come_first_served() -> None:
    executions = Executions()
    first, second, third = (started(executions, task, ONE_SLOT, NINE + at) for at, task in enumerate("abc"))

    assert [each.status(NINE + 10) for each in (first, second, third)] == [
        Status.STARTED,
        Status.QUEUED,
        Status.QUEUED,
    ]
    assert [(each.begin - NINE, each.end - NINE) for each in (first, second, third)] == [(0, 60), (60, 120), (120, 180)]


def test_two_slots_run_two_at_a_time() -> None:
    executions = Executions()
    begins = [started(executions, task, Settings(reload_ms=60_000, slots=2)).begin - NINE for task in "abcde"]

    assert begins == [0, 0, 60, 60, 120]


def test_a_stop_aborts_and_the_queue_moves_up() -> None:
    executions = Executions()
    first, second, third = (started(executions, task, ONE_SLOT) for task in "abc")

    assert executions.stop("a", ONE_SLOT, NINE + 10)

    assert first.status(NINE + 10) is Status.ABORTED
    assert second.status(NINE + 10) is Status.STARTED
    assert (third.begin - NINE, third.end - NINE) == (70, 130)


def test_a_stop_of_what_does_not_run_does_nothing() -> None:
    assert not Executions().stop("a", A_MINUTE, NINE)


def test_what_waits_too_long_is_dropped() -> None:
    executions = Executions()
    impatient = merged(ONE_SLOT, {"queueTimeoutMs": 30_000})
    first, second = (started(executions, task, impatient) for task in "ab")

    assert second.status(NINE + 29) is Status.QUEUED
    assert second.status(NINE + 30) is Status.ABORTED
    assert first.status(NINE + 60) is Status.FINISHED_SUCCESS
    assert started(executions, "c", impatient, NINE + 31).begin == NINE + 60


def test_a_stop_saves_what_would_have_been_dropped() -> None:
    executions = Executions()
    impatient = merged(ONE_SLOT, {"queueTimeoutMs": 30_000})
    _, second = (started(executions, task, impatient) for task in "ab")

    executions.stop("a", impatient, NINE + 20)

    assert second.status(NINE + 80) is Status.FINISHED_SUCCESS


def test_its_session_is_gone_at_the_end_and_its_result_stays() -> None:
    executions = Executions()
    execution = started(executions, "a", A_MINUTE)

    assert executions.session(execution.id, NINE + 59) is execution
    assert executions.session(execution.id, NINE + 60) is None
    assert executions.by_result[execution.result_id] is execution


def test_it_keeps_the_newest_results_of_a_task() -> None:
    executions = Executions()
    first = started(executions, "a", Settings())
    newest = [started(executions, "a", Settings()) for _ in range(RESULTS_KEPT_PER_TASK)][-1]

    assert len(list(executions.all())) == len(executions.by_result) == RESULTS_KEPT_PER_TASK
    assert first.id not in executions.by_session
    assert executions.last("a") is newest
