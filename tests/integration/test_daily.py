"""What is mended once a day, on Azurite, and what is left alone."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

import pytest

from sandbox.faulty.faults import TRANSACTION
from sandbox.faulty.messages import answer
from shared.core.errors import StorageError
from shared.core.key_values import KeyValue
from shared.core.schedules import State
from shared.storage.key_values import KeyValueStore
from tests.tables import (
    APP1,
    DO,
    ELEVEN,
    SHORTLY_BEFORE_TEN,
    TEN,
    Store,
    a_run,
    claimed,
    dealt_with,
)

NOW = SHORTLY_BEFORE_TEN
UNKNOWN = "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b"
HALF_PAST = "2026-11-22T10:30:00Z"
AT_TEN = "2026-11-22T10:00:00Z"


@pytest.fixture
def mended(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Which schedules were told to be mended."""

    def told() -> list[str]:
        return [vars(each)["schedule_id"] for each in caplog.records if vars(each).get("action") == "agenda_mended"]

    return told


def entry(store: Store, schedule_id: str, instant: str, **values: object) -> None:
    """Put an entry on the agenda by hand."""
    said = {"name": "Every hour", "cron": "0 * * * *", "zone": "Europe/Berlin", "taskId": APP1, "seq": 0, "attempt": 0}
    texts = dict.fromkeys(("owner", "leaseUntil", "occurrence", "triedSince", "notBefore", "lastError"), "")
    store.write(f"due:{instant}:{schedule_id}", **{**said, **texts, **values})


def planned(store: Store, schedule_id: str, instant: str, **values: object) -> None:
    """Let schedule and entry agree on another instant."""
    store.remove(f"due:{AT_TEN}:{schedule_id}")
    entry(store, schedule_id, instant, **values)
    store.write(f"schedule:{schedule_id}", due=instant)


# --- what is left of deleted schedules


def test_the_history_of_a_deleted_schedule_goes_after_an_hour(store: Store) -> None:
    gone, kept = store.keep(2)
    store.sure.history.record([a_run(due) for due in store.due()])
    store.sure.manage.delete(gone.id, NOW)

    store.sure.daily.run(NOW + timedelta(minutes=59))
    assert len(store.rows(gone.id)) == 2

    store.sure.daily.run(NOW + timedelta(minutes=61))
    assert store.rows(gone.id) == {}
    assert len(store.sure.manage.runs(kept.id, 10)) == 1


def test_what_a_tick_tells_of_a_schedule_deleted_meanwhile_goes_too(store: Store) -> None:
    [gone] = store.keep(1)
    [due] = store.due()
    store.sure.manage.delete(gone.id, NOW)
    store.sure.history.record([a_run(due)])

    store.sure.daily.run(NOW + timedelta(hours=2))

    assert store.rows() == {}


def test_a_mark_that_cant_be_read_does_not_hinder_the_others(store: Store) -> None:
    gone, lost = store.keep(2)
    store.sure.manage.delete(gone.id, NOW)
    store.write(f"gone:{UNKNOWN}", at="yesterday")
    store.remove(f"due:{AT_TEN}:{lost.id}")

    store.sure.daily.run(NOW + timedelta(hours=2))

    assert store.rows(gone.id) == {}
    assert store.disagreements() == []


# --- the steps of a day

STEPS = {
    "agenda": "schedule%3A",
    "deleted schedules": "gone%3A",
    "expired key-values": "keyvalues",
    "audit": "audit%3A",
    "agenda, deleted schedules, expired key-values, audit": "",
}


@pytest.mark.parametrize(("failed", "query"), STEPS.items(), ids=[*list(STEPS)[:-1], "all"])
def test_a_step_that_fails_keeps_none_from_its_turn(
    store: Store, failed: str, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gone, lost = store.keep(2)
    store.sure.manage.delete(gone.id, NOW)
    store.remove(f"due:{AT_TEN}:{lost.id}")
    key_values = KeyValueStore(table=store.sure.agenda.table)
    key_values.store([KeyValue(namespace="ns", key="k", value="v", ttl_ms=1)], NOW)
    store.faulty.fault("answer", match=query, answer=answer("403 Forbidden"))
    daily = replace(store.shaky.daily, certificate_days=lambda _: {"client": 3}, keeps_audit=timedelta(hours=1))
    caplog.clear()

    with pytest.raises(StorageError):
        daily.run(NOW + timedelta(hours=2))

    left = {
        "agenda": store.disagreements() != [],
        "deleted schedules": store.rows("gone:") != {},
        "expired key-values": key_values.clean_up(NOW + timedelta(hours=2), 60) == 1,
        "audit": store.rows("audit:") != {},
    }
    told = [(fields["action"], fields.get("step", fields.get("failed"))) for fields in map(vars, caplog.records)]
    assert [step for step, is_left in left.items() if is_left] == failed.split(", ")
    assert told[0] == ("certificate_ends", None)
    assert [step for action, step in told if action == "daily_failed"] == failed.split(", ")
    assert told[-1] == ("daily_ended", failed)


def test_what_nobody_foresaw_keeps_no_step_from_its_turn_either(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    [gone] = store.keep(1)
    store.sure.manage.delete(gone.id, NOW)

    def days(_: datetime) -> dict[str, int]:
        raise MemoryError

    with pytest.raises(MemoryError):
        replace(store.sure.daily, certificate_days=days).run(NOW + timedelta(hours=2))

    assert store.rows("gone:") == {}
    assert vars(caplog.records[-1])["failed"] == "certificates"


# --- what does not agree

Break = Callable[[Store, str], None]


def lose(store: Store, schedule_id: str) -> None:
    store.remove(f"due:{AT_TEN}:{schedule_id}")


def lose_it(store: Store, schedule_id: str) -> None:
    store.remove(f"schedule:{schedule_id}")


def stop(store: Store, schedule_id: str) -> None:
    store.sure.manage.stop(schedule_id, NOW)


def name(instant: str, **values: object) -> Break:
    return lambda store, key: store.write(f"schedule:{key}", due=instant, **values)


def age(store: Store, schedule_id: str) -> None:
    store.write(f"due:{AT_TEN}:{schedule_id}", cron="5 * * * *")


def have(instant: str) -> Break:
    return lambda store, key: entry(store, key, instant)


def plan(instant: str) -> Break:
    return lambda store, key: planned(store, key, instant)


# What somebody did to the first of two schedules, and how many days pass until all is well.
BREAKS: dict[str, tuple[list[Break], int]] = {
    "its entry is lost": ([lose], 1),
    "its entry is lost, and it names none": ([lose, name("")], 1),
    "it names another entry": ([name(HALF_PAST)], 1),
    "it names another entry, and its own is of an older expression": ([name(HALF_PAST), age], 2),
    "it names another entry, and its own has an older number": ([name(HALF_PAST, seq=7)], 1),
    "it has another entry too": ([have(HALF_PAST)], 1),
    "it has two others": ([have(HALF_PAST), have("2026-11-23T10:00:00Z")], 2),
    "it is stopped and has one": ([stop, have(AT_TEN)], 1),
    "it is stopped and has two": ([stop, have(AT_TEN), have(HALF_PAST)], 2),
    "somebody deleted its row": ([lose_it], 1),
    "somebody deleted its row, and it has two": ([lose_it, have(HALF_PAST)], 1),
    "its zone has other rules now": ([plan(HALF_PAST)], 1),
    "its next occurrence comes sooner now": ([plan("2026-11-22T11:00:00Z")], 1),
    "its next occurrence comes later now": ([plan("2026-11-22T09:59:00Z")], 1),
}


@pytest.mark.parametrize(("broken", "days"), BREAKS.values(), ids=BREAKS)
def test_schedules_and_agenda_agree_again(
    store: Store, broken: list[Break], days: int, mended: Callable[[], list[str]]
) -> None:
    first, second = store.keep(2)
    for each in broken:
        each(store, first.id)
    untouched = store.rows(second.id)

    for _ in range(days):
        store.sure.daily.run(NOW)

    assert store.disagreements() == []
    assert set(mended()) == {first.id}
    assert store.rows(second.id) == untouched
    again = store.rows()
    store.sure.daily.run(NOW)
    assert store.rows() == again


def test_a_lost_entry_comes_back_where_it_stood_and_can_be_moved(store: Store) -> None:
    [kept] = store.keep(1)
    store.remove(f"due:{AT_TEN}:{kept.id}")

    store.sure.daily.run(TEN + timedelta(minutes=20))

    [due] = store.due()
    assert due.due_at == TEN
    [won] = store.sure.agenda.claim([claimed(due)])
    assert [moved.due_at for moved in store.sure.agenda.advance([dealt_with(won)])] == [ELEVEN]
    assert store.disagreements() == []


def test_a_schedule_whose_lost_entry_cant_be_made_again_is_stopped_and_says_why(store: Store) -> None:
    [kept] = store.keep(1)
    store.remove(f"due:{AT_TEN}:{kept.id}")
    store.write(f"schedule:{kept.id}", zone="Nowhere/At_All")

    store.sure.daily.run(NOW)

    stopped = store.sure.manage.one(kept.id)
    assert (stopped.state, stopped.due_at) == (State.STOPPED, None)
    assert "Nowhere/At_All" in stopped.problem
    assert store.disagreements() == []


# --- what is left alone

LEFT_ALONE: dict[str, tuple[str, dict[str, object]]] = {
    "claimed": (HALF_PAST, {"owner": "a tick", "leaseUntil": "2026-11-22T09:56:00Z"}),
    "tried": (HALF_PAST, {"attempt": 1, "lastError": "Sense can't be reached."}),
    "due within two minutes": ("2026-11-22T09:56:59Z", {}),
    "due already": ("2026-11-22T09:55:17Z", {}),
    "of a zone that can't be read": (HALF_PAST, {"zone": "Nowhere/At_All"}),
    "not readable": (HALF_PAST, {"seq": "five"}),
}


@pytest.mark.parametrize(("instant", "values"), LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_an_entry_in_a_ticks_hands_is_left_alone(store: Store, instant: str, values: dict[str, object]) -> None:
    [kept] = store.keep(1)
    planned(store, kept.id, instant, **values)
    before = store.rows()

    store.sure.daily.run(NOW)

    assert store.rows() == before


def test_where_all_agree_nothing_is_written(store: Store) -> None:
    store.keep(3)
    store.keep(2, cron="*/5 * * * * *")
    store.keep(2, startup_state="stopped")
    store.sure.agenda.claim([claimed(due) for due in store.due()[:2]])
    before = store.rows()
    store.faulty.forget()

    store.shaky.daily.run(NOW)

    assert store.rows() == before
    assert [path for _, path, _ in store.faulty.requests if TRANSACTION in path] == []


def test_a_schedule_that_cant_be_read_keeps_its_entry_and_does_not_hinder_the_others(store: Store) -> None:
    broken, lost = store.keep(2)
    store.write(f"schedule:{broken.id}", state="running")
    store.remove(f"due:{AT_TEN}:{lost.id}")
    before = store.rows(broken.id)

    store.sure.daily.run(NOW)

    assert store.rows(broken.id) == before
    assert set(store.rows("due:")) == {f"due:{AT_TEN}:{broken.id}", f"due:{AT_TEN}:{lost.id}"}


def test_an_entry_that_cant_be_read_does_not_hinder_the_others(store: Store) -> None:
    [lost] = store.keep(1)
    store.write("due:2026-11-22:x", taskId=APP1)
    store.remove(f"due:{AT_TEN}:{lost.id}")

    store.sure.daily.run(NOW)

    assert set(store.rows("due:")) == {"due:2026-11-22:x", f"due:{AT_TEN}:{lost.id}"}


# --- at the same time

MEANWHILE: dict[str, Callable[[Store, str], object]] = {
    "start": lambda store, key: DO["start"](store.sure.manage, key),
    "stop": lambda store, key: DO["stop"](store.sure.manage, key),
    "rename": lambda store, key: DO["rename"](store.sure.manage, key),
    "replan": lambda store, key: DO["replan"](store.sure.manage, key),
    "delete": lambda store, key: DO["delete"](store.sure.manage, key),
    "claim": lambda store, _: store.sure.agenda.claim([claimed(due) for due in store.due()]),
    "move": lambda store, _: move_all(store),
    "make another": lambda store, _: store.keep(1),
}


def move_all(store: Store) -> None:
    if won := store.sure.agenda.claim([claimed(due) for due in store.due()]):
        store.sure.agenda.advance([dealt_with(due) for due in won])


@pytest.mark.parametrize("query", ["schedule%3A", "due%3A"])
@pytest.mark.parametrize("act", MEANWHILE.values(), ids=MEANWHILE)
def test_what_changes_while_it_looks_is_left_as_it_is(
    store: Store, act: Callable[[Store, str], object], query: str, mended: Callable[[], list[str]]
) -> None:
    kept, _ = store.keep(2)
    after: dict[str, object] = {}
    store.meanwhile(lambda: (act(store, kept.id), after.update(store.rows())), before=query)

    store.shaky.daily.run(NOW)

    assert store.rows() == after
    assert mended() == []
    assert store.disagreements() == []


@pytest.mark.parametrize("act", MEANWHILE.values(), ids=MEANWHILE)
def test_what_changes_before_it_is_mended_is_not_mended_wrongly(
    store: Store, act: Callable[[Store, str], object]
) -> None:
    kept, _ = store.keep(2)
    planned(store, kept.id, HALF_PAST)
    store.meanwhile(lambda: act(store, kept.id))

    store.shaky.daily.run(NOW)

    assert store.disagreements() == []


def test_a_tick_that_goes_on_all_the_while_loses_nothing(store: Store, mended: Callable[[], list[str]]) -> None:
    store.keep(12)
    is_over = Event()

    def tick() -> int:
        rounds = 0
        while not is_over.is_set():
            move_all(store)
            rounds += 1
        return rounds

    with ThreadPoolExecutor(1) as pool:
        ticking = pool.submit(tick)
        for _ in range(3):
            store.sure.daily.run(NOW)
        is_over.set()

    assert {due.seq for due in store.due()} == {ticking.result()}
    assert len(store.due()) == 12
    assert mended() == []
    assert store.disagreements() == []
