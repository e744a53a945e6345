"""The books of schedules that people change: what is missing or doubled is noticed, what was on its way is not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.core.runs import Run, RunOutcome
from tests.unit.builders import HOUR, MINUTE, NINE, SECOND
from trials.faults.accounting import Audit, Seen
from trials.faults.lives import Life, Turn, audit_life

EVERY_QUARTER = "*/15 * * * *"
QUARTER = 15 * MINUTE


def a_turn(at: timedelta, cron: str | None) -> Turn:
    return Turn(sent=NINE + at, answered=NINE + at + SECOND, cron=cron)


def a_life(*turns: Turn, is_deleted: bool = False) -> Life:
    return Life(schedule_id="quarterly", task_id="task", turns=list(turns), is_deleted=is_deleted)


def a_run(number: int, due: timedelta, **changed: object) -> Run:
    usual = Run(
        schedule_id="quarterly",
        seq=number,
        due=NINE + due,
        outcome=RunOutcome.STARTED,
        started=NINE + due + SECOND,
        attempt=1,
        execution_id=f"execution {number}",
    )
    return replace(usual, **changed)  # type: ignore[arg-type]


def a_seen(number: int, at: timedelta) -> Seen:
    return Seen(execution_id=f"execution {number}", at=NINE + at)


def audited(life: Life, runs: Sequence[Run], seen: Sequence[Seen], until: datetime = NINE + HOUR - MINUTE) -> Audit:
    whole = Audit()
    audit_life(life, runs, seen, until, whole)
    return whole


MADE = a_turn(MINUTE, EVERY_QUARTER)
STOPPED = a_turn(20 * MINUTE, None)
FIRST, SECOND_ONE = a_run(0, QUARTER), a_run(1, 2 * QUARTER)
FIRST_SEEN, SECOND_SEEN = a_seen(0, QUARTER + SECOND), a_seen(1, 2 * QUARTER + SECOND)
UNKNOWN = a_run(0, QUARTER, outcome=RunOutcome.FAILED, reason="outcome unknown: …", execution_id=None)


def test_a_life_of_which_all_is_told_is_clean() -> None:
    found = audited(a_life(MADE, STOPPED), [FIRST], [FIRST_SEEN])

    assert found == Audit(started=1, latest=1.0)


@pytest.mark.parametrize("stop", [timedelta(minutes=14, seconds=59.5), timedelta(minutes=15)])
def test_an_occurrence_within_a_change_may_be_told_and_need_not(stop: timedelta) -> None:
    life = a_life(MADE, a_turn(stop, None))

    assert audited(life, [FIRST], [FIRST_SEEN]).is_clean
    assert audited(life, [], []).is_clean


def test_an_occurrence_that_no_row_tells_is_lost() -> None:
    assert audited(a_life(MADE, STOPPED), [], []).lost == 1


def test_a_row_for_a_time_when_it_was_stopped_is_wrong() -> None:
    found = audited(a_life(MADE, STOPPED), [FIRST, SECOND_ONE], [FIRST_SEEN, SECOND_SEEN])

    assert "none to be told" in found.wrong[0]


def test_what_a_row_counts_is_told() -> None:
    found = audited(a_life(MADE), [a_run(0, 3 * QUARTER, missed_count=2)], [a_seen(0, 3 * QUARTER)])

    assert (found.wrong, found.lost, found.started, found.overtaken) == ([], 0, 1, 2)


def test_a_row_that_counts_more_than_there_were_is_wrong() -> None:
    assert "counts 1 others" in audited(a_life(MADE, STOPPED), [replace(FIRST, missed_count=1)], [FIRST_SEEN]).wrong[0]


def test_a_start_that_no_row_tells_is_doubled() -> None:
    found = audited(a_life(MADE, STOPPED), [FIRST], [FIRST_SEEN, a_seen(7, QUARTER + 2 * SECOND)])

    assert found.doubled == 1


def test_a_start_of_which_a_row_says_that_nobody_knows_is_not_doubled() -> None:
    life = a_life(MADE, STOPPED)

    assert audited(life, [UNKNOWN], [FIRST_SEEN]).doubled == 0
    assert audited(life, [UNKNOWN], [FIRST_SEEN, a_seen(7, QUARTER + SECOND)]).doubled == 1


def test_a_row_that_says_started_and_was_not_is_wrong() -> None:
    assert "Sense saw no such start" in audited(a_life(MADE, STOPPED), [FIRST], []).wrong[0]


def test_what_was_under_way_when_a_schedule_was_deleted_need_not_be_told() -> None:
    life = a_life(MADE, a_turn(QUARTER + 10 * SECOND, None), is_deleted=True)

    assert audited(life, [], []).is_clean
    assert audited(life, [], [FIRST_SEEN]).is_clean
    assert audited(life, [FIRST], [FIRST_SEEN]).is_clean
