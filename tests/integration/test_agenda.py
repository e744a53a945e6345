"""The agenda on Azurite: what ticks and writers do to it at the same time."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from sandbox.faulty.faults import Kind
from shared.core.endings import Ending
from shared.core.entry import Entry
from shared.core.schedules import Schedule
from tests.saying import saying
from tests.tables import (
    DO,
    ELEVEN,
    FAR_AWAY,
    TEN,
    Row,
    Store,
    a_run,
    claimed,
    dealt_with,
    every,
)

# What callers do to five schedules meanwhile.
WRITERS = [["stop"], ["stop", "start"], ["rename"], ["replan"], ["delete"]]
RENAMED = WRITERS.index(["rename"])


def change(store: Store, dues: list[Entry]) -> dict[str, Row]:
    """Change the schedules of five entries, and return their rows as they are then."""
    for due, steps in zip(dues, WRITERS, strict=True):
        for step in steps:
            DO[step](store.sure.manage, due.schedule_id)
    return store.rows(*ids(dues))


def ids(dues: list[Entry]) -> list[str]:
    return sorted(due.schedule_id for due in dues)


def ids_of(schedules: list[Schedule]) -> list[str]:
    return sorted(schedule.id for schedule in schedules)


# --- what is due


def test_the_agenda_gives_what_is_due_before_the_end_in_the_order_of_time(store: Store) -> None:
    [at_eleven] = store.keep(1, cron="0 11 * * *", zone="UTC")
    [at_ten] = store.keep(1)
    [at_five_past] = store.keep(1, cron="5 * * * *")
    store.keep(3, startup_state="stopped")

    def until(end: datetime) -> list[str]:
        return [due.schedule_id for due in store.sure.agenda.until(end)]

    assert until(TEN) == []
    assert until(TEN + timedelta(milliseconds=1)) == [at_ten.id]
    assert until(TEN + timedelta(seconds=1)) == [at_ten.id]
    assert until(ELEVEN) == [at_ten.id, at_five_past.id]
    assert until(FAR_AWAY) == [at_ten.id, at_five_past.id, at_eleven.id]


def test_an_entry_is_read_as_it_was_written(store: Store) -> None:
    store.keep(1, name="Jede Stunde ½")
    tried = saying(
        claimed(store.due()[0], owner="me"),
        occurrence=ELEVEN,
        tried_since=TEN + timedelta(microseconds=123456),
        not_before=TEN + timedelta(minutes=1),
        last_error="Sense can't be reached.",
        attempt=3,
    )

    [ours] = store.sure.agenda.claim([tried])

    assert store.due() == [ours]
    assert ours == replace(tried, etag=ours.etag)


UNREADABLE_KEYS = [
    "due:2026-11-22:x",
    "due:2026-11-22T10:00:00Z",
    "due:2026-02-30T10:00:00Z:x",
    "due:2026-11-22T10:00:00:x",
    # These can be read, but whoever writes to them makes another key of what they say.
    "due:2026-11-22T10:00:00.000000Z:x",
    "due:2026-11-22T10:00:00+00:00:x",
]


def test_entries_whose_keys_cant_be_read_are_left_out_and_told_of(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    kept = store.keep(3)
    for key in UNREADABLE_KEYS:
        store.write(key, taskId="x", cron="0 * * * *", zone="UTC", seq=0)

    readable = store.due()

    assert ids(readable) == ids_of(kept)
    assert [key for key in UNREADABLE_KEYS if f"Row {key} is" not in caplog.text] == []


POISONED: list[dict[str, object]] = [{"zone": "Nowhere/At_All"}, {"cron": "? ?"}, {"cron": ""}]


def test_entries_whose_rule_cant_be_evaluated_come_to_an_end_and_the_others_go_on(store: Store) -> None:
    going_on, poisoned = store.keep(2), store.keep(len(POISONED))
    for schedule, values in zip(poisoned, POISONED, strict=True):
        store.write(f"due:2026-11-22T10:00:00Z:{schedule.id}", **values)

    taken = store.claim(TEN + timedelta(seconds=1))

    assert ids([done.entry for done in taken.endings]) == ids_of(poisoned)
    store.sure.agenda.advance([*taken.endings, *(dealt_with(each.entry) for each in taken.tries)])
    assert {(due.schedule_id, due.due_at) for due in store.due()} == {(each.id, ELEVEN) for each in going_on}
    stopped = [kept for kept in store.sure.manage.all() if kept.state == "stopped" and kept.problem]
    assert ids_of(stopped) == ids_of(poisoned)
    assert store.disagreements() == []


UNREADABLE: list[dict[str, object]] = [
    {"taskId": 5},
    {"seq": "five"},
    {"attempt": "1"},
    {"owner": "me", "leaseUntil": "soon"},
    {"triedSince": "2026-11-22T10:00:00"},
]


def test_entries_whose_content_cant_be_read_are_passed_over_and_the_others_go_on(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    going_on, broken = store.keep(2), store.keep(len(UNREADABLE))
    for schedule, values in zip(broken, UNREADABLE, strict=True):
        store.write(f"due:2026-11-22T10:00:00Z:{schedule.id}", **values)
    before = store.rows(*(schedule.id for schedule in broken))

    taken = store.claim(TEN + timedelta(seconds=1))
    store.sure.agenda.advance([dealt_with(each.entry) for each in taken.tries])

    assert {(due.schedule_id, due.due_at) for due in store.due()} == {(each.id, ELEVEN) for each in going_on}
    assert store.rows(*(schedule.id for schedule in broken)) == before
    told = [vars(each)["key"] for each in caplog.records if vars(each).get("action") == "row_unreadable"]
    # Read many times, told once.
    assert sorted(told) == sorted(key for key in before if key.startswith("due:"))


def test_an_entry_that_is_spoilt_while_a_tick_has_it_stays_where_it_is(store: Store) -> None:
    [won] = won_all(store, 1)
    store.write(f"due:2026-11-22T10:00:00Z:{won.schedule_id}", taskId=5)
    before = store.rows("due:")

    assert store.sure.agenda.advance([dealt_with(won)]) == []
    assert store.rows("due:") == before
    assert [kept.last_run for kept in store.sure.schedules.all()] != [None]


def test_the_heartbeat_is_written_over_and_tells_the_time_of_storage(store: Store) -> None:
    store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "ended": ""})
    told = store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "ended": "2026-11-22T10:00:07.000Z"})

    assert store.rows()["heartbeat"]["ended"] == "2026-11-22T10:00:07.000Z"
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=10)


# --- claims

NONE: Mapping[Kind, int] = {}
# Which of how many transactions are hit.
LOST_ANSWERS: Mapping[Kind, int] = {"cut": 3, "busy_after": 5, "late": 7}
# For each of the ticks that meet: how many it claims at once, and at which of the free ones it begins.
MEETINGS = {
    "two at the same": [(100, 0), (100, 0)],
    "two that overlap": [(3, 0), (4, 2)],
    "three of all sizes": [(1, 0), (2, 1), (8, 0)],
}


@pytest.mark.parametrize(("rounds", "faults"), [(4, NONE), (2, LOST_ANSWERS)], ids=["", "answers get lost"])
@pytest.mark.parametrize("ticks", MEETINGS.values(), ids=MEETINGS)
def test_of_ticks_that_meet_each_entry_is_won_by_exactly_one(
    store: Store, ticks: list[tuple[int, int]], rounds: int, faults: Mapping[Kind, int]
) -> None:
    entries = ids_of(store.keep(8))
    for kind, each in faults.items():
        store.faulty.fault(kind, match=every(each), seconds=0.02)
    together = Barrier(len(ticks))

    def tick(owner: str, size: int, begin: int) -> list[Entry]:
        won: list[Entry] = []
        together.wait()
        while free := [due for due in store.shaky.agenda.until(FAR_AWAY) if due.claim is None]:
            wanted = [claimed(due, owner) for due in free[begin:] + free[:begin]]
            for start in range(0, len(wanted), size):
                won += store.shaky.agenda.claim(wanted[start : start + size])
        return won

    with ThreadPoolExecutor(len(ticks)) as pool:
        for number in range(rounds):
            owners = [f"{number}/{tick}" for tick in range(len(ticks))]
            won = list(pool.map(tick, owners, *zip(*ticks, strict=True)))

            assert sorted(id_ for each in won for id_ in ids(each)) == entries
            stands = {(due.schedule_id, due.claim and due.claim.owner, due.etag) for due in store.due()}
            assert stands == {
                (due.schedule_id, due.claim and due.claim.owner, due.etag) for each in won for due in each
            }
            store.sure.agenda.give_back([replace(due, claim=None) for each in won for due in each])


def test_a_hundred_entries_are_claimed_in_one_transaction(store: Store) -> None:
    store.keep(100)
    found = store.shaky.agenda.until(FAR_AWAY)
    store.faulty.forget()

    won = store.shaky.agenda.claim([claimed(due) for due in found])

    assert store.due() == won
    assert store.faulty.transactions == 1


def test_what_was_read_before_another_claim_loses(store: Store) -> None:
    store.keep(3)
    read = store.due()
    others = store.sure.agenda.claim([claimed(read[1], "another tick")])

    won = store.sure.agenda.claim([claimed(due, "me") for due in read])

    assert ids(won) == ids([read[0], read[2]])
    assert [due for due in store.due() if due.schedule_id == read[1].schedule_id] == others
    assert store.sure.agenda.claim([claimed(due, "me") for due in read[1:2]]) == []


def test_what_was_changed_since_it_was_read_is_not_claimed_and_the_others_are(store: Store) -> None:
    store.keep(9)
    read = store.due()
    changed = change(store, read[2:7])

    won = store.sure.agenda.claim([claimed(due) for due in read])

    assert ids(won) == ids([*read[:2], *read[7:]])
    assert store.rows(*ids(read[2:7])) == changed
    assert store.disagreements() == []


# --- giving back


def free(dues: list[Entry]) -> list[Entry]:
    """Return entries as they are after a try that failed."""
    not_before = TEN + timedelta(minutes=1)
    return [saying(due, claim=None, not_before=not_before, last_error="Sense can't be reached.") for due in dues]


def returned(dues: list[Entry]) -> list[Entry]:
    """Return entries as a tick gives them back: it still names its claim."""
    return [replace(free_one, claim=due.claim) for due, free_one in zip(dues, free(dues), strict=True)]


def said(found: dict[str, Row]) -> dict[str, object]:
    """Return what rows say but for the last run, of which a schedule is told."""
    apart = {"etag", "lastRun", "lastDue"}
    return {key: {name: value for name, value in row.items() if name not in apart} for key, row in found.items()}


def won_all(store: Store, count: int) -> list[Entry]:
    store.keep(count)
    found = [claimed(due) for due in store.due()]
    return [due for start in range(0, count, 100) for due in store.sure.agenda.claim(found[start : start + 100])]


def test_entries_are_given_back_and_can_be_claimed_again(store: Store) -> None:
    given = store.sure.agenda.give_back(free(won_all(store, 110)))

    assert given == store.due()
    assert {(due.claim, due.tries.last_error) for due in given} == {(None, "Sense can't be reached.")}
    again = [claimed(due, "another tick") for due in given[:100]]
    assert ids(store.sure.agenda.claim(again)) == ids(again)


def test_giving_back_twice_does_no_harm(store: Store) -> None:
    returned = free(won_all(store, 3))
    given = store.sure.agenda.give_back(returned)
    before = store.rows()

    assert store.sure.agenda.give_back(returned) == given
    assert store.rows() == before


def test_what_was_changed_meanwhile_is_not_given_back_and_the_others_are(store: Store) -> None:
    won = won_all(store, 9)
    changed = change(store, won[2:7])

    given = store.sure.agenda.give_back(returned(won))

    # One that was renamed stands under its claim as before.
    renamed = won[2 + RENAMED]
    assert ids(given) == ids([*won[:2], renamed, *won[7:]])
    assert [(due.target.name, due.claim) for due in given if due.schedule_id == renamed.schedule_id] == [
        ("Renamed", None)
    ]
    away = ids([due for due in won[2:7] if due != renamed])
    assert store.rows(*away) == {key: row for key, row in changed.items() if any(one in key for one in away)}
    assert store.disagreements() == []


def test_what_another_tick_has_taken_over_is_not_given_back(store: Store) -> None:
    won = won_all(store, 3)
    taken_over = store.sure.agenda.claim([claimed(won[0], "another tick")])

    given = store.sure.agenda.give_back(free(won))

    assert ids(given) == ids(won[1:])
    assert taken_over[0] in store.due()


# --- moving on


def test_each_entry_makes_place_for_the_next_and_its_schedule_tells(store: Store) -> None:
    endings = [dealt_with(due) for due in won_all(store, 70)]

    moved = store.sure.agenda.advance(endings)

    assert store.due() == sorted(moved, key=lambda due: due.schedule_id)
    assert {(due.due_at, due.seq, due.claim, due.tries.attempt) for due in moved} == {(ELEVEN, 1, None, 0)}
    assert store.disagreements() == []
    runs = {done.entry.schedule_id: done.run for done in endings}
    assert all(kept.last_run == runs[kept.id] and kept.last_due == TEN for kept in store.sure.schedules.all())


def test_what_was_moved_can_be_claimed_at_once(store: Store) -> None:
    moved = store.sure.agenda.advance([dealt_with(due) for due in won_all(store, 40)])

    won = store.sure.agenda.claim([claimed(due, "another tick") for due in moved])

    assert ids(won) == ids(moved)


def test_what_was_changed_meanwhile_is_not_moved_and_the_others_are(store: Store) -> None:
    won = won_all(store, 40)
    # The first and last of a transaction and of all, and one within.
    taken = [won[place] for place in (0, 20, 32, 33, 39)]
    changed = change(store, taken)

    moved = store.sure.agenda.advance([dealt_with(due) for due in won])

    # One that was renamed stands under its claim as before.
    away = [due for due in taken if due != taken[RENAMED]]
    assert ids(moved) == ids([due for due in won if due not in away])
    assert {(due.due_at, due.target.name) for due in moved} == {(ELEVEN, "Every hour"), (ELEVEN, "Renamed")}
    assert said(store.rows(*ids(away))) == said({key: changed[key] for key in store.rows(*ids(away))})
    assert store.disagreements() == []


@pytest.mark.parametrize("steps", [*WRITERS[:2], WRITERS[3]], ids="-".join)
def test_what_became_of_an_entry_that_somebody_took_away_is_told_by_its_schedule(
    store: Store, steps: list[str]
) -> None:
    [due] = won_all(store, 1)
    for step in steps:
        DO[step](store.sure.manage, due.schedule_id)
    end = dealt_with(due)

    store.sure.agenda.advance([end])

    [kept] = store.sure.schedules.all()
    assert (kept.last_run, kept.last_due) == (end.run, TEN)
    assert store.disagreements() == []


def test_a_newer_run_is_not_overtaken_by_one_that_is_told_late(store: Store) -> None:
    [due] = won_all(store, 1)
    [moved] = store.sure.agenda.advance([dealt_with(due)])
    newer = dealt_with(store.sure.agenda.claim([claimed(moved)])[0])
    store.sure.agenda.advance([newer])

    store.sure.agenda.set_last_run(a_run(due))

    assert [kept.last_run for kept in store.sure.schedules.all()] == [newer.run]


def test_of_a_schedule_that_is_gone_nothing_is_told(store: Store) -> None:
    [due] = won_all(store, 1)
    DO["delete"](store.sure.manage, due.schedule_id)

    store.sure.agenda.set_last_run(a_run(due))

    assert store.rows("schedule:") == {}


def test_a_schedule_that_others_change_all_the_time_is_told_of_its_run_all_the_same(store: Store) -> None:
    [due] = won_all(store, 1)
    store.meanwhile(lambda: DO["stop"](store.sure.manage, due.schedule_id))
    end = dealt_with(due)

    store.shaky.agenda.set_last_run(end.run or a_run(due))

    [kept] = store.sure.schedules.all()
    assert (kept.state, kept.last_run) == ("stopped", end.run)


def test_moving_again_does_no_harm_and_gives_what_stands_there(store: Store) -> None:
    endings = [dealt_with(due) for due in won_all(store, 3)]
    moved = store.sure.agenda.advance(endings)
    taken = store.sure.agenda.claim([claimed(moved[0], "another tick")])
    before = store.rows()

    assert store.sure.agenda.advance(endings) == [*taken, *moved[1:]]
    assert store.rows() == before


def test_a_schedule_that_is_never_due_again_is_stopped_and_says_why(store: Store) -> None:
    [due] = won_all(store, 1)

    moved = store.sure.agenda.advance([Ending(entry=due, run=a_run(due), next_instant=None, problem="It ends.")])

    [kept] = store.sure.schedules.all()
    assert (moved, store.due(), store.disagreements()) == ([], [], [])
    assert (kept.state, kept.due_at, kept.seq, kept.problem) == ("stopped", None, 1, "It ends.")


def test_an_instant_that_is_none_makes_place_without_a_run(store: Store) -> None:
    [due] = won_all(store, 1)

    [moved] = store.sure.agenda.advance([Ending(entry=due, run=None, next_instant=ELEVEN)])

    [kept] = store.sure.schedules.all()
    assert (moved.seq, kept.seq, kept.last_run, kept.last_due) == (0, 0, None, None)
    assert store.disagreements() == []


@pytest.mark.parametrize("next_instant", [ELEVEN, None])
def test_the_entry_of_a_schedule_that_is_lost_goes_and_the_others_move(
    store: Store, next_instant: datetime | None
) -> None:
    won = won_all(store, 5)
    store.remove(f"schedule:{won[2].schedule_id}")

    moved = store.sure.agenda.advance([replace(dealt_with(due), next_instant=next_instant) for due in won])

    assert ids(moved) == (ids([*won[:2], *won[3:]]) if next_instant else [])
    assert store.rows(won[2].schedule_id) == {}
    assert store.disagreements() == []


def test_an_entry_whose_place_is_taken_stays_for_the_daily_check_and_the_others_move(store: Store) -> None:
    won = won_all(store, 3)
    store.write(f"due:2026-11-22T11:00:00Z:{won[0].schedule_id}", taskId="x")

    moved = store.sure.agenda.advance([dealt_with(due) for due in won])

    assert ids(moved) == ids(won[1:])
    assert won[0] in store.due()
