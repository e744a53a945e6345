from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.core.due import Due
from shared.core.errors import CallerError
from shared.core.runs import RunOutcome
from shared.core.schedules import (
    Change,
    Schedule,
    State,
    check,
    created,
    deleted,
    latest,
    started,
    stopped,
    tagged,
    with_entry,
)
from tests.unit.builders import (
    ELEVEN,
    EVERY_SECOND,
    HOUR,
    JUST_AFTER_NINE,
    JUST_BEFORE_NINE,
    MINUTE,
    NEVER_DUE,
    NINE,
    NOON,
    SCHEDULE,
    SECOND,
    TEN,
    a_claim,
    a_definition,
    a_due,
    a_schedule,
    a_stopped_schedule,
    a_tried_due,
)

WRONG = [
    ({"cron": "61 * * * *"}, "minute '61'"),
    ({"zone": "Mars/Olympus"}, "timezone: 'Mars/Olympus'"),
    ({"cron": NEVER_DUE}, "the date it names does not come within ten years"),
]


def a_new_due(**changes: Any) -> Due:
    """Return an entry as a change makes it: nobody has stored it yet."""
    return a_due(etag="", **changes)


@pytest.mark.parametrize(("changes", "reason"), WRONG)
def test_a_definition_that_can_not_be_evaluated_or_is_never_due_is_refused(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CallerError, match=reason):
        check(a_definition(**changes), NINE)
    with pytest.raises(CallerError, match=reason):
        with_entry(a_schedule(definition=a_definition(**changes)), NINE)


def test_a_definition_that_is_due_some_day_is_accepted() -> None:
    check(a_definition(cron="0 0 29 2 *"), NINE)


class TestCreated:
    @pytest.mark.parametrize("startup_state", ["start", "started"])
    def test_a_schedule_that_is_to_start_has_its_entry_at_the_first_occurrence(self, startup_state: str) -> None:
        definition = a_definition(startup_state=startup_state)
        change = created(SCHEDULE, definition, NINE)

        assert change == Change(
            after=Schedule(id=SCHEDULE, created=NINE, definition=definition, state=State.STARTED, due=TEN),
            due_after=a_new_due(instant=TEN, seq=0),
        )

    @pytest.mark.parametrize("startup_state", ["stop", "stopped"])
    def test_one_that_is_not_has_none(self, startup_state: str) -> None:
        definition = a_definition(startup_state=startup_state)

        assert created(SCHEDULE, definition, NINE) == Change(
            after=Schedule(id=SCHEDULE, created=NINE, definition=definition, state=State.STOPPED)
        )

    def test_one_with_seconds_begins_with_the_next_minute(self) -> None:
        change = created(SCHEDULE, a_definition(cron=EVERY_SECOND), JUST_AFTER_NINE)

        assert change.due_after == a_new_due(cron=EVERY_SECOND, instant=NINE + MINUTE, seq=0)


class TestStarted:
    def test_a_started_schedule_needs_no_change(self) -> None:
        assert started(a_schedule(), NINE) is None

    @pytest.mark.parametrize(
        ("last_due", "now", "instant"),
        [(None, NINE, TEN), (NINE - HOUR, JUST_BEFORE_NINE, NINE), (NINE - HOUR, NOON, NOON + HOUR)],
    )
    def test_a_stopped_one_counts_from_now(self, last_due: datetime | None, now: datetime, instant: datetime) -> None:
        schedule = a_stopped_schedule(last_due=last_due, problem="It was broken.")

        assert started(schedule, now) == Change(
            before=schedule,
            after=a_schedule(due=instant, last_due=last_due, problem=""),
            due_after=a_new_due(instant=instant),
        )

    def test_where_the_clock_went_back_it_counts_from_its_last_occurrence(self) -> None:
        change = started(a_stopped_schedule(last_due=TEN), JUST_BEFORE_NINE)

        assert change
        assert change.due_after == a_new_due(instant=ELEVEN)

    @pytest.mark.parametrize(("changes", "reason"), WRONG)
    def test_one_that_can_not_be_evaluated_any_more_stays_stopped(self, changes: dict[str, Any], reason: str) -> None:
        with pytest.raises(CallerError, match=reason):
            started(a_stopped_schedule(definition=a_definition(**changes)), NINE)


class TestStopped:
    def test_a_stopped_schedule_needs_no_change(self) -> None:
        assert stopped(a_stopped_schedule(), None, NINE) is None

    @pytest.mark.parametrize(
        ("entry", "now", "seq", "last_due", "left_out"),
        [
            (a_due(), JUST_BEFORE_NINE, 7, NINE - HOUR, None),
            (a_due(), NINE, 8, NINE - HOUR, RunOutcome.MISSED),
            (a_due(attempt=1, occurrence=NINE, last_error="x"), TEN, 8, NINE, RunOutcome.MISSED),
            (a_tried_due(), ELEVEN + SECOND, 8, ELEVEN, RunOutcome.FAILED),
            (a_tried_due(claim=None), NOON, 8, ELEVEN, RunOutcome.FAILED),
            # Claimed by a clock that is ahead of ours: whoever has it will tell.
            (a_due(claim=a_claim(), occurrence=NINE, tried_since=NINE), JUST_BEFORE_NINE, 8, NINE, None),
            # Lost: whoever had it may have told.
            (None, NINE, 8, NINE - HOUR, None),
        ],
    )
    def test_the_entry_goes_what_was_due_is_told_and_its_number_is_not_used_again(
        self, entry: Due | None, now: datetime, seq: int, last_due: datetime, left_out: RunOutcome | None
    ) -> None:
        change = stopped(a_schedule(), entry, now)

        assert change
        assert replace(change, left_out=None) == Change(
            before=a_schedule(), after=a_stopped_schedule(seq=seq, last_due=last_due), due_before=entry
        )
        assert (change.left_out and change.left_out.outcome) == left_out
        assert change.left_out is None or change.left_out.seq == 7
        assert change.left_out is None or "The schedule was stopped before it" in str(change.left_out.reason)

    @pytest.mark.parametrize("seq", [-1, 3, 7])
    def test_an_entry_whose_number_is_behind_is_told_under_the_schedules(self, seq: int) -> None:
        change = stopped(a_schedule(), a_due(seq=seq), NINE)

        assert change
        assert change.after
        assert change.left_out
        assert (change.left_out.seq, change.after.seq) == (7, 8)

    def test_one_that_was_never_due_has_no_last_occurrence(self) -> None:
        change = stopped(a_schedule(last_due=None), a_due(), JUST_BEFORE_NINE)

        assert change
        assert change.after == a_stopped_schedule(last_due=None)

    def test_started_again_after_the_clock_went_back_it_does_not_repeat_what_is_being_sent(self) -> None:
        change = stopped(a_schedule(), a_due(claim=a_claim(), occurrence=NINE, tried_since=NINE), JUST_AFTER_NINE)
        assert change
        assert change.after
        again = started(change.after, JUST_BEFORE_NINE)

        assert again
        assert again.due_after == a_new_due(instant=TEN, seq=8)


def test_deleting_takes_the_entry_along_and_tells_nothing() -> None:
    assert deleted(a_schedule(), a_tried_due(), NOON) == Change(before=a_schedule(), due_before=a_tried_due(), at=NOON)


@pytest.mark.parametrize(
    ("last_due", "entry", "expected"),
    [
        (None, None, NINE),
        (NINE - HOUR, a_due(), NINE),
        (TEN, None, TEN),
        (TEN, a_due(), TEN),
        (None, a_tried_due(), ELEVEN),
        (NOON, a_tried_due(), NOON),
    ],
)
def test_a_schedule_counts_from_now_or_from_its_last_occurrence_where_a_clock_went_back(
    last_due: datetime | None, entry: Due | None, expected: datetime
) -> None:
    assert latest(NINE, a_schedule(last_due=last_due), entry) == expected


@pytest.mark.parametrize(
    ("tag", "ids"),
    [(None, "abcde"), ("nightly", "ab"), ("sales", "b"), ("Nightly", "c"), ("night", ""), ("", "e")],
)
def test_those_of_a_tag_carry_exactly_it(tag: str | None, ids: str) -> None:
    tags: dict[str, tuple[str, ...] | None] = {
        "a": ("nightly",),
        "b": ("sales", "nightly"),
        "c": ("Nightly",),
        "d": None,
        "e": ("",),
    }
    schedules = [a_schedule(id=each, definition=a_definition(tags=carried)) for each, carried in tags.items()]

    assert "".join(each.id for each in tagged(schedules, tag)) == ids
