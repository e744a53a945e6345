"""Schedules on Azurite as callers make, change and list them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from shared.core.errors import CallerError, RowUnreadable, StorageConflict
from shared.core.runs import RunOutcome
from shared.core.schedules import Definition, State
from tests.tables import (
    DO,
    ELEVEN,
    SHORTLY_BEFORE_TEN,
    TEN,
    Store,
    claimed,
    dealt_with,
    definition,
)

NOW = SHORTLY_BEFORE_TEN
UNKNOWN = "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b"


# --- what is kept

ODD = [
    definition(name="Jede volle Stunde: Umsätze für Zürich & Łódź"),
    definition(name="🕰️👩🏽‍🚀 日本語 שלום"),
    definition(name="""'single' "double" `back` \\ %41%2F ' or PartitionKey eq 'schedules"""),
    definition(name="</script>{{name}}${HOME}%s{0}--batch_1--"),
    definition(name="😀" * 200),
    definition(name=" blanks around "),
    definition(tags=()),
    definition(tags=("tag 1", "abc 123 åäö", "", "it's", '"', "\\")),
    definition(tags=tuple(f"{number:02}" + "x" * 254 for number in range(50))),
    # A property of 32 Ki characters holds 50 of the longest: two for each of these, and with their quotes.
    definition(tags=("😀" * 256,) * 50),
    definition(tags=('"' * 256,) * 50),
    definition(tags=("\\" * 256,) * 50),
    definition(cron="@hourly", zone="Etc/UTC", startup_state="start"),
    definition(cron="*/5 * * * * *", zone="UTC", startup_state="stop"),
    definition(task_id="C6D86A12-BD1C-5E5C-B5C7-914F09A2B88A", startup_state="stopped"),
]


def test_what_is_said_of_a_schedule_is_read_as_it_was_written(store: Store) -> None:
    made = [store.sure.manage.create(said, NOW + timedelta(seconds=number)) for number, said in enumerate(ODD)]

    kept = store.sure.manage.all()

    assert [schedule.definition for schedule in kept] == ODD
    assert [replace(schedule, etag="") for schedule in kept] == made
    assert store.disagreements() == []


@pytest.mark.parametrize("said", [ODD[1], ODD[2], ODD[9]], ids=["emoji", "quotes", "tags"])
def test_an_odd_schedule_lives_like_any_other(store: Store, said: Definition) -> None:
    manage = store.sure.manage
    made = manage.create(definition(), NOW)
    manage.replace(made.id, said, NOW)
    [due] = store.sure.agenda.claim([claimed(due) for due in store.due()])

    store.sure.agenda.advance([dealt_with(due)])

    assert (due.target.name, manage.one(made.id).definition) == (said.target.name, said)
    manage.stop(made.id, NOW)
    manage.activate(made.id, NOW)
    assert manage.one(made.id).definition == said
    assert store.disagreements() == []
    manage.delete(made.id, NOW)
    assert store.rows("schedule:", "due:") == {}


def test_the_oldest_comes_first(store: Store) -> None:
    moments = [timedelta(seconds=5), timedelta(0), timedelta(microseconds=1), timedelta(days=-400)]
    made = [store.sure.manage.create(definition(), NOW + moment).id for moment in moments]

    assert [schedule.id for schedule in store.sure.manage.all()] == [made[3], made[1], made[2], made[0]]


def test_an_id_is_found_in_either_case_and_a_text_that_is_none_is_not_asked_for(store: Store) -> None:
    [kept] = store.keep(1)

    assert store.sure.manage.one(kept.id.upper()).id == kept.id
    for unknown in (UNKNOWN, "Manually-added-schedule-1", "", "' or '1' eq '1", kept.id + "\n"):
        with pytest.raises(CallerError, match="not found"):
            store.sure.manage.one(unknown)


# --- one writer

# What is done one after the other, then the state, when it is due, and the number of the run to come.
WALKS = {
    "stop": (["stop"], State.STOPPED, None),
    "stop twice": (["stop", "stop"], State.STOPPED, None),
    "stop and start": (["stop", "start"], State.ACTIVE, TEN),
    "start": (["start"], State.ACTIVE, TEN),
    "rename": (["rename"], State.ACTIVE, TEN),
    "rename twice": (["rename", "rename"], State.ACTIVE, TEN),
    "replan": (["replan"], State.ACTIVE, TEN + timedelta(minutes=30)),
    "replan and back": (["replan", "rename"], State.ACTIVE, TEN),
    "stop and replan": (["stop", "replan"], State.STOPPED, None),
    "stop, replan, start": (["stop", "replan", "start"], State.ACTIVE, TEN + timedelta(minutes=30)),
}


@pytest.mark.parametrize(("steps", "state", "due"), WALKS.values(), ids=WALKS)
def test_a_schedule_and_its_entry_change_together(store: Store, steps: list[str], state: State, due: object) -> None:
    kept, _ = store.keep(2)
    for step in steps:
        DO[step](store.sure.manage, kept.id)

    found = store.sure.manage.one(kept.id)

    assert (found.state, found.due_at) == (state, due)
    assert (found.created, found.seq) == (kept.created, kept.seq)
    assert store.disagreements() == []


def test_starting_what_is_started_writes_nothing(store: Store) -> None:
    [kept] = store.keep(1)
    before = store.rows()

    assert store.sure.manage.activate(kept.id, NOW + timedelta(minutes=1)).due_at == TEN
    store.sure.manage.activate_all(NOW)
    assert store.rows() == before


def test_what_was_due_when_it_was_stopped_is_told(store: Store) -> None:
    [kept] = store.keep(1)

    store.sure.manage.stop(kept.id, ELEVEN + timedelta(seconds=5))

    [run] = store.sure.manage.runs(kept.id, 10)
    assert (run.outcome, run.missed_count, run.seq) == (RunOutcome.MISSED, 2, kept.seq)
    assert store.sure.manage.one(kept.id).seq == kept.seq + 1


@pytest.mark.parametrize("step", ["start", "stop", "rename", "delete"])
def test_what_is_gone_can_only_be_not_found(store: Store, step: str) -> None:
    [kept] = store.keep(1)
    store.sure.manage.delete(kept.id, NOW)

    with pytest.raises(CallerError, match="not found"):
        DO[step](store.sure.manage, kept.id)

    assert set(store.rows()) == {f"gone:{kept.id}"}


NEW_COLUMNS = ("since", "leftOut")


@pytest.mark.parametrize("step", ["stop", "rename", "replan", "delete"])
def test_rows_of_the_version_before_are_read_and_changed(store: Store, step: str) -> None:
    [kept] = store.keep(1)
    before = store.sure.manage.one(kept.id)
    for key, row in store.rows(kept.id).items():
        store.remove(key)
        store.write(key, **{name: value for name, value in row.items() if name not in {*NEW_COLUMNS, "etag"}})

    found = store.sure.manage.one(kept.id)
    assert replace(found, etag="") == replace(before, etag="")
    assert store.due()[0].since is None
    DO[step](store.sure.manage, kept.id)
    assert store.disagreements() == []


# --- many writers


@pytest.mark.parametrize("other", ["stop", "replan", "delete"])
@pytest.mark.parametrize("step", ["stop", "replan", "delete"])
def test_a_writer_whom_another_overtakes_goes_on_from_what_the_other_left(store: Store, step: str, other: str) -> None:
    [kept] = store.keep(1)
    store.meanwhile(lambda: DO[other](store.sure.manage, kept.id))

    with pytest.raises(CallerError, match="not found") if (step, other) in LATE else nullcontext():
        DO[step](store.shaky.manage, kept.id)

    done = {step, other}
    left = [] if "delete" in done else [State.STOPPED] if "stop" in done else [State.ACTIVE]
    assert [found.state for found in store.sure.manage.all()] == left
    assert store.disagreements() == []


# One that was deleted meanwhile can't be changed any more.
LATE = [("stop", "delete"), ("replan", "delete")]


def test_a_writer_whom_a_tick_overtakes_goes_on_from_what_the_tick_left(store: Store) -> None:
    [kept] = store.keep(1)
    store.meanwhile(lambda: move_on(store, kept.id))

    told = store.shaky.manage.replace(kept.id, definition(name="Renamed"), NOW)

    assert (told.definition.target.name, told.due_at, told.seq, told.last_due) == ("Renamed", ELEVEN, 1, TEN)
    assert store.disagreements() == []


def move_on(store: Store, *schedule_ids: str) -> None:
    """Do what a tick does with what is due of these schedules."""
    if wanted := [claimed(due) for due in store.due() if due.schedule_id in schedule_ids]:
        store.sure.agenda.advance([dealt_with(due) for due in store.sure.agenda.claim(wanted)])


def test_twenty_callers_and_a_tick_at_one_schedule_leave_it_whole(store: Store) -> None:
    [kept] = store.keep(1)
    together = Barrier(21)

    def call(step: str) -> bool:
        together.wait()
        try:
            DO[step](store.sure.manage, kept.id)
        except StorageConflict:
            return False
        return True

    def tick() -> None:
        together.wait()
        for _ in range(5):
            move_on(store, kept.id)

    with ThreadPoolExecutor(21) as pool:
        ticking = pool.submit(tick)
        done = list(pool.map(call, ["stop", "start", "rename", "replan"] * 5))
        ticking.result()

    assert store.disagreements() == []
    assert done.count(True) >= 10
    DO["stop"](store.sure.manage, kept.id)
    assert store.due() == []


def test_ten_callers_and_one_who_deletes_leave_nothing(store: Store) -> None:
    [kept] = store.keep(1)
    together = Barrier(10)

    def call(number: int) -> None:
        together.wait()
        with suppress(StorageConflict, CallerError):
            DO["delete" if number == 7 else ("stop", "start", "replan")[number % 3]](store.sure.manage, kept.id)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(call, range(10)))

    with suppress(CallerError):
        DO["delete"](store.sure.manage, kept.id)
    assert set(store.rows()) <= {f"gone:{kept.id}"}


# --- all at once


@pytest.mark.parametrize(
    ("act", "begin", "end"), [("stop_all", "started", "stopped"), ("activate_all", "stopped", "started")]
)
def test_all_are_changed_33_in_a_transaction_and_again_changes_nothing(
    store: Store, act: str, begin: str, end: str
) -> None:
    kept = store.keep(120, startup_state=begin)
    store.keep(3, startup_state=end)
    store.shaky.manage.all()
    store.faulty.forget()

    told = getattr(store.shaky.manage, act)(NOW)

    assert ({schedule.state for schedule in told}, len(told)) == ({end}, 123)
    assert {schedule.id for schedule in kept} < {schedule.id for schedule in told}
    assert sum("$batch" in path for _, path, _ in store.faulty.requests) == 4
    assert store.disagreements() == []
    before = store.rows()
    assert getattr(store.sure.manage, act)(NOW) == told
    assert store.rows() == before


@pytest.mark.parametrize(
    ("act", "begin", "end"), [("stop_all", "started", "stopped"), ("activate_all", "stopped", "started")]
)
def test_all_are_changed_though_some_change_meanwhile(store: Store, act: str, begin: str, end: str) -> None:
    # Of the same age they come by id: the first hundred are two transactions in which nothing changes.
    kept = sorted(schedule.id for schedule in store.keep(120, startup_state=begin))[100:]
    other = "stop" if act == "stop_all" else "start"

    def change() -> None:
        for place, step in {0: "rename", 3: "delete", 10: "replan", 15: other, 19: "delete"}.items():
            DO[step](store.sure.manage, kept[place])
        move_on(store, kept[7])

    store.meanwhile(change)

    told = getattr(store.shaky.manage, act)(NOW)

    assert len(told) == 118
    assert {schedule.id for schedule in told} & set(kept) == set(kept) - {kept[3], kept[19]}
    assert {schedule.state for schedule in told} == {end}
    assert {schedule.definition.target.name for schedule in told if schedule.id == kept[0]} == {"Renamed"}
    assert store.disagreements() == []


def test_of_all_that_are_stopped_those_that_were_due_are_told(store: Store) -> None:
    kept = store.keep(3)
    store.sure.agenda.claim([claimed(due) for due in store.due()[:1]])

    told = store.sure.manage.stop_all(TEN + timedelta(seconds=5))

    assert {schedule.state for schedule in told} == {State.STOPPED}
    assert [len(store.sure.manage.runs(schedule.id, 10)) for schedule in kept] == [1, 1, 1]
    assert store.disagreements() == []


def test_of_all_that_are_started_one_that_cant_be_is_left_out(store: Store) -> None:
    kept = store.keep(3, startup_state="stopped")
    store.write(f"schedule:{kept[1].id}", zone="Nowhere/At_All")

    told = store.sure.manage.activate_all(NOW)

    assert {schedule.id for schedule in told if schedule.state is State.STOPPED} == {kept[1].id}
    assert store.disagreements() == []


# --- what somebody has edited by hand

BROKEN: list[dict[str, object]] = [
    {"state": "running"},
    {"created": "yesterday"},
    {"tags": "tag 1"},
    {"tags": "5"},
    {"seq": "5"},
    {"due": "2026-11-22T10:00:00"},
    {"lastRun": "{"},
    {"lastRun": "{}"},
    {"lastRun": "[1]"},
    {"name": 5},
]


def test_schedules_that_cant_be_read_do_not_hide_the_others_and_say_what_is_wrong(store: Store) -> None:
    readable = [schedule.id for schedule in store.keep(2)]
    broken = {schedule.id: values for schedule, values in zip(store.keep(len(BROKEN)), BROKEN, strict=True)}
    for schedule_id, values in broken.items():
        store.write(f"schedule:{schedule_id}", **values)

    listed = {schedule.id: schedule.problem for schedule in store.sure.manage.all()}

    assert {schedule_id for schedule_id, problem in listed.items() if not problem} == set(readable)
    for schedule_id, values in broken.items():
        assert (
            f"The row schedule:{schedule_id} in storage can't be read ({next(iter(values))} is " in listed[schedule_id]
        )
        assert store.sure.manage.one(schedule_id).problem == listed[schedule_id]
        assert store.sure.manage.runs(schedule_id, 10) == []


@pytest.mark.parametrize("values", BROKEN, ids=str)
@pytest.mark.parametrize("step", ["stop", "delete", "stop_all"])
def test_a_schedule_that_cant_be_read_can_be_stopped_and_deleted(
    store: Store, step: str, values: dict[str, object]
) -> None:
    [kept] = store.keep(1)
    store.write(f"schedule:{kept.id}", **values, theirs="kept")

    told = store.sure.manage.stop_all(NOW) if step == "stop_all" else [DO[step](store.sure.manage, kept.id)]

    assert store.due() == []
    if step == "delete":
        assert set(store.rows()) == {f"gone:{kept.id}"}
        return
    row = store.rows()[f"schedule:{kept.id}"]
    assert (row["state"], row["due"], row["theirs"]) == ("stopped", "", "kept")
    # What is none of a stop's business stays as somebody wrote it, for them to see.
    assert {name: row[name] for name in values} == {**values, **{n: row[n] for n in values if n in {"state", "due"}}}
    assert (not store.sure.manage.one(kept.id).problem) == (set(values) <= {"state", "due"})
    assert told == [store.sure.manage.one(kept.id)]


@pytest.mark.parametrize("step", ["start", "rename"])
def test_a_schedule_that_cant_be_read_is_not_changed_otherwise(store: Store, step: str) -> None:
    [kept] = store.keep(1)
    store.write(f"schedule:{kept.id}", tags="tag 1")
    before = store.rows()

    with pytest.raises(RowUnreadable, match=rf"schedule:{kept.id} in storage can't be read \(tags is no JSON\)"):
        DO[step](store.sure.manage, kept.id)

    assert [schedule.id for schedule in store.sure.manage.activate_all(NOW)] == [kept.id]
    assert store.rows() == before


@pytest.mark.parametrize("step", ["stop", "rename", "delete"])
def test_a_schedule_whose_entry_cant_be_read_can_be_changed(store: Store, step: str) -> None:
    broken: list[dict[str, object]] = [{"taskId": 5}, {"seq": "5"}, {"owner": "me", "leaseUntil": "soon"}, {"cron": 5}]
    for schedule, values in zip(store.keep(4), broken, strict=True):
        store.write(f"due:2026-11-22T10:00:00Z:{schedule.id}", **values)

        DO[step](store.sure.manage, schedule.id)

    assert store.disagreements() == []


def test_stopping_what_cant_be_read_does_not_use_a_number_again(store: Store) -> None:
    [kept] = store.keep(1)
    move_on(store, kept.id)
    store.write(f"due:2026-11-22T11:00:00Z:{kept.id}", taskId=5)

    store.sure.manage.stop(kept.id, ELEVEN + timedelta(seconds=5))

    assert store.sure.manage.one(kept.id).seq >= 2
    assert [run.due for run in store.sure.manage.runs(kept.id, 10)] == [ELEVEN]
