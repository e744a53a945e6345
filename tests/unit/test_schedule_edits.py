from datetime import datetime
from typing import Any

import pytest

from shared.core.entry import Claim, Entry
from shared.core.errors import CallerError
from shared.core.runs import RunOutcome
from shared.core.schedule_changes import edited
from shared.core.schedules import Change, Schedule, State
from tests.saying import saying
from tests.unit.builders import (
    DAILY,
    ELEVEN,
    EVERY_SECOND,
    HOUR,
    JUST_BEFORE_NINE,
    MINUTE,
    NEVER_DUE,
    NINE,
    NOON,
    OTHER_TASK,
    SECOND,
    TASK,
    TEN,
    a_claim,
    a_definition,
    a_due,
    a_schedule,
    a_stopped_schedule,
    a_tried_due,
)

MISSED, UNKNOWN = RunOutcome.MISSED, RunOutcome.UNKNOWN
HALF_HOURLY, IN_INDIA = {"cron": "*/30 * * * *"}, {"zone": "Asia/Kolkata"}


class TestEdited:
    def test_a_stopped_schedule_stays_stopped_and_may_be_mended(self) -> None:
        schedule = a_stopped_schedule(problem="It was broken.")
        definition = a_definition(cron=DAILY)

        assert edited(schedule, None, definition, NINE) == Change(
            before=schedule, after=a_stopped_schedule(definition=definition)
        )

    @pytest.mark.parametrize(
        "entry",
        [
            a_due(),
            a_due(attempt=2, occurrence=TEN, not_before=ELEVEN, last_error="No connection."),
            a_tried_due(claim=None),
            a_tried_due(),
            a_due(claim=a_claim()),
        ],
    )
    @pytest.mark.parametrize("now", [JUST_BEFORE_NINE, ELEVEN + MINUTE])
    def test_when_cron_and_zone_stay_so_does_the_entry_whoever_works_on_it(self, entry: Entry, now: datetime) -> None:
        definition = a_definition(name="Costs", task_id=TASK.upper(), tags=None)

        assert edited(a_schedule(), entry, definition, now) == Change(
            before=a_schedule(),
            after=a_schedule(definition=definition),
            entry_before=entry,
            entry_after=saying(entry, name="Costs", task_id=TASK.upper()),
        )

    @pytest.mark.parametrize("seq", [-1, 3, 7])
    def test_an_entry_whose_number_is_behind_gets_the_schedules(self, seq: int) -> None:
        change = edited(a_schedule(), a_due(seq=seq), a_definition(name="Costs"), JUST_BEFORE_NINE)

        assert change
        assert change.entry_after == a_due(name="Costs")

    def test_what_was_tried_of_another_task_and_failed_is_forgotten(self) -> None:
        entry = a_due(attempt=1, occurrence=NINE, last_error="No connection.")
        change = edited(a_schedule(), entry, a_definition(task_id=OTHER_TASK), NOON)

        assert change
        assert change.entry_after == a_due(task_id=OTHER_TASK)

    @pytest.mark.parametrize("now", [NINE, ELEVEN, NOON, NOON + 9 * HOUR])
    @pytest.mark.parametrize("claim", [a_claim(), None])
    def test_what_may_be_under_way_of_another_task_is_told_and_the_entry_goes_on_after_it(
        self, now: datetime, claim: Claim | None
    ) -> None:
        entry, definition = a_tried_due(claim=claim), a_definition(task_id=OTHER_TASK)
        change = edited(a_schedule(), entry, definition, now)

        assert change
        assert change.after
        [run] = change.after.left_out
        assert (run.seq, run.due, run.outcome, run.missed_count) == (7, ELEVEN, UNKNOWN, 2)
        assert change == Change(
            before=a_schedule(),
            after=a_schedule(definition=definition, due_at=NOON, seq=8, last_due=ELEVEN, last_run=run, left_out=(run,)),
            entry_before=entry,
            entry_after=a_due(due_at=NOON, seq=8, since=ELEVEN, task_id=OTHER_TASK, etag=""),
        )

    def test_where_nothing_comes_after_it_the_schedule_counts_from_now(self) -> None:
        entry = a_tried_due(cron=NEVER_DUE)
        with pytest.raises(CallerError, match="does not come within ten years"):
            edited(a_schedule(), entry, a_definition(task_id=OTHER_TASK, cron=NEVER_DUE), NOON)

    @pytest.mark.parametrize(
        ("changes", "entry", "now", "since", "instant", "left_out"),
        [
            (HALF_HOURLY, a_due(), NINE - 31 * MINUTE, NINE - 31 * MINUTE, NINE - 30 * MINUTE, []),
            (HALF_HOURLY, a_due(), ELEVEN + MINUTE, ELEVEN + MINUTE, ELEVEN + 30 * MINUTE, [(ELEVEN, MISSED, 3)]),
            ({"cron": EVERY_SECOND}, a_due(), NINE - 31 * MINUTE, NINE - 30 * MINUTE - SECOND, NINE - 30 * MINUTE, []),
            (IN_INDIA, a_due(), NINE - 31 * MINUTE, NINE - 31 * MINUTE, NINE - 30 * MINUTE, []),
            (IN_INDIA, a_due(), NINE, NINE, NINE + 30 * MINUTE, [(NINE, MISSED, 1)]),
            (
                HALF_HOURLY,
                a_tried_due(),
                NOON + MINUTE,
                NOON + MINUTE,
                NOON + 30 * MINUTE,
                [(ELEVEN, UNKNOWN, 2), (NOON, MISSED, 1)],
            ),
            # A clock went back: what is being dealt with does not come again.
            (HALF_HOURLY, a_tried_due(), JUST_BEFORE_NINE, ELEVEN, ELEVEN + 30 * MINUTE, [(ELEVEN, UNKNOWN, 2)]),
        ],
    )
    def test_else_it_counts_from_now_or_from_what_is_being_dealt_with(
        self,
        changes: dict[str, Any],
        entry: Entry,
        now: datetime,
        since: datetime,
        instant: datetime,
        left_out: list[tuple[datetime, RunOutcome, int]],
    ) -> None:
        definition, seq = a_definition(**changes), 7 + len(left_out)
        change = edited(a_schedule(problem="x"), entry, definition, now)

        assert change
        assert change.after
        runs = change.after.left_out
        assert [(run.due, run.outcome, run.missed_count) for run in runs] == left_out
        assert [run.seq for run in runs] == list(range(7, seq))
        assert all("The schedule was changed before it" in str(run.reason) for run in runs)
        assert change == Change(
            before=a_schedule(problem="x"),
            after=a_schedule(
                definition=definition,
                due_at=instant,
                seq=seq,
                last_due=runs[-1].due if runs else NINE - HOUR,
                last_run=runs[-1] if runs else None,
                left_out=runs,
            ),
            entry_before=entry,
            entry_after=a_due(
                etag="",
                due_at=instant,
                since=since,
                seq=seq,
                rule=definition.rule,
                target=definition.target,
            ),
        )

    @pytest.mark.parametrize(
        ("schedule", "entry"),
        [(a_schedule(), a_due()), (a_schedule(), a_tried_due()), (a_stopped_schedule(), None)],
    )
    def test_what_stands_there_already_needs_no_change(self, schedule: Schedule, entry: Entry | None) -> None:
        assert edited(schedule, entry, a_definition(), NOON) is None

    def test_a_lost_entry_does(self) -> None:
        change = edited(a_schedule(), None, a_definition(), NINE)

        assert change
        assert change.entry_after == a_due(etag="", due_at=TEN, seq=8, since=NINE)


# What it was, what the caller said and says, and what it is then.
STATES = [
    (State.ACTIVE, "started", "start", State.ACTIVE),
    (State.ACTIVE, "started", "stopped", State.STOPPED),
    (State.ACTIVE, "start", "stop", State.STOPPED),
    (State.ACTIVE, "stopped", "stop", State.STOPPED),  # started by hand; who says stopped means it
    (State.ACTIVE, "stopped", "started", State.ACTIVE),
    (State.STOPPED, "started", "started", State.STOPPED),  # stopped by hand: what was read is only repeated
    (State.STOPPED, "start", "started", State.STOPPED),
    (State.STOPPED, "stop", "started", State.ACTIVE),
    (State.STOPPED, "stopped", "stopped", State.STOPPED),
    (State.STOPPED, "started", "stopped", State.STOPPED),
]


class TestState:
    @pytest.mark.parametrize(("state", "said", "says", "then"), STATES)
    @pytest.mark.parametrize("name", ["Sales", "Costs"])
    def test_it_follows_what_the_caller_says_anew(
        self, state: State, said: str, says: str, then: State, name: str
    ) -> None:
        schedule, entry = in_state(state, said)
        change = edited(schedule, entry, a_definition(startup_state=says, name=name), NINE - MINUTE)
        after = change.after if change else schedule

        assert after
        assert after.state is then
        assert (after.definition.startup_state, after.definition.target.name) == (says, name)
        assert change is None or (change.before, change.entry_before) == (schedule, entry)
        assert (after.due_at is not None) is (then is State.ACTIVE)

    @pytest.mark.parametrize(("state", "said", "says", "then"), STATES)
    def test_it_stays_where_the_caller_wants_it_to(self, state: State, said: str, says: str, then: State) -> None:
        schedule, entry = in_state(state, said)
        change = edited(schedule, entry, a_definition(startup_state=says), NINE - MINUTE, keeps_state=True)
        after = change.after if change else schedule

        assert after
        assert (after.state, after.definition.startup_state) == (state, says), then

    def test_what_was_due_when_it_was_stopped_is_told(self) -> None:
        change = edited(a_schedule(), a_tried_due(), a_definition(startup_state="stop", cron=DAILY), NOON)

        assert change
        assert change.after
        assert [(run.seq, run.due) for run in change.after.left_out] == [(7, ELEVEN), (8, NOON)]
        assert change.entry_after is None


def in_state(state: State, said: str) -> tuple[Schedule, Entry | None]:
    definition = a_definition(startup_state=said)
    if state is State.STOPPED:
        return a_stopped_schedule(definition=definition), None
    return a_schedule(definition=definition), a_due()
