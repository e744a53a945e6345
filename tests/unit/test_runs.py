from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.core.endings import Ending, Trouble, broken, denied, ended, following, missed, next_seq
from shared.core.entry import Claim, Entry
from shared.core.left_out import left_out
from shared.core.runs import OUTCOME_WORDS, Run, RunOutcome
from tests.unit.builders import (
    DAILY,
    DAY,
    ELEVEN,
    EVERY_SECOND,
    HOUR,
    JUST_BEFORE_NINE,
    MILLISECOND,
    MINUTE,
    NEVER_DUE,
    NINE,
    NOON,
    SCHEDULE,
    SECOND,
    TEN,
    a_claim,
    a_due,
    a_run,
    a_tried_due,
)

STOPPED = "The schedule was stopped"


def a_missed_run(**changes: Any) -> Run:
    return replace(
        Run(
            schedule_id=SCHEDULE,
            seq=7,
            due=NINE,
            outcome=RunOutcome.MISSED,
            reason="The schedule was stopped before it was started.",
        ),
        **changes,
    )


def test_what_is_stored_and_answered_of_a_run_is_the_same_word_in_every_release() -> None:
    assert OUTCOME_WORDS == ("started", "notStarted", "failed", "missed", "denied")


class TestRuns:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({}, "Not started within SCHEDULE_CATCH_UP_SECONDS. Nothing started it in time."),
            (
                {"attempt": 1, "tried_since": TEN + SECOND},
                (
                    "Not started within SCHEDULE_CATCH_UP_SECONDS. A tick was about to start it at "
                    "2026-11-23T10:00:01Z and left no word of what came of it."
                ),
            ),
            (
                {"attempt": 3, "last_error": "No connection."},
                "Not started within SCHEDULE_CATCH_UP_SECONDS. The last try: No connection.",
            ),
        ],
    )
    def test_a_missed_occurrence_says_why(self, changes: dict[str, Any], reason: str) -> None:
        run = missed(a_due(**changes), TEN)

        assert run == Run(
            schedule_id=SCHEDULE,
            seq=7,
            due=TEN,
            outcome=RunOutcome.MISSED,
            attempt=changes.get("attempt", 0),
            reason=reason,
        )
        assert run.late_seconds is None

    def test_a_missed_one_tells_what_held_up_its_tick_unless_its_own_try_tells_more(self) -> None:
        away = Trouble(minute=TEN, earliest=TEN, text="Table storage gave no answer.")
        reasons = [
            missed(due, TEN, away).reason or "" for due in (a_due(), a_due(attempt=1, last_error="No connection."))
        ]

        assert [reason.removeprefix("Not started within SCHEDULE_CATCH_UP_SECONDS. ") for reason in reasons] == [
            "The tick of 2026-11-23T10:00:00Z was held up: Table storage gave no answer.",
            "The last try: No connection.",
        ]

    @pytest.mark.parametrize(
        ("occurrence", "expected"),
        [(NINE - SECOND, False), (NINE, True), (TEN + 59 * SECOND, True), (TEN + MINUTE, False)],
    )
    def test_a_trouble_holds_up_what_its_tick_would_have_started(self, occurrence: datetime, expected: object) -> None:
        assert Trouble(minute=TEN, earliest=NINE, text="").held_up(occurrence) is expected

    def test_a_denied_one_names_the_filter(self) -> None:
        assert denied(a_due(attempt=2), TEN) == Run(
            schedule_id=SCHEDULE,
            seq=7,
            due=TEN,
            outcome=RunOutcome.DENIED,
            attempt=2,
            reason="START_TASK_FILTER does not allow the task, or Sense knows no such task.",
        )

    def test_what_nobody_can_know_has_an_outcome_of_its_own_which_is_called_failed_outside(self) -> None:
        [run] = left_out(a_tried_due(), ELEVEN, STOPPED)

        assert run.outcome is RunOutcome.UNKNOWN
        assert (run.outcome.word, run.outcome.reason_code) == ("failed", "outcomeUnknown")
        assert [(outcome.word, outcome.reason_code) for outcome in RunOutcome if outcome is not RunOutcome.UNKNOWN] == [
            (word, None) for word in ("started", "notStarted", "failed", "missed", "denied")
        ]

    def test_one_recorded_by_somebody_who_can_not_know_is_a_guess(self) -> None:
        [guess] = left_out(a_tried_due(), ELEVEN, STOPPED)

        assert guess.is_guess
        assert not a_run().is_guess
        assert not a_run(outcome=RunOutcome.UNKNOWN, reason="outcome unknown: no answer.").is_guess

    def test_how_late_a_start_was_counts_from_its_occurrence(self) -> None:
        assert a_run(started=NINE + 62 * SECOND + 250 * MILLISECOND).late_seconds == 62.25


class TestDone:
    @pytest.mark.parametrize(
        ("run", "missed_count", "next_instant"),
        [
            (a_run(), 0, TEN),
            (a_run(due=NOON), 3, NOON + HOUR),
            (a_run(due=NINE + 99 * HOUR), 99, NINE + 100 * HOUR),
            (a_run(due=NINE + 100 * HOUR), 100, NINE + 101 * HOUR),
            (a_run(due=NINE + 200 * HOUR), 100, NINE + 201 * HOUR),
            (a_run(outcome=RunOutcome.DENIED, due=TEN), 1, ELEVEN),
            (a_run(outcome=RunOutcome.FAILED, due=TEN), 1, ELEVEN),
            (a_run(outcome=RunOutcome.NOT_STARTED, due=TEN), 1, ELEVEN),
            (a_run(outcome=RunOutcome.MISSED), 1, TEN),
            (a_run(outcome=RunOutcome.MISSED, due=NOON), 4, NOON + HOUR),
            (a_run(outcome=RunOutcome.MISSED, due=NINE + 99 * HOUR), 100, NINE + 100 * HOUR),
            (a_run(outcome=RunOutcome.MISSED, due=NINE + 100 * HOUR), 100, NINE + 101 * HOUR),
        ],
    )
    def test_a_run_tells_of_all_that_it_overtook_and_the_next_occurrence_follows(
        self, run: Run, missed_count: int, next_instant: datetime
    ) -> None:
        end = ended(a_due(), run)

        assert end.run
        assert (end.run.due, end.run.missed_count, end.next_instant, end.problem) == (
            run.due,
            missed_count,
            next_instant,
            "",
        )

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"cron": NEVER_DUE}, "cronSchedule: '0 0 30 2 *' is not due again within ten years."),
            ({"cron": "61 * * * *"}, "cronSchedule: '61 * * * *'"),
        ],
    )
    def test_a_run_is_told_even_if_nothing_can_follow_it(self, changes: dict[str, Any], problem: str) -> None:
        end = ended(a_due(**changes), a_run())

        assert (end.entry, end.run) == (a_due(**changes), a_run())
        assert end.problem.startswith(problem)
        assert following(end) is None

    def test_the_next_entry_is_untouched_and_has_the_next_number(self) -> None:
        end = ended(a_tried_due(last_error="No answer.", not_before=ELEVEN), a_run(due=ELEVEN))

        assert following(end) == a_due(due_at=NOON, seq=8, since=ELEVEN, etag="")

    def test_an_entry_that_is_only_planned_anew_keeps_its_number(self) -> None:
        end = Ending(entry=a_due(since=NINE - HOUR), run=None, next_instant=NINE + 30 * MINUTE)

        assert following(end) == a_due(due_at=NINE + 30 * MINUTE, since=NINE - HOUR, etag="")
        assert next_seq(end) == 7

    def test_one_that_can_not_be_evaluated_is_told_as_failed_and_nothing_follows(self) -> None:
        end = broken(a_due(), "why")

        assert end == Ending(
            entry=a_due(),
            run=Run(schedule_id=a_due().schedule_id, seq=7, due=NINE, outcome=RunOutcome.FAILED, reason="why"),
            next_instant=None,
            problem="why",
        )
        assert following(end) is None
        assert next_seq(end) == 8


class TestLeftOut:
    @pytest.mark.parametrize("found", [a_due(), a_due(claim=a_claim())])
    def test_before_its_instant_nothing_is_left_out(self, found: Entry) -> None:
        assert left_out(found, JUST_BEFORE_NINE, "Stopped") == ()

    @pytest.mark.parametrize(
        ("cron", "now", "due", "missed_count"),
        [
            ("0 * * * *", NINE, NINE, 1),
            ("0 * * * *", ELEVEN + MINUTE, ELEVEN, 3),
            (EVERY_SECOND, NINE + 500 * MILLISECOND, NINE, 1),  # the next second is not due yet
            (EVERY_SECOND, NINE + 99 * SECOND, NINE + 99 * SECOND, 100),
            (EVERY_SECOND, NINE + 200 * SECOND, NINE + 200 * SECOND, 100),
            ("61 * * * *", ELEVEN, NINE, 1),
        ],
    )
    def test_what_was_due_and_not_tried_is_missed(
        self, cron: str, now: datetime, due: datetime, missed_count: int
    ) -> None:
        assert left_out(a_due(cron=cron), now, STOPPED) == (a_missed_run(due=due, missed_count=missed_count),)

    def test_what_new_rules_of_its_zone_have_put_before_its_instant_is_missed_too(self) -> None:
        entry = a_due(cron=DAILY, zone="Europe/Stockholm", since=NINE - DAY)

        assert left_out(entry, NINE - MINUTE, STOPPED) == (a_missed_run(due=NINE - HOUR, missed_count=1),)

    @pytest.mark.parametrize("now", [NINE, ELEVEN + SECOND, NOON - SECOND])
    @pytest.mark.parametrize("claim", [a_claim(), None])
    def test_of_what_may_be_under_way_nobody_knows_even_if_its_clock_is_ahead(
        self, now: datetime, claim: Claim | None
    ) -> None:
        [run] = left_out(a_tried_due(claim=claim), now, STOPPED)

        assert (run.outcome, run.seq, run.due, run.attempt, run.missed_count) == (RunOutcome.UNKNOWN, 7, ELEVEN, 2, 2)
        assert str(run.reason).startswith("outcome unknown: a start may be under way. The schedule was stopped before")

    def test_what_a_tick_is_about_to_tell_as_missed_is_missed(self) -> None:
        found = a_due(claim=a_claim(), occurrence=TEN)

        assert left_out(found, TEN, STOPPED) == (a_missed_run(due=TEN, missed_count=2),)

    @pytest.mark.parametrize(
        ("changes", "now", "due", "missed_count"),
        [
            ({}, NOON, NOON, 1),
            ({}, NOON + 2 * HOUR, NOON + 2 * HOUR, 3),
            ({"tried_since": None}, NOON, NOON, 1),
            ({"cron": EVERY_SECOND, "occurrence": NINE}, NINE + 101 * SECOND, NINE + 101 * SECOND, 100),
        ],
    )
    def test_what_was_due_after_that_which_is_in_hand_is_told_under_the_next_number(
        self, changes: dict[str, Any], now: datetime, due: datetime, missed_count: int
    ) -> None:
        in_hand, other = left_out(a_tried_due(**changes), now, STOPPED)

        assert in_hand.seq == 7
        assert other == a_missed_run(seq=8, due=due, missed_count=missed_count)

    @pytest.mark.parametrize("cron", ["61 * * * *", NEVER_DUE])
    def test_of_what_can_not_be_evaluated_only_that_is_told_which_is_in_hand(self, cron: str) -> None:
        [run] = left_out(a_tried_due(cron=cron), NOON, STOPPED)

        assert (run.seq, run.due) == (7, ELEVEN)

    def test_it_says_what_the_last_try_came_to(self) -> None:
        [run] = left_out(a_due(attempt=1, last_error="No connection."), NINE, "The schedule was changed")

        assert run.reason == "The schedule was changed before it was started; the last try: No connection."
