from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.core.due import Due
from shared.core.runs import RunOutcome
from shared.core.schedules import (
    Change,
    Schedule,
    edited,
)
from tests.unit.builders import (
    DAILY,
    ELEVEN,
    EVERY_SECOND,
    JUST_BEFORE_NINE,
    MINUTE,
    NINE,
    NOON,
    OTHER_TASK,
    TASK,
    TEN,
    a_claim,
    a_definition,
    a_due,
    a_schedule,
    a_stopped_schedule,
    a_tried_due,
)


class TestEdited:
    def test_a_stopped_schedule_stays_stopped_and_may_be_mended(self) -> None:
        schedule = a_stopped_schedule(problem="It was broken.")
        definition = a_definition(cron=DAILY)

        assert edited(schedule, None, definition, NINE) == Change(
            before=schedule, after=a_stopped_schedule(definition=definition)
        )

    def test_what_the_caller_says_of_starting_up_changes_no_state(self) -> None:
        definition = a_definition(startup_state="stop")
        change = edited(a_schedule(), a_due(), definition, NINE)

        assert change == Change(
            before=a_schedule(), after=a_schedule(definition=definition), due_before=a_due(), due_after=a_due()
        )

    @pytest.mark.parametrize(
        "entry",
        [
            a_due(),
            a_due(attempt=2, occurrence=TEN, not_before=ELEVEN, last_error="No connection."),
            a_tried_due(claim=None),
        ],
    )
    @pytest.mark.parametrize("now", [JUST_BEFORE_NINE, ELEVEN + MINUTE])
    def test_when_cron_and_zone_stay_so_does_an_entry_that_nobody_works_on(self, entry: Due, now: datetime) -> None:
        definition = a_definition(name="Costs", task_id=TASK.upper(), tags=None)

        assert edited(a_schedule(), entry, definition, now) == Change(
            before=a_schedule(),
            after=a_schedule(definition=definition),
            due_before=entry,
            due_after=replace(entry, name="Costs", task_id=TASK.upper()),
        )

    @pytest.mark.parametrize("seq", [-1, 3, 7])
    def test_an_entry_whose_number_is_behind_gets_the_schedules(self, seq: int) -> None:
        change = edited(a_schedule(), a_due(seq=seq), a_definition(name="Costs"), JUST_BEFORE_NINE)

        assert change
        assert change.due_after == a_due(name="Costs")

    def test_what_was_tried_of_another_task_is_forgotten(self) -> None:
        entry = a_tried_due(claim=None, last_error="No answer.")
        change = edited(a_schedule(), entry, a_definition(task_id=OTHER_TASK), NOON)

        assert change
        assert change.due_after == a_due(task_id=OTHER_TASK)

    @pytest.mark.parametrize(
        ("changes", "entry", "now", "instant", "seq", "left_out"),
        [
            ({"cron": "*/30 * * * *"}, a_due(), NINE - 31 * MINUTE, NINE - 30 * MINUTE, 7, None),
            ({"cron": "*/30 * * * *"}, a_due(), ELEVEN + MINUTE, ELEVEN + 30 * MINUTE, 8, RunOutcome.MISSED),
            ({"cron": EVERY_SECOND}, a_due(), NINE - 31 * MINUTE, NINE - 30 * MINUTE, 7, None),
            ({"zone": "Asia/Kolkata"}, a_due(), NINE - 31 * MINUTE, NINE - 30 * MINUTE, 7, None),
            ({"zone": "Asia/Kolkata"}, a_due(), NINE, NINE + 30 * MINUTE, 8, RunOutcome.MISSED),
            ({"name": "Costs"}, a_tried_due(), ELEVEN + MINUTE, NOON, 8, RunOutcome.FAILED),
            ({"name": "Costs"}, a_due(claim=a_claim()), JUST_BEFORE_NINE, NINE, 8, None),
            ({"name": "Costs"}, None, NINE, TEN, 8, None),
            # A clock went back: what is being dealt with does not come again.
            ({"name": "Costs"}, a_tried_due(), NINE, NOON, 8, RunOutcome.FAILED),
            ({"cron": "*/30 * * * *"}, a_tried_due(), JUST_BEFORE_NINE, ELEVEN + 30 * MINUTE, 8, None),
        ],
    )
    def test_else_it_counts_from_now_or_from_what_is_being_dealt_with(
        self,
        changes: dict[str, Any],
        entry: Due | None,
        now: datetime,
        instant: datetime,
        seq: int,
        left_out: RunOutcome | None,
    ) -> None:
        definition = a_definition(**changes)
        change = edited(a_schedule(problem="x"), entry, definition, now)

        assert change
        assert replace(change, left_out=None) == Change(
            before=a_schedule(problem="x"),
            after=a_schedule(definition=definition, due=instant, seq=seq),
            due_before=entry,
            due_after=a_due(
                etag="", instant=instant, seq=seq, name=definition.name, cron=definition.cron, zone=definition.zone
            ),
        )
        assert (change.left_out and change.left_out.outcome) == left_out
        assert change.left_out is None or "The schedule was changed before it" in str(change.left_out.reason)

    @pytest.mark.parametrize(
        ("schedule", "entry"),
        [(a_schedule(), a_due()), (a_schedule(), a_tried_due()), (a_stopped_schedule(), None)],
    )
    def test_what_stands_there_already_needs_no_change(self, schedule: Schedule, entry: Due | None) -> None:
        assert edited(schedule, entry, a_definition(), NOON) is None

    def test_a_lost_entry_does(self) -> None:
        change = edited(a_schedule(), None, a_definition(), NINE)

        assert change
        assert change.due_after == a_due(etag="", instant=TEN, seq=8)
