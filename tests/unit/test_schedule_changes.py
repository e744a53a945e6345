from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.core import rules
from shared.core.entry import Entry
from shared.core.errors import CallerError
from shared.core.listing import tagged
from shared.core.runs import RunOutcome
from shared.core.schedule_changes import activated, check, created, deleted, latest, restored, stopped, with_entry
from shared.core.schedules import Change, Deleted, Schedule, State
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
    a_run,
    a_schedule,
    a_stopped_schedule,
    a_tried_due,
)

WRONG = [
    ({"cron": "61 * * * *"}, "minute '61'"),
    ({"zone": "Mars/Olympus"}, "timezone: 'Mars/Olympus'"),
    ({"cron": NEVER_DUE}, "the date it names does not come within ten years"),
]


def a_new_due(**changes: Any) -> Entry:
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
            after=Schedule(id=SCHEDULE, created=NINE, definition=definition, state=State.ACTIVE, due_at=TEN),
            entry_after=a_new_due(due_at=TEN, seq=0, since=NINE),
        )

    @pytest.mark.parametrize("startup_state", ["stop", "stopped"])
    def test_one_that_is_not_has_none(self, startup_state: str) -> None:
        definition = a_definition(startup_state=startup_state)

        assert created(SCHEDULE, definition, NINE) == Change(
            after=Schedule(id=SCHEDULE, created=NINE, definition=definition, state=State.STOPPED)
        )

    def test_one_with_seconds_begins_with_the_next_minute(self) -> None:
        change = created(SCHEDULE, a_definition(cron=EVERY_SECOND), JUST_AFTER_NINE)

        assert change.entry_after == a_new_due(
            cron=EVERY_SECOND, due_at=NINE + MINUTE, seq=0, since=NINE + MINUTE - SECOND
        )


class TestStarted:
    def test_a_started_schedule_needs_no_change(self) -> None:
        assert activated(a_schedule(), NINE) is None

    @pytest.mark.parametrize(
        ("last_due", "now", "since", "instant"),
        [
            (None, NINE, NINE, TEN),
            (NINE - HOUR, JUST_BEFORE_NINE, NINE - SECOND, NINE),
            (NINE - HOUR, NOON, NOON, NOON + HOUR),
        ],
    )
    def test_a_stopped_one_counts_from_now(
        self, last_due: datetime | None, now: datetime, since: datetime, instant: datetime
    ) -> None:
        schedule = a_stopped_schedule(last_due=last_due, problem="It was broken.")

        assert activated(schedule, now) == Change(
            before=schedule,
            after=a_schedule(due_at=instant, last_due=last_due, problem=""),
            entry_after=a_new_due(due_at=instant, since=since),
        )

    def test_where_the_clock_went_back_it_counts_from_its_last_occurrence(self) -> None:
        change = activated(a_stopped_schedule(last_due=TEN), JUST_BEFORE_NINE)

        assert change
        assert change.entry_after == a_new_due(due_at=ELEVEN, since=TEN)

    @pytest.mark.parametrize(("changes", "reason"), WRONG)
    def test_one_that_can_not_be_evaluated_any_more_stays_stopped(self, changes: dict[str, Any], reason: str) -> None:
        with pytest.raises(CallerError, match=reason):
            activated(a_stopped_schedule(definition=a_definition(**changes)), NINE)


class TestStopped:
    def test_a_stopped_schedule_needs_no_change(self) -> None:
        assert stopped(a_stopped_schedule(), None, NINE) is None

    @pytest.mark.parametrize(
        ("entry", "now", "seq", "last_due", "left_out"),
        [
            (a_due(), JUST_BEFORE_NINE, 7, NINE - HOUR, None),
            (a_due(), NINE, 8, NINE, RunOutcome.MISSED),
            (a_due(attempt=1, occurrence=NINE, last_error="x"), TEN, 8, TEN, RunOutcome.MISSED),
            (a_tried_due(), ELEVEN + SECOND, 8, ELEVEN, RunOutcome.UNKNOWN),
            (a_tried_due(claim=None), NOON - SECOND, 8, ELEVEN, RunOutcome.UNKNOWN),
            # Claimed by a clock that is ahead of ours: whoever has it will tell, if it lives.
            (a_due(claim=a_claim(), occurrence=NINE, tried_since=NINE), JUST_BEFORE_NINE, 8, NINE, RunOutcome.UNKNOWN),
            # Claimed to be planned anew, or by the version before, which did not say how far it tells.
            (a_due(claim=a_claim()), JUST_BEFORE_NINE, 8, NINE - HOUR, None),
            # Lost: whoever had it may have told.
            (None, NINE, 8, NINE - HOUR, None),
        ],
    )
    def test_the_entry_goes_what_was_due_is_told_and_its_number_is_not_used_again(
        self, entry: Entry | None, now: datetime, seq: int, last_due: datetime, left_out: RunOutcome | None
    ) -> None:
        change = stopped(a_schedule(), entry, now)

        assert change
        assert change.after
        runs = change.after.left_out
        assert change == Change(
            before=a_schedule(),
            after=a_stopped_schedule(seq=seq, last_due=last_due, left_out=runs, last_run=runs[0] if runs else None),
            entry_before=entry,
        )
        assert [(run.seq, run.outcome) for run in runs] == ([(7, left_out)] if left_out else [])
        assert all("The schedule was stopped before it" in str(run.reason) for run in runs)

    def test_what_was_due_while_a_start_is_under_way_is_told_under_a_number_of_its_own(self) -> None:
        change = stopped(a_schedule(left_out=(a_run(seq=6),)), a_tried_due(), NOON)

        assert change
        assert change.after
        assert [(run.seq, run.due) for run in change.after.left_out] == [(6, NINE), (7, ELEVEN), (8, NOON)]
        assert (change.after.seq, change.after.last_due, change.after.last_run) == (9, NOON, change.after.left_out[-1])

    @pytest.mark.parametrize("seq", [-1, 3, 7])
    def test_an_entry_whose_number_is_behind_is_told_under_the_schedules(self, seq: int) -> None:
        change = stopped(a_schedule(), a_due(seq=seq), NINE)

        assert change
        assert change.after
        [run] = change.after.left_out
        assert (run.seq, change.after.seq) == (7, 8)

    def test_one_that_was_never_due_has_no_last_occurrence(self) -> None:
        change = stopped(a_schedule(last_due=None), a_due(), JUST_BEFORE_NINE)

        assert change
        assert change.after == a_stopped_schedule(last_due=None)

    def test_started_again_after_the_clock_went_back_it_does_not_repeat_what_is_being_sent(self) -> None:
        change = stopped(a_schedule(), a_due(claim=a_claim(), occurrence=NINE, tried_since=NINE), JUST_AFTER_NINE)
        assert change
        assert change.after
        again = activated(change.after, JUST_BEFORE_NINE)

        assert again
        assert again.entry_after == a_new_due(due_at=TEN, seq=8, since=NINE)


def test_deleting_takes_the_entry_along_and_tells_nothing() -> None:
    change = deleted(a_schedule(), a_tried_due(), NOON)

    assert change.deleted
    assert change == Change(before=a_schedule(), entry_before=a_tried_due(), deleted=change.deleted)
    assert change.deleted == Deleted(schedule=change.deleted.schedule, at=NOON)
    assert change.deleted.schedule.definition == a_schedule().definition


@pytest.mark.parametrize(("entry", "used"), [(None, 1), (a_due(), 0), (a_due(claim=a_claim()), 1)])
def test_a_restored_schedule_gets_a_number_that_no_run_may_have(entry: Entry | None, used: int) -> None:
    gone = deleted(a_schedule(), entry, NOON).deleted
    assert gone
    after = restored(gone, NOON).after

    assert after
    assert after.seq == (entry.seq if entry else a_schedule().seq) + used


def test_what_was_started_is_restored_started_and_counts_from_now_or_from_its_last_occurrence() -> None:
    gone = Deleted(schedule=replace(a_schedule(), last_due=TEN), at=NINE)
    change = restored(gone, JUST_AFTER_NINE)

    assert change.restored is gone
    assert change.after
    assert change.entry_after
    assert change.after.state is State.ACTIVE
    assert change.after.due_at == change.entry_after.due_at > TEN


def test_what_was_stopped_is_restored_stopped() -> None:
    gone = Deleted(schedule=replace(a_schedule(), state=State.STOPPED, due_at=None), at=NINE)

    assert restored(gone, NOON) == Change(after=replace(gone.schedule, etag=""), restored=gone)


def test_what_can_not_be_evaluated_any_more_is_restored_stopped_with_the_reason() -> None:
    schedule = a_schedule()
    broken = replace(schedule.definition, rule=rules.read("0 9 * * *", "Mars/Olympus"))
    after = restored(Deleted(schedule=replace(schedule, definition=broken), at=NINE), NOON).after

    assert after
    assert (after.state, after.due_at) == (State.STOPPED, None)
    assert "Mars/Olympus" in after.problem


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
    last_due: datetime | None, entry: Entry | None, expected: datetime
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
