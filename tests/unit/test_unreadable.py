"""What is decided about rows that can't be read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.core.entry import Entry
from shared.core.errors import RowUnreadable
from shared.core.listing import by_schedule, entry_of, shown
from shared.core.mending import mended
from shared.core.schedule_changes import activated, deleted, edited, stopped
from shared.core.schedules import Schedule, State
from shared.core.unreadable import Unreadable, UnreadableEntry, readable
from tests.unit.builders import (
    DAILY,
    ELEVEN,
    HOUR,
    NINE,
    OTHER_TASK,
    SECOND,
    TEN,
    a_claim,
    a_definition,
    a_due,
    a_schedule,
    a_stopped_schedule,
)

ROW = Unreadable(key="due:2026-11-23T09:00:00Z:33333333", columns=("taskId is no text", "seq is no number"))
LATE = TEN + 5 * SECOND


def unreadable(**said: Any) -> UnreadableEntry:
    """Return an entry of nine o'clock of which its task and number can't be read."""
    return UnreadableEntry(row=ROW, entry=a_due(**{"task_id": "", "seq": 0, **said}))


def spoilt(**changes: Any) -> Schedule:
    return a_schedule(unreadable=Unreadable(key="schedule:3", columns=("tags is no JSON",)), **changes)


def test_a_problem_names_the_row_the_columns_and_what_to_do() -> None:
    assert ROW.problem == (
        "The row due:2026-11-23T09:00:00Z:33333333 in storage can't be read (taskId is no text; seq is no number). "
        "Correct it there, and the schedule goes on by itself; or stop or delete the schedule."
    )


def test_what_cant_be_read_is_shown_as_the_problem_of_its_schedule() -> None:
    assert shown(a_schedule(), a_due()) == a_schedule()
    assert shown(a_stopped_schedule(problem="gone"), None).problem == "gone"
    assert shown(a_schedule(problem="old"), unreadable()).problem == ROW.problem
    assert shown(spoilt(), unreadable()).problem.startswith("The row schedule:3 in storage can't be read (tags is")


def test_an_entry_is_found_for_its_schedule_and_for_one_that_cant_be_read_any() -> None:
    at_nine, at_ten = unreadable(), a_due(due_at=TEN)
    entries = by_schedule([at_nine, at_ten, a_due(schedule_id="other")])[a_due().schedule_id]

    assert entries == [at_nine, at_ten]
    assert [entry_of(a_schedule(due_at=instant), entries) for instant in (NINE, TEN, ELEVEN)] == [at_nine, at_ten, None]
    assert entry_of(spoilt(due_at=None), entries) == at_nine
    assert entry_of(spoilt(due_at=None), []) is None


@pytest.mark.parametrize(
    ("said", "seq"), [({}, 8), ({"seq": 9}, 10), ({"seq": 9, "tried_since": NINE, "occurrence": NINE}, 9)]
)
def test_a_stop_tells_what_was_due_under_a_number_that_nobody_has(said: dict[str, Any], seq: int) -> None:
    change = stopped(a_schedule(due_at=NINE, seq=7), unreadable(**said), LATE)

    assert change is not None
    assert change.after is not None
    assert change.entry_before is not None
    first = change.after.left_out[0]
    assert (change.after.state, change.after.due_at) == (State.STOPPED, None)
    assert (change.entry_before.etag, change.entry_before.due_at) == ("due 1", NINE)
    assert first.seq == seq
    # By the rule of the schedule: at nine and at ten.
    assert sum(run.missed_count for run in change.after.left_out) + (first.outcome == "unknown") == 2
    assert change.after.seq > change.after.left_out[-1].seq


def test_a_schedule_that_cant_be_read_is_stopped_and_deleted_and_nothing_else() -> None:
    change = stopped(spoilt(due_at=NINE), a_due(), NINE - HOUR)

    assert change is not None
    assert change.after is not None
    assert change.after.state is State.STOPPED
    assert deleted(spoilt(due_at=NINE), unreadable(), LATE).entry_before is not None
    refused: list[Callable[[], object]] = [
        lambda: activated(spoilt(state=State.STOPPED, due_at=None), LATE),
        lambda: edited(spoilt(due_at=NINE), a_due(), a_definition(), LATE),
    ]
    for act in refused:
        with pytest.raises(RowUnreadable, match="schedule:3 in storage can't be read"):
            act()


@pytest.mark.parametrize("said", [{}, {"name": "Renamed"}, {"task_id": OTHER_TASK}], ids=str)
def test_an_edit_writes_an_entry_anew_that_cant_be_read(said: dict[str, str]) -> None:
    schedule = a_schedule(due_at=NINE, seq=7)

    change = edited(schedule, unreadable(), a_definition(**said), LATE)

    assert change is not None
    assert change.after is not None
    definition = a_definition(**said)
    assert change.entry_after == a_due(target=definition.target, seq=8)
    assert (change.after.seq, change.after.due_at) == (8, NINE)
    assert edited(schedule, a_due(name="Sales"), schedule.definition, LATE) is None


def test_an_edit_to_another_time_carries_on_what_is_not_known_of_an_entry() -> None:
    entry = a_due(unknown={"theirs": "kept"})

    change = edited(a_schedule(due_at=NINE), entry, a_definition(cron=DAILY), LATE)

    assert change is not None
    assert change.entry_after is not None
    assert change.entry_after.unknown == {"theirs": "kept"}
    assert change.entry_after.due_at > NINE


@pytest.mark.parametrize(
    ("schedule", "entries", "removed"),
    [
        (a_schedule(due_at=NINE), [unreadable()], []),
        (a_schedule(due_at=NINE), [unreadable(), a_due(due_at=TEN)], [TEN]),
        (a_schedule(due_at=TEN), [unreadable(), a_due(due_at=TEN, since=NINE)], [NINE]),
        (a_stopped_schedule(), [unreadable()], [NINE]),
        (spoilt(due_at=TEN), [unreadable(), a_due(due_at=TEN)], []),
        (replace(spoilt(), state=State.STOPPED), [a_due()], []),
    ],
)
def test_what_cant_be_read_is_left_alone_but_where_no_schedule_points_to_it(
    schedule: Schedule, entries: list[Entry | UnreadableEntry], removed: list[Any]
) -> None:
    changes = mended(schedule, entries, NINE - 2 * HOUR)

    assert [change.entry_before and change.entry_before.due_at for change in changes] == removed
    assert [change.entry_after for change in changes] == [None] * len(removed)


def test_a_lost_entry_is_put_right_in_the_place_of_one_that_cant_be_read() -> None:
    stray = unreadable(due_at=ELEVEN, cron="", unknown={"theirs": "kept"}, claim=a_claim())

    [change] = mended(a_schedule(due_at=NINE, seq=7), [stray], NINE - 2 * HOUR)

    assert change.entry_before == readable(stray)
    assert change.entry_after is not None
    assert (change.entry_after.due_at, change.entry_after.seq, change.entry_after.unknown) == (
        NINE,
        8,
        {"theirs": "kept"},
    )
