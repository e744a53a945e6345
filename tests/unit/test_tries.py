from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.core.entry import Entry
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
from shared.core.runs import Run, RunOutcome
from shared.core.tries import Tried, Try, given_back, not_given_back, postponed, run_of, unasked, untried
from tests.saying import saying
from tests.unit.builders import (
    ELEVEN,
    EXECUTION,
    HOUR,
    NINE,
    NOON,
    SECOND,
    TEN,
    a_claim,
    a_due,
    a_run,
    a_tried_due,
)

SENT = ELEVEN + SECOND
# What is certain not to have reached Sense, or not to have been obeyed; only an unanswered start may be under way.
CERTAIN = [QrsUnreachable, QrsUntrusted, QrsNoSession, QrsDenied, QrsBusy, QrsMisplaced]
UNCERTAIN = [QrsUnanswered, QrsTimedOut]


def a_tried(**changes: Any) -> Tried:
    """Return the second try of the entry, for eleven o'clock; it was not sent."""
    return replace(Tried(of=Try(entry=a_tried_due(), occurrence=ELEVEN), at=SENT), **changes)


class TestRunOf:
    def test_an_execution_is_a_start(self) -> None:
        assert run_of(a_tried(execution_id=EXECUTION)) == a_run(due=ELEVEN, started=SENT, attempt=2)

    def test_the_run_is_of_the_occurrence_tried_and_not_of_an_earlier_one_on_record(self) -> None:
        tried = a_tried(of=Try(entry=a_tried_due(), occurrence=NOON), execution_id=EXECUTION)

        assert run_of(tried) == a_run(due=NOON, started=SENT, attempt=2)

    @pytest.mark.parametrize(
        ("error", "outcome", "reason"),
        [
            (TaskNotStarted("It is disabled."), RunOutcome.NOT_STARTED, "It is disabled."),
            (QrsRefused("404: no such task."), RunOutcome.FAILED, "404: no such task."),
            (
                ZeroDivisionError("key=secret"),
                RunOutcome.UNKNOWN,
                "Footman failed while it sent the start, whose outcome is unknown; its log tells why.",
            ),
        ],
    )
    def test_what_another_try_can_not_mend_is_told(self, error: Exception, outcome: RunOutcome, reason: str) -> None:
        run = run_of(a_tried(error=error))

        assert run == a_run(due=ELEVEN, outcome=outcome, started=None, attempt=2, reason=reason, execution_id=None)

    @pytest.mark.parametrize("error", [None, *(kind("x") for kind in CERTAIN + UNCERTAIN)])
    def test_anything_else_may_pass(self, error: Exception | None) -> None:
        assert run_of(a_tried(error=error)) is None


@pytest.mark.parametrize(
    ("changes", "was_sent", "is_out_of_reach"),
    [
        ({}, False, False),
        ({"execution_id": EXECUTION}, True, False),
        ({"error": QrsUnreachable("x")}, True, True),
        ({"error": QrsUntrusted("x")}, True, True),
        ({"error": QrsTimedOut("x")}, True, True),
        ({"error": QrsBusy("x")}, True, False),
        ({"error": QrsDenied("x")}, True, False),
        ({"error": TaskNotStarted("x")}, True, False),
        ({"error": ZeroDivisionError("x")}, True, False),
    ],
)
def test_only_silence_means_that_sense_is_out_of_reach(
    changes: dict[str, Any], *, was_sent: bool, is_out_of_reach: bool
) -> None:
    tried = a_tried(**changes)

    assert (tried.was_sent, tried.is_out_of_reach) == (was_sent, is_out_of_reach)


class TestGivenBack:
    @pytest.mark.parametrize("kind", CERTAIN)
    def test_after_a_try_that_failed_for_sure_nothing_is_in_doubt(self, kind: type[Exception]) -> None:
        due = given_back(a_tried(error=kind("No connection.")), NOON)

        assert due == a_tried_due(tried_since=None, not_before=NOON, last_error="No connection.")

    @pytest.mark.parametrize("kind", UNCERTAIN)
    def test_after_one_without_an_answer_the_doubt_begins_when_it_was_sent(self, kind: type[Exception]) -> None:
        due = given_back(a_tried(error=kind("No answer.")), NOON)

        assert due == a_tried_due(tried_since=SENT, not_before=NOON, last_error="No answer.")

    def test_the_occurrence_last_tried_goes_on_record(self) -> None:
        tried = a_tried(of=Try(entry=a_tried_due(), occurrence=NOON), error=QrsTimedOut("No answer."))

        assert given_back(tried, NOON).tries.occurrence == NOON

    def test_what_was_not_sent_is_no_attempt_and_may_be_claimed_at_once(self) -> None:
        first = a_tried_due(attempt=1, occurrence=NINE, tried_since=NINE)
        due = given_back(a_tried(of=Try(entry=first, occurrence=NINE)), TEN)

        assert (due.claim, due.tries.attempt, due.tries.tried_since, due.tries.not_before) == (
            first.claim,
            0,
            None,
            None,
        )

    def test_what_was_not_sent_keeps_what_an_earlier_try_came_to(self) -> None:
        earlier = a_tried_due(attempt=3, not_before=TEN, last_error="No connection.")
        due = given_back(a_tried(of=Try(entry=earlier, occurrence=ELEVEN)), NOON)

        assert (due.tries.attempt, due.tries.not_before, due.tries.last_error) == (2, TEN, "No connection.")


def test_what_sense_can_not_be_asked_about_waits_as_it_was_found() -> None:
    found, due = a_tried_due(claim=None), a_tried_due(claim=a_claim(), attempt=3, etag="due 2")
    waiting = unasked(found, due, "No connection.")

    assert waiting == a_tried_due(claim=a_claim(), etag="due 2", last_error="No connection.")
    assert postponed(waiting, NOON) == saying(waiting, not_before=NOON)


def test_what_did_not_reach_sense_is_free_for_another_try_as_it_was_found() -> None:
    found, due = a_tried_due(claim=None, last_error="x"), a_tried_due(claim=a_claim(), attempt=3, etag="due 2")

    assert untried(found, due) == saying(due, attempt=2, tried_since=None, last_error="x")


class TestNotGivenBack:
    @pytest.mark.parametrize(
        ("changes", "due", "missed_count"),
        [
            ({"occurrence": NINE}, NINE, 0),
            ({"occurrence": ELEVEN}, ELEVEN, 2),
            ({"occurrence": NINE + 200 * HOUR}, NINE + 200 * HOUR, 100),
            ({"occurrence": None}, NINE, 0),
            ({"occurrence": ELEVEN, "cron": "61 * * * *"}, ELEVEN, 1),
        ],
    )
    def test_what_somebody_took_away_while_it_was_tried_is_told_with_all_that_it_overtook(
        self, changes: dict[str, Any], due: datetime, missed_count: int
    ) -> None:
        returned = a_due(attempt=2, not_before=NOON, last_error="No connection.", **changes)

        assert not_given_back(returned) == Run(
            schedule_id=returned.schedule_id,
            seq=7,
            due=due,
            outcome=RunOutcome.FAILED,
            attempt=2,
            reason="No connection. It is not tried again: the schedule was changed meanwhile.",
            missed_count=missed_count,
        )

    @pytest.mark.parametrize("returned", [a_due(), a_tried_due(claim=None)])
    def test_of_what_was_never_tried_there_is_nothing_to_tell(self, returned: Entry) -> None:
        assert not_given_back(returned) is None
