"""The ring of history on Azurite."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.core.runs import MAY_BE_UNDER_WAY, Run, RunOutcome
from shared.storage.history import History
from tests.tables import RING, TEN, Store

ONE = "11111111-1111-4111-8111-111111111111"
OTHER = "11111111-1111-4111-8111-111111111112"


@pytest.fixture
def history(store: Store) -> History:
    """A ring of ten rows."""
    return store.sure.history


def run(seq: int, schedule_id: str = ONE, **changed: Any) -> Run:
    due = TEN + timedelta(hours=seq)
    told = Run(schedule_id=schedule_id, seq=seq, due=due, outcome=RunOutcome.STARTED, started=due, attempt=1)
    return replace(told, **changed)


def tell(history: History, *numbers: int) -> None:
    for seq in numbers:
        history.record([run(seq)])


def numbers(history: History, next_seq: int, limit: int = 1000) -> list[int]:
    return [told.seq for told in history.newest(ONE, next_seq, limit)]


@pytest.mark.parametrize(
    "told",
    [
        run(0),
        run(1, started=TEN + timedelta(hours=1, milliseconds=250), execution_id="e", attempt=7),
        run(2, outcome=RunOutcome.MISSED, started=None, missed_count=100, reason="Not in time: »zu spät« 🕰."),
        run(3, outcome=RunOutcome.FAILED, started=None, attempt=0, reason="'quoted', \"double\" and\nin two lines"),
        run(4, outcome=RunOutcome.NOT_STARTED, started=None),
        run(5, outcome=RunOutcome.DENIED, started=None),
    ],
)
def test_a_run_is_read_as_it_was_recorded(history: History, told: Run) -> None:
    history.record([told])

    assert history.recorded(ONE, told.seq) == told
    assert history.newest(ONE, told.seq + 1, 1) == [told]


def test_a_reason_without_end_is_cut(history: History) -> None:
    history.record([run(0, reason="x" * 70_000)])

    [told] = history.newest(ONE, 1, 1)
    assert told.reason == "x" * 1000


def test_a_run_recorded_twice_stands_once_and_the_last_word_counts(history: History) -> None:
    tell(history, 0, 1, 1)
    history.record([run(1, reason="again")])

    assert numbers(history, 2) == [1, 0]
    assert history.recorded(ONE, 1) == run(1, reason="again")


def test_runs_of_many_schedules_are_recorded_at_once(history: History) -> None:
    runs = [run(0, schedule_id=f"{number:08}-0000-4000-8000-000000000000") for number in range(150)]

    history.record(runs)

    assert [history.newest(told.schedule_id, 1, 10) for told in (runs[0], runs[99], runs[149])] == [
        [runs[0]],
        [runs[99]],
        [runs[149]],
    ]


def test_each_schedule_has_a_ring_of_its_own(history: History) -> None:
    tell(history, *range(3))
    history.record([run(7, OTHER)])

    assert numbers(history, 3) == [2, 1, 0]
    assert history.newest(OTHER, 8, 10) == [run(7, OTHER)]
    assert history.recorded(OTHER, 0) is None


# --- the newest

# What was told of a ring of ten, the number to come, how many are asked for, and what is given.
NEWEST = {
    "nothing yet": (range(0), 0, 5, []),
    "fewer than asked for": (range(3), 3, 5, [2, 1, 0]),
    "as many as asked for": (range(5), 5, 3, [4, 3, 2]),
    "exactly a ring": (range(10), 10, 10, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
    "over the end of the ring": (range(12), 12, 4, [11, 10, 9, 8]),
    "up to the end of the ring": (range(19), 19, 3, [18, 17, 16]),
    "the begin of the ring": (range(21), 21, 1, [20]),
    "a whole ring of more": (range(17), 17, 10, [16, 15, 14, 13, 12, 11, 10, 9, 8, 7]),
    "more than the ring has": (range(17), 17, 100, [16, 15, 14, 13, 12, 11, 10, 9, 8, 7]),
    "the one to come is told already": (range(8), 7, 3, [7, 6, 5]),
    "that one has taken the oldest place": (range(18), 17, 100, [17, 16, 15, 14, 13, 12, 11, 10, 9, 8]),
    "that one, over the end": (range(11), 10, 2, [10, 9]),
    "numbers left out": ([0, 1, 4, 6], 8, 3, [6, 4, 1]),
    "numbers left out over the end": ([5, 8, 12, 13], 14, 4, [13, 12, 8, 5]),
    "the last of them left out": (range(5), 9, 3, [4, 3, 2]),
    "all but the first left out": ([0], 30, 3, [0]),
    "left out and a whole ring": ([*range(12), 13, 14], 15, 100, [14, 13, 11, 10, 9, 8, 7, 6, 5, 2]),
}


@pytest.mark.parametrize(("told", "next_seq", "limit", "given"), NEWEST.values(), ids=NEWEST)
def test_the_newest_are_given_newest_first(
    history: History, told: range, next_seq: int, limit: int, given: list[int]
) -> None:
    tell(history, *told[-12:])

    assert numbers(history, next_seq, limit) == given


# The ring at first, how many were told; the ring then, how many more; and the newest of them all.
RINGS = {
    "larger, nothing since": (4, 6, 10, 0, [5, 4, 3, 2]),
    "larger, grown into": (4, 6, 10, 3, [8, 7, 6]),
    "larger, full": (4, 6, 10, 12, [17, 16, 15, 14, 13, 12, 11, 10, 9, 8]),
    "smaller, nothing since": (10, 12, 4, 0, [11, 10, 9, 8]),
    # The places of 10 and 11, the begin of the old ring, are the begin of the new one too.
    "smaller, grown into": (10, 12, 4, 2, [13, 12, 9, 8]),
    "smaller, full": (10, 12, 4, 6, [17, 16, 15, 14]),
    "one row": (10, 5, 1, 2, [6]),
}


@pytest.mark.parametrize(("ring", "before", "then", "since", "newest"), RINGS.values(), ids=RINGS)
def test_a_ring_of_another_size_goes_on_with_what_there_is(
    history: History, ring: int, before: int, then: int, since: int, newest: list[int]
) -> None:
    tell(replace(history, ring=ring), *range(before))
    changed = replace(history, ring=then)
    tell(changed, *range(before, before + since))

    given = numbers(changed, before + since)

    # What the other ring has left over may follow, but nothing new may be missing and nothing be told twice.
    assert given[: len(newest)] == newest
    assert given == sorted(set(given), reverse=True)
    assert numbers(changed, before + since, limit=1) == newest[:1]


def test_only_its_own_number_counts_as_recorded(history: History) -> None:
    tell(history, 3)

    assert history.recorded(ONE, 3) == run(3)
    assert history.recorded(ONE, 3 + RING) is None
    assert history.recorded(ONE, 4) is None


# --- what others may know better

GUESS: dict[str, Any] = {"outcome": RunOutcome.MISSED, "started": None, "reason": "The schedule was stopped."}


def test_what_nobody_has_told_is_told(history: History) -> None:
    tell(history, 2)
    for guess in (run(0, **GUESS), run(2 + RING, **GUESS)):
        history.record_unless_known(guess)

        assert history.recorded(ONE, guess.seq) == guess


def test_what_was_told_is_left_as_it_is(history: History) -> None:
    tell(history, 5)

    history.record_unless_known(run(5, **GUESS))

    assert history.recorded(ONE, 5) == run(5)


MAY_BE: dict[str, Any] = {
    "outcome": RunOutcome.UNKNOWN,
    "started": None,
    "execution_id": None,
    "reason": f"{MAY_BE_UNDER_WAY} The schedule was stopped.",
}


@pytest.mark.parametrize("outcome", [RunOutcome.FAILED, RunOutcome.UNKNOWN])
def test_whoever_does_not_know_gives_way_to_one_who_does(outcome: RunOutcome, history: History) -> None:
    """Whoever has sent the start knows what came of the sending, though perhaps not what Sense did."""
    guess, sure = run(5, **MAY_BE), run(5, outcome=outcome, started=None, execution_id=None, reason="No answer.")

    assert history.record_unless_known(guess) == guess
    assert history.record_unless_known(sure) == sure
    assert history.record_unless_known(guess) == sure
    assert history.recorded(ONE, 5) == sure


def test_a_change_that_is_told_late_takes_no_place_of_a_later_run(history: History) -> None:
    tell(history, 5 + RING)

    assert history.record_unless_known(run(5, **GUESS)) == run(5, **GUESS)
    assert history.recorded(ONE, 5 + RING) == run(5 + RING)


@pytest.mark.parametrize("earlier", [[], [5]], ids=["an empty place", "the place of an older run"])
def test_what_is_told_meanwhile_is_left_as_it_is(store: Store, earlier: list[int]) -> None:
    seq = 5 + RING
    tell(store.sure.history, *earlier)
    store.meanwhile(lambda: tell(store.sure.history, seq))

    store.shaky.history.record_unless_known(run(seq, **GUESS))

    assert store.sure.history.recorded(ONE, seq) == run(seq)


def test_whoever_knows_has_the_last_word(history: History) -> None:
    history.record_unless_known(run(5, **GUESS))
    tell(history, 5)

    assert history.recorded(ONE, 5) == run(5)


# --- the end


def test_a_forgotten_schedule_has_no_history_and_the_others_have_theirs(store: Store, history: History) -> None:
    for schedule_id in (ONE, OTHER):
        rows = [{"PartitionKey": "history", "RowKey": f"{schedule_id}:{slot:06}"} for slot in range(150)]
        store.raw.submit_transaction([("upsert", row) for row in rows[:100]])
        store.raw.submit_transaction([("upsert", row) for row in rows[100:]])

    history.forget(ONE)

    assert set(store.rows()) == {f"{OTHER}:{slot:06}" for slot in range(150)}
    history.forget(ONE)


@pytest.mark.parametrize("values", [{"due": "soon"}, {"outcome": "exploded"}, {"seq": "5"}, {"missedCount": ""}])
def test_a_run_that_cant_be_read_is_left_out(store: Store, values: dict[str, object]) -> None:
    tell(store.sure.history, 0, 1, 2)
    store.raw.upsert_entity({"PartitionKey": "history", "RowKey": f"{ONE}:000001", **values})

    assert numbers(store.sure.history, 3) == [2, 0]
    assert store.sure.history.recorded(ONE, 1) is None
