from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.cron import next_after
from shared.core.errors import CallerError
from shared.core.rules import MOST_COUNTED, Rule, minute_of, read
from shared.core.zones import Zone
from tests.unit.builders import (
    DAILY,
    DAY,
    EVERY_FIVE_SECONDS,
    EVERY_SECOND,
    EXAMPLES,
    HOUR,
    HOURLY,
    JUST_AFTER_NINE,
    JUST_BEFORE_NINE,
    MILLISECOND,
    MINUTE,
    NEVER_DUE,
    NINE,
    SECOND,
    TEN,
    Rhythm,
    rhythms,
    walk,
)

GAPS = st.floats(0, 30)


@pytest.mark.parametrize(
    ("cron", "zone", "reason"),
    [("61 * * * *", "UTC", "minute '61'"), (HOURLY, "Mars/Olympus", "'Mars/Olympus' is no IANA time zone")],
)
def test_a_rule_that_can_not_be_evaluated_is_refused(cron: str, zone: str, reason: str) -> None:
    with pytest.raises(CallerError, match=reason):
        Rule.parse(cron, zone)


def test_a_broken_rule_names_its_zone_where_only_the_expression_is_wrong() -> None:
    assert [read(cron, zone).zone for cron, zone in (("1 2 3", "Asia/Kolkata"), (HOURLY, "Mars/Olympus"))] == [
        Zone.parse("Asia/Kolkata"),
        None,
    ]


@pytest.mark.parametrize(
    ("now", "minute"),
    [
        (NINE, NINE),
        (JUST_AFTER_NINE, NINE),
        (JUST_BEFORE_NINE, NINE),
        (NINE - 5 * SECOND, NINE),
        (NINE - 5 * SECOND - MILLISECOND, NINE - MINUTE),
        (NINE + 54 * SECOND, NINE),
        (NINE + 55 * SECOND, NINE + MINUTE),
    ],
)
def test_a_tick_serves_the_minute_it_begins_in_or_a_few_seconds_before(now: datetime, minute: datetime) -> None:
    assert minute_of(now) == minute


class TestFirst:
    @pytest.mark.parametrize(
        ("cron", "now", "expected"),
        [
            (HOURLY, JUST_BEFORE_NINE, NINE),
            (HOURLY, NINE, TEN),
            (HOURLY, JUST_AFTER_NINE, TEN),
            ("* * * * *", JUST_BEFORE_NINE, NINE),
            (EVERY_SECOND, NINE, NINE + MINUTE),
            (EVERY_SECOND, NINE + 54 * SECOND, NINE + MINUTE),
            (EVERY_SECOND, NINE + 55 * SECOND, NINE + 2 * MINUTE),
            (EVERY_SECOND, JUST_BEFORE_NINE, NINE + MINUTE),
            ("30 59 * * * *", JUST_AFTER_NINE, NINE + 59 * MINUTE + 30 * SECOND),
            ("0 0 9 * * *", JUST_AFTER_NINE, NINE + DAY),
            (NEVER_DUE, NINE, None),
        ],
    )
    def test_a_schedule_with_seconds_counts_from_the_end_of_the_running_minute_any_other_from_now(
        self, cron: str, now: datetime, expected: datetime | None
    ) -> None:
        assert Rule.parse(cron, "UTC").first(now) == expected

    def test_schedules_that_begin_in_the_same_second_share_an_answer(self) -> None:
        rule = Rule.parse(HOURLY, "UTC")
        rule.first(NINE)
        worked_out = next_after.cache_info().misses

        rule.first(JUST_AFTER_NINE)

        assert next_after.cache_info().misses == worked_out

    @EXAMPLES
    @given(rhythm=rhythms())
    def test_it_is_in_no_minute_whose_tick_may_have_read_its_agenda_and_none_is_left_out_after_it(
        self, rhythm: Rhythm
    ) -> None:
        rule = rhythm.rule
        begin = minute_of(rhythm.moment) + MINUTE if rule.cron.has_seconds else rhythm.moment + MILLISECOND
        found = rule.first(rhythm.moment)

        assert found is not None
        assert found >= begin
        assert rule.newest(begin, found - SECOND) is None


class TestNewest:
    @pytest.mark.parametrize(
        ("since", "until", "expected"),
        [
            (NINE, NINE, NINE),
            (NINE, JUST_BEFORE_NINE, None),
            (NINE - HOUR, JUST_BEFORE_NINE, NINE - HOUR),
            (NINE, NINE + DAY, NINE + DAY),
            (NINE, NINE + DAY - MILLISECOND, NINE + DAY - HOUR),
            (NINE + SECOND, TEN - SECOND, None),
            (NINE + SECOND, TEN, TEN),
            (NINE, NINE + 7 * DAY + 59 * MINUTE, NINE + 7 * DAY),
            (JUST_AFTER_NINE, JUST_AFTER_NINE + SECOND, None),
            (JUST_AFTER_NINE, JUST_AFTER_NINE, None),
            (JUST_AFTER_NINE, TEN, TEN),
            (JUST_BEFORE_NINE, NINE, NINE),
            (TEN, NINE, None),
        ],
    )
    def test_it_is_the_last_one_and_both_ends_count(
        self, since: datetime, until: datetime, expected: datetime | None
    ) -> None:
        assert Rule.parse(HOURLY, "UTC").newest(since, until) == expected

    def test_there_is_none_of_a_date_that_never_comes(self) -> None:
        assert Rule.parse(NEVER_DUE, "UTC").newest(NINE, NINE + 365 * DAY) is None

    @pytest.mark.parametrize(
        ("cron", "until", "expected"),
        [
            ("30 2 * * *", "2026-03-29T00:59:59Z", "2026-03-28T01:30:00Z"),
            ("30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"),  # half past two did not exist
            ("30 2 * * *", "2026-10-25T00:29:59Z", "2026-10-24T00:30:00Z"),
            ("30 2 * * *", "2026-10-25T02:00:00Z", "2026-10-25T00:30:00Z"),  # not again on the second pass
            ("*/30 * * * *", "2026-10-25T01:45:00Z", "2026-10-25T01:30:00Z"),  # again on the second pass
        ],
    )
    def test_it_knows_of_changes_of_clocks(self, cron: str, until: str, expected: str) -> None:
        end = datetime.fromisoformat(until)

        assert Rule.parse(cron, "Europe/Stockholm").newest(end - 3 * DAY, end) == datetime.fromisoformat(expected)

    @pytest.mark.no_cover
    @EXAMPLES
    @given(rhythm=rhythms(), gaps=GAPS)
    def test_it_agrees_with_a_walk_from_one_to_the_next(self, rhythm: Rhythm, gaps: float) -> None:
        since, until = rhythm.moment, rhythm.after(gaps)

        assert rhythm.rule.newest(since, until) == max(walk(rhythm.rule, since, until), default=None)


class TestCount:
    @pytest.mark.parametrize(
        ("since", "before", "expected"),
        [
            (NINE, NINE, 0),
            (NINE, JUST_AFTER_NINE, 1),
            (NINE, TEN, 1),
            (NINE, TEN + SECOND, 2),
            (TEN, NINE, 0),
            (NINE, NINE + 99 * HOUR, 99),
            (NINE, NINE + 100 * HOUR, 100),
            (NINE, NINE + 101 * HOUR, 100),
            (NINE, NINE + 3650 * DAY, 100),
        ],
    )
    def test_it_counts_the_begin_and_not_the_end_and_no_further_than_a_hundred(
        self, since: datetime, before: datetime, expected: int
    ) -> None:
        assert Rule.parse(HOURLY, "UTC").count(since, before) == expected

    def test_it_is_none_of_a_date_that_never_comes(self) -> None:
        assert Rule.parse(NEVER_DUE, "UTC").count(NINE, NINE + 365 * DAY) == 0

    @pytest.mark.no_cover
    @EXAMPLES
    @given(rhythm=rhythms(), gaps=st.floats(0, 120))
    def test_it_agrees_with_a_walk_from_one_to_the_next(self, rhythm: Rhythm, gaps: float) -> None:
        rule = rhythm.rule
        since = rule.next_after(rhythm.moment)
        assert since is not None
        before = rhythm.after(gaps)
        found = walk(rule, since, before - timedelta.resolution)

        assert rule.count(since, before) == min(len(found), MOST_COUNTED)


def test_every_five_seconds_is_twelve_times_a_minute() -> None:
    assert Rule.parse(EVERY_FIVE_SECONDS, "UTC").count(NINE, NINE + MINUTE) == 12
    assert Rule.parse(EVERY_FIVE_SECONDS, "UTC").newest(NINE, NINE + MINUTE - MILLISECOND) == NINE + 55 * SECOND


def test_a_daily_one_is_counted_in_days_of_the_wall_clock() -> None:
    autumn = datetime.fromisoformat("2026-10-24T07:00:00Z")

    assert Rule.parse(DAILY, "Europe/Stockholm").count(autumn, autumn + 2 * DAY) == 2
    assert Rule.parse(DAILY, "Europe/Stockholm").count(autumn, autumn + 2 * DAY + HOUR) == 2
    assert Rule.parse(DAILY, "Europe/Stockholm").count(autumn, autumn + 2 * DAY + HOUR + SECOND) == 3
