from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.endings import already_started
from shared.core.entry import (
    MOST_AHEAD,
    UNSURE,
    Broken,
    Decision,
    Entry,
    Miss,
    Replan,
    Start,
    claimed,
    decide,
    free_at,
)
from tests.saying import saying
from tests.unit.builders import (
    DAILY,
    DAY,
    ELEVEN,
    EVERY_FIVE_SECONDS,
    EVERY_SECOND,
    EXECUTION,
    HOUR,
    JUST_AFTER_NINE,
    JUST_BEFORE_NINE,
    MILLISECOND,
    MINUTE,
    NEVER_DUE,
    NINE,
    NOON,
    SECOND,
    TEN,
    a_claim,
    a_due,
    a_run,
    a_tried_due,
    an_execution,
)

LEASE = 45 * SECOND


@pytest.mark.parametrize(
    ("claimed_until", "not_before", "now", "expected"),
    [
        (None, None, JUST_BEFORE_NINE, NINE),
        (None, None, TEN, NINE),
        (None, TEN, NINE, TEN),
        (None, NINE - HOUR, JUST_BEFORE_NINE, NINE),
        (NINE + LEASE, None, NINE, NINE + LEASE + UNSURE),
        (NINE + LEASE, None, NINE + LEASE + UNSURE - MILLISECOND, NINE + LEASE + UNSURE),
        (NINE + LEASE, None, NINE + LEASE + UNSURE, NINE),  # it has ended, whatever a host knows of storage's time
        (NINE + LEASE, NINE + MINUTE, NINE, NINE + MINUTE),
        (NINE + 2 * MINUTE, NINE + MINUTE, NINE + 80 * SECOND, NINE + 2 * MINUTE + UNSURE),
    ],
)
def test_an_entry_is_free_from_its_instant_on_unless_it_is_claimed_or_must_wait(
    claimed_until: datetime | None, not_before: datetime | None, now: datetime, expected: datetime
) -> None:
    claim = a_claim(until=claimed_until) if claimed_until else None

    assert free_at(a_due(claim=claim, not_before=not_before), now, LEASE) == expected


def test_a_claim_is_void_that_only_a_clock_which_was_set_back_since_can_have_made() -> None:
    latest_end = NINE + MOST_AHEAD + LEASE

    assert free_at(a_due(claim=a_claim(until=latest_end)), NINE, LEASE) == latest_end + UNSURE
    assert free_at(a_due(claim=a_claim(until=latest_end + MILLISECOND)), NINE, LEASE) == NINE


class TestDecide:
    @pytest.mark.parametrize(
        ("cron", "now", "window", "expected"),
        [
            ("0 * * * *", NINE, HOUR, Start(occurrence=NINE)),
            ("0 * * * *", JUST_AFTER_NINE, HOUR, Start(occurrence=NINE)),
            ("0 * * * *", TEN - MILLISECOND, HOUR, Start(occurrence=NINE)),
            ("0 * * * *", TEN, HOUR, Start(occurrence=TEN)),
            ("0 * * * *", NINE + 3 * DAY + MINUTE, HOUR, Start(occurrence=NINE + 3 * DAY)),
            (EVERY_FIVE_SECONDS, NINE + 17 * SECOND, HOUR, Start(occurrence=NINE + 15 * SECOND)),
            (DAILY, TEN, HOUR, Start(occurrence=NINE)),
            (DAILY, TEN + MILLISECOND, HOUR, Miss(occurrence=NINE)),
            (DAILY, TEN + 3 * DAY, HOUR, Start(occurrence=NINE + 3 * DAY)),
            (DAILY, ELEVEN + 3 * DAY, HOUR, Miss(occurrence=NINE + 3 * DAY)),
            (DAILY, NINE, timedelta(0), Start(occurrence=NINE)),
            (DAILY, JUST_AFTER_NINE, timedelta(0), Miss(occurrence=NINE)),
            (EVERY_SECOND, JUST_AFTER_NINE + MINUTE, timedelta(0), Miss(occurrence=NINE + MINUTE)),
        ],
    )
    def test_the_newest_occurrence_is_started_unless_it_is_too_late_for_it(
        self, cron: str, now: datetime, window: timedelta, expected: Decision
    ) -> None:
        assert decide(a_due(cron=cron), now, now - window) == expected

    def test_without_a_window_an_occurrence_is_started_in_its_own_minute_or_never(self) -> None:
        entry, next_minute = a_due(cron=DAILY), NINE + MINUTE

        assert decide(entry, next_minute - MILLISECOND, earliest=NINE) == Start(occurrence=NINE)
        assert decide(entry, next_minute, earliest=next_minute) == Miss(occurrence=NINE)

    def test_an_entry_found_due_stays_so_when_the_clock_is_set_back_in_that_moment(self) -> None:
        assert decide(a_due(), NINE - HOUR, NINE - 2 * HOUR) == Start(occurrence=NINE)

    @pytest.mark.parametrize(
        ("cron", "zone", "expected"),
        [
            ("30 * * * *", "UTC", NINE + 30 * MINUTE),
            (DAILY, "Europe/Stockholm", NINE + 23 * HOUR),
            (DAILY, "Asia/Kolkata", NINE + 18 * HOUR + 30 * MINUTE),
        ],
    )
    @pytest.mark.parametrize("now", [NINE, NINE + 3 * DAY])
    def test_an_instant_that_is_none_any_more_gives_way_to_the_next_and_nothing_is_started(
        self, cron: str, zone: str, expected: datetime, now: datetime
    ) -> None:
        assert decide(a_due(cron=cron, zone=zone), now, now - HOUR) == Replan(instant=expected)

    @pytest.mark.parametrize(
        ("cron", "zone", "since", "expected"),
        [
            (DAILY, "Europe/Stockholm", NINE - DAY, NINE - HOUR),  # what is over by the new rules was never started
            ("0 8,9 * * *", "UTC", NINE - DAY, NINE - HOUR),  # the instant is one still, and no more the first
            (DAILY, "Europe/Stockholm", NINE - HOUR, NINE + 23 * HOUR),  # it was
            (DAILY, "Asia/Kolkata", NINE - DAY, NINE - 5 * HOUR - 30 * MINUTE),
        ],
    )
    def test_an_instant_gives_way_to_the_first_that_was_not_dealt_with(
        self, cron: str, zone: str, since: datetime, expected: datetime
    ) -> None:
        assert decide(a_due(cron=cron, zone=zone, since=since), NINE, NINE - HOUR) == Replan(instant=expected)

    @pytest.mark.parametrize("since", [NINE - HOUR, NINE - MINUTE, NINE, NOON])
    def test_where_rules_did_not_change_it_stays(self, since: datetime) -> None:
        assert decide(a_due(since=since), NINE, NINE - HOUR) == Start(occurrence=NINE)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"cron": "61 * * * *"}, "minute '61'"),
            ({"cron": ""}, "0 fields"),
            ({"zone": "Mars/Olympus"}, "timezone: 'Mars/Olympus'"),
            ({"zone": "../../etc/passwd"}, "timezone: '../../etc/passwd'"),
            ({"cron": NEVER_DUE}, "cronSchedule: '0 0 30 2 *' is not due again within ten years."),
            ({"due_at": datetime.min.replace(tzinfo=UTC)}, "out of range"),
        ],
    )
    def test_an_entry_that_can_not_be_evaluated_says_why_and_stops_nobody_else(
        self, changes: dict[str, Any], reason: str
    ) -> None:
        decision = decide(a_due(**changes), NINE, NINE)

        assert isinstance(decision, Broken)
        assert reason in decision.reason
        assert "Error(" not in decision.reason  # a sentence for people


class TestClaimed:
    def test_a_start_is_on_record_before_it_is_sent(self) -> None:
        assert claimed(a_due(), Start(occurrence=TEN), a_claim(), TEN) == a_due(
            claim=a_claim(), attempt=1, occurrence=TEN, tried_since=TEN
        )

    def test_a_try_that_failed_for_sure_leaves_no_doubt_about_the_next(self) -> None:
        waiting = a_due(attempt=3, occurrence=TEN, not_before=TEN, last_error="No connection.")

        assert claimed(waiting, Start(occurrence=ELEVEN), a_claim(), ELEVEN) == a_due(
            claim=a_claim(),
            attempt=4,
            occurrence=ELEVEN,
            tried_since=ELEVEN,
            not_before=TEN,
            last_error="No connection.",
        )

    def test_what_may_be_under_way_stays_on_record(self) -> None:
        found = a_tried_due()

        assert claimed(found, Start(occurrence=NOON), a_claim(owner="b"), NOON) == a_tried_due(
            claim=a_claim(owner="b"), attempt=3
        )

    @pytest.mark.parametrize(
        ("decision", "occurrence"),
        [(Miss(occurrence=TEN), TEN), (Replan(instant=TEN), None), (Broken(reason="x"), NINE)],
    )
    def test_what_is_not_started_is_claimed_and_no_try_and_says_how_far_its_run_will_tell(
        self, decision: Decision, occurrence: datetime | None
    ) -> None:
        found = a_due(occurrence=NINE + MINUTE, attempt=1)

        assert claimed(found, decision, a_claim(), NOON) == saying(found, claim=a_claim(), occurrence=occurrence)

    @pytest.mark.parametrize("decision", [Miss(occurrence=NOON), Replan(instant=NOON), Broken(reason="x")])
    def test_so_is_what_may_be_under_way_which_stays_on_record(self, decision: Decision) -> None:
        again = a_claim(owner="b")

        assert claimed(a_tried_due(), decision, again, NOON) == a_tried_due(claim=again)

    @pytest.mark.parametrize(
        ("due", "expected"),
        [
            (a_due(), False),
            (a_due(claim=a_claim()), False),  # to be planned anew, of which no run tells
            (a_due(attempt=1, occurrence=NINE, last_error="x"), False),
            (a_due(claim=a_claim(), occurrence=NINE), True),
            (a_tried_due(), True),
            (a_tried_due(claim=None), True),
        ],
    )
    def test_it_is_in_hand_while_a_run_of_its_number_may_be_told(self, due: Entry, *, expected: bool) -> None:
        assert due.is_in_hand is expected


class TestAlreadyStarted:
    @pytest.mark.parametrize(
        ("began", "due"),
        [
            (ELEVEN - 2 * SECOND - MILLISECOND, None),  # before the first try
            (ELEVEN - 2 * SECOND, ELEVEN),  # clocks may part that far
            (ELEVEN, ELEVEN),
            (ELEVEN + MINUTE, ELEVEN),
            (NOON, NOON),  # another tick sent it then, for what was the newest
            (NOON + HOUR + 5 * SECOND, NOON + HOUR),
            (NOON + 9 * HOUR, NOON + 2 * HOUR),  # Sense's clock is wrong
        ],
    )
    def test_an_execution_since_the_first_try_is_ours_and_its_begin_tells_of_which_occurrence(
        self, began: datetime, due: datetime | None
    ) -> None:
        now = NOON + 2 * HOUR + MINUTE
        expected = due and a_run(due=due, started=began, attempt=2)

        assert already_started(a_tried_due(), an_execution(began), None, now) == expected

    def test_without_an_execution_or_without_a_try_there_is_nothing_to_tell(self) -> None:
        assert already_started(a_tried_due(), None, None, NOON) is None
        assert already_started(a_due(), an_execution(NINE), None, NOON) is None

    def test_a_try_whose_occurrence_is_not_on_record_was_for_the_instant_or_a_later_one(self) -> None:
        run = already_started(a_due(tried_since=NINE), an_execution(NINE), None, NINE)

        assert run == a_run(started=NINE, attempt=0)

    @pytest.mark.parametrize(
        ("before", "execution_id", "is_news"),
        [
            ({"execution_id": EXECUTION, "started": ELEVEN - 2 * SECOND}, EXECUTION, False),
            ({"execution_id": "another", "started": ELEVEN - 2 * SECOND}, EXECUTION, True),
            ({"execution_id": None, "started": None}, EXECUTION, True),
            ({"execution_id": "another", "started": ELEVEN - 3 * SECOND}, None, False),
            ({"execution_id": "another", "started": ELEVEN - 3 * SECOND - MILLISECOND}, None, True),
            ({"execution_id": None, "started": None}, None, True),
        ],
    )
    def test_an_execution_that_the_run_before_tells_of_is_no_news(
        self, before: dict[str, Any], execution_id: str | None, *, is_news: bool
    ) -> None:
        last = an_execution(ELEVEN - SECOND, id=execution_id)

        assert (already_started(a_tried_due(), last, a_run(seq=6, **before), NOON) is not None) is is_news
