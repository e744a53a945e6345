from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.core.entry import Entry
from shared.core.mending import mended, planned
from shared.core.schedules import Change, Schedule, State
from tests.unit.builders import (
    DAILY,
    DAY,
    ELEVEN,
    HOUR,
    JUST_BEFORE_NINE,
    MILLISECOND,
    MINUTE,
    NEVER_DUE,
    NINE,
    NOON,
    SECOND,
    TEN,
    a_claim,
    a_definition,
    a_due,
    a_schedule,
    a_stopped_schedule,
    a_tried_due,
)

STRAY = a_due(due_at=NINE - HOUR, etag="stray")
LATER_STRAY = a_due(due_at=NOON, seq=9, etag="later stray")


def after_the_first(changes: list[Change], entries: list[Entry]) -> tuple[Schedule, list[Entry]]:
    """Return what is stored once the first change is written: the others were made for the schedule as it was."""
    change = changes[0]
    assert change.after
    left = [due for due in entries if due != change.entry_before]
    return change.after, [*left, change.entry_after] if change.entry_after else left


class TestWhatAgrees:
    @pytest.mark.parametrize(
        ("schedule", "entries"),
        [
            (a_schedule(), [a_due()]),
            (a_schedule(), [a_due(claim=a_claim())]),
            (a_schedule(due_at=NINE, last_due=ELEVEN), [a_tried_due(claim=None)]),
            (a_stopped_schedule(), []),
        ],
    )
    def test_it_stays_as_it_is(self, schedule: Schedule, entries: list[Entry]) -> None:
        assert mended(schedule, entries, JUST_BEFORE_NINE) == []


class TestEntriesTooMany:
    def test_a_stopped_schedule_has_none(self) -> None:
        schedule = a_stopped_schedule()

        assert mended(schedule, [STRAY, a_due()], JUST_BEFORE_NINE) == [
            Change(before=schedule, after=schedule, entry_before=STRAY),
            Change(before=schedule, after=schedule, entry_before=a_due()),
        ]

    def test_a_started_one_has_the_one_that_it_points_to(self) -> None:
        assert mended(a_schedule(), [STRAY, a_due(), LATER_STRAY], JUST_BEFORE_NINE) == [
            Change(before=a_schedule(), after=a_schedule(), entry_before=STRAY),
            Change(before=a_schedule(), after=a_schedule(), entry_before=LATER_STRAY),
        ]


class TestEntryLost:
    @pytest.mark.parametrize("now", [JUST_BEFORE_NINE, ELEVEN])
    @pytest.mark.parametrize(("seq", "unused"), [(0, 1), (7, 8)])
    def test_it_is_put_back_where_it_stood_under_a_number_that_nobody_can_have_used(
        self, now: datetime, seq: int, unused: int
    ) -> None:
        assert mended(a_schedule(seq=seq), [], now) == [
            Change(before=a_schedule(seq=seq), after=a_schedule(seq=unused), entry_after=a_due(seq=unused, etag=""))
        ]

    @pytest.mark.parametrize(("last_due", "instant"), [(None, TEN), (NINE - HOUR, TEN), (TEN, ELEVEN)])
    def test_where_nobody_knows_where_it_stood_it_counts_from_now_or_the_last_occurrence(
        self, last_due: datetime | None, instant: datetime
    ) -> None:
        schedule = a_schedule(due_at=None, last_due=last_due)

        assert mended(schedule, [], NINE) == [
            Change(
                before=schedule,
                after=a_schedule(due_at=instant, last_due=last_due, seq=8),
                entry_after=a_due(due_at=instant, seq=8, etag=""),
            )
        ]

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"cron": "61 * * * *"}, "minute '61'"),
            ({"zone": "Mars/Olympus"}, "timezone: 'Mars/Olympus'"),
            ({"cron": NEVER_DUE}, "the date it names does not come within ten years"),
        ],
    )
    @pytest.mark.parametrize("entries", [[], [STRAY], [LATER_STRAY, STRAY]])
    def test_a_schedule_that_can_not_be_evaluated_is_stopped_and_says_why_and_a_stray_entry_goes(
        self, changes: dict[str, Any], problem: str, entries: list[Entry]
    ) -> None:
        schedule = a_schedule(definition=a_definition(**changes))
        (change,) = mended(schedule, entries, NINE)

        assert change.after
        assert replace(change.after, problem="") == replace(schedule, state=State.STOPPED, due_at=None)
        assert problem in change.after.problem
        assert (change.before, change.entry_before, change.entry_after) == (schedule, STRAY if entries else None, None)


class TestEntryElsewhere:
    @pytest.mark.parametrize("schedule", [a_schedule(), a_schedule(due_at=None), a_schedule(seq=20)])
    @pytest.mark.parametrize("entries", [[STRAY], [LATER_STRAY], [LATER_STRAY, STRAY]])
    def test_one_change_makes_schedule_and_entry_agree(self, schedule: Schedule, entries: list[Entry]) -> None:
        stored, left = after_the_first(mended(schedule, entries, JUST_BEFORE_NINE), entries)

        assert stored.state is State.ACTIVE
        assert [due.seq for due in left if due.due_at == stored.due_at] == [stored.seq]
        assert stored.seq >= schedule.seq

    def test_the_rest_goes_the_next_day(self) -> None:
        entries = [STRAY, LATER_STRAY]
        stored, left = after_the_first(mended(a_schedule(), entries, JUST_BEFORE_NINE), entries)
        stored, left = after_the_first(mended(stored, left, JUST_BEFORE_NINE), left)

        assert [due.due_at for due in left] == [stored.due_at]
        assert mended(stored, left, JUST_BEFORE_NINE) == []

    @pytest.mark.parametrize(
        ("stray", "instant", "seq"),
        [
            (STRAY, STRAY.due_at, 8),
            (LATER_STRAY, NOON, 10),
            # Of another rule: it would go on to fire what the schedule does not say any more.
            (a_due(due_at=TEN, cron=DAILY), NINE, 8),
            (a_due(due_at=TEN, zone="Asia/Kolkata"), NINE, 8),
        ],
    )
    def test_its_instant_stays_where_it_is_of_the_same_rule(self, stray: Entry, instant: datetime, seq: int) -> None:
        assert mended(a_schedule(), [stray], JUST_BEFORE_NINE) == [
            Change(
                before=a_schedule(),
                after=a_schedule(due_at=instant, seq=seq),
                entry_before=stray,
                entry_after=a_due(due_at=instant, seq=seq, etag=""),
            )
        ]


class TestZoneRulesChanged:
    """Nine in Stockholm was nine in UTC under the old rules and is eight under the new."""

    def stored(self, **changes: Any) -> tuple[Schedule, Entry]:
        definition = a_definition(cron=DAILY, zone="Europe/Stockholm")
        entry = a_due(cron=DAILY, zone="Europe/Stockholm", **changes)
        return a_schedule(definition=definition, last_due=NINE - DAY, due_at=entry.due_at), entry

    @pytest.mark.parametrize(
        ("now", "instant"),
        [
            (NINE - 9 * HOUR, NINE - HOUR),
            (NINE - 50 * MINUTE, NINE - HOUR),  # today's is over, and was never started
            (NINE - 65 * SECOND - MILLISECOND, NINE - HOUR),
        ],
    )
    @pytest.mark.parametrize("since", [NINE - DAY, None])
    def test_an_entry_moves_to_the_first_instant_that_was_not_dealt_with(
        self, now: datetime, instant: datetime, since: datetime | None
    ) -> None:
        schedule, entry = self.stored(since=since)

        assert mended(schedule, [entry], now) == [
            Change(
                before=schedule,
                after=replace(schedule, due_at=instant),
                entry_before=entry,
                entry_after=replace(entry, due_at=instant),
            )
        ]

    @pytest.mark.parametrize(
        ("changes", "instant"),
        [
            ({"created": NINE - HOUR}, NINE + 23 * HOUR),  # today's was before its time
            ({"last_due": None, "created": NINE - 40 * DAY}, NINE - HOUR),
        ],
    )
    def test_the_version_before_did_not_say_since_when_it_counts_and_then_one_is_made_up_at_most(
        self, changes: dict[str, Any], instant: datetime
    ) -> None:
        schedule, entry = self.stored()

        assert planned(replace(schedule, **changes), entry) == instant

    def test_an_entry_of_the_version_before_that_is_right_stays_whatever_came_before_it(self) -> None:
        restarted = a_schedule(last_due=NINE - 5 * HOUR)

        assert planned(restarted, a_due()) == NINE
        assert mended(restarted, [a_due()], NINE - 10 * MINUTE) == []

    @pytest.mark.parametrize(("last_due", "occurrence"), [(NINE - HOUR, None), (NINE - DAY, NINE - HOUR)])
    def test_it_does_not_move_before_what_was_dealt_with_or_tried_where_a_clock_went_back(
        self, last_due: datetime, occurrence: datetime | None
    ) -> None:
        schedule, entry = self.stored(occurrence=occurrence)
        (change,) = mended(replace(schedule, last_due=last_due), [entry], NINE - 9 * HOUR)

        assert change.entry_after == replace(entry, due_at=NINE + 23 * HOUR)

    @pytest.mark.parametrize(
        ("changes", "now"),
        [
            ({}, NINE - 65 * SECOND),  # the tick of the minute before may have begun
            ({}, NINE + HOUR),
            ({"claim": a_claim()}, NINE - 9 * HOUR),
            ({"attempt": 1, "last_error": "x"}, NINE - 9 * HOUR),
            ({"due_at": NINE - HOUR}, NINE - 9 * HOUR),  # right already
        ],
    )
    def test_an_entry_that_is_right_or_in_somebodys_hands_stays(self, changes: dict[str, Any], now: datetime) -> None:
        schedule, entry = self.stored(**changes)

        assert mended(schedule, [entry], now) == []

    @pytest.mark.parametrize("changes", [{"cron": "61 * * * *"}, {"zone": "Mars/Olympus"}, {"cron": NEVER_DUE}])
    def test_one_that_can_not_be_evaluated_is_told_when_it_is_due(self, changes: dict[str, Any]) -> None:
        assert mended(a_schedule(), [a_due(**changes)], NINE - 9 * HOUR) == []
