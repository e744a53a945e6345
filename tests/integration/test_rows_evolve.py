"""Rows of another version, and rows that somebody edited by hand, on Azurite: nothing is lost, and nothing stopped."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.data.tables import UpdateMode

from shared.core import endings
from shared.core.entry import Entry
from shared.core.key_values import KeyValue
from shared.core.runs import RunOutcome
from shared.core.tasks import Found, TaskQuery
from shared.core.unreadable import UnreadableEntry
from shared.storage import gone_rows, rows, run_rows
from shared.storage.columns import REQUIRED, Columns
from shared.storage.key_values import KEY_VALUE, KeyValueStore
from tests.saying import saying
from tests.tables import (
    DO,
    ELEVEN,
    SHORTLY_BEFORE_TEN,
    TEN,
    NoTasks,
    Row,
    Store,
    a_run,
    claimed,
    dealt_with,
    definition,
)

NOW = SHORTLY_BEFORE_TEN
NOON = TEN + timedelta(hours=2)
BEFORE = json.loads(Path(__file__).parents[1].joinpath("rows-of-version-before.json").read_text(encoding="utf-8"))
OTHER_TASK = "7d1427f4-b9ad-5812-aed5-9e6da8b9889c"


class NothingFound(NoTasks):
    """Sense that knows no task."""

    def find(self, what: TaskQuery) -> Found:  # noqa: ARG002 - as a tick asks
        return Found()


def fire(store: Store, now: datetime) -> list[Entry]:
    """Do what a tick does with all that is due, whose starts Sense accepts; return what stands there then."""
    for _ in range(2):  # what was tried before goes back first
        if not (due := store.sure.agenda.until(now)):
            break
        taken = store.claim(now, due, NothingFound())
        store.sure.agenda.give_back(taken.untried)
        tried = [endings.ended(each.entry, replace(a_run(each.entry), due=each.occurrence)) for each in taken.tries]
        ended = [*taken.endings, *tried]
        store.sure.history.record([done.run for done in ended if done.run])
        store.sure.agenda.advance(ended)
    return store.due()


def kind_of(row: Mapping[str, Any]) -> str:
    """Return by what name the recorded file has the kind of a row."""
    if row["PartitionKey"] != "schedules":
        return str(row["PartitionKey"])
    key: str = row["RowKey"]
    return key if key == "heartbeat" else f"{key.partition(':')[0]}:"


def all_rows(store: Store) -> list[Row]:
    """Return all rows but the audit's, which nothing depends on: what the version before reads never holds them."""
    return [dict(row) for row in store.raw.list_entities() if not row["RowKey"].startswith("audit:")]


def key_values(store: Store) -> KeyValueStore:
    return KeyValueStore(table=store.sure.agenda.table)


# --- rows of the version before


@pytest.fixture
def old(store: Store) -> Mapping[str, str]:
    """The ids of the recorded schedules, by what they are; their rows stand in the table."""
    for row in BEFORE["rows"]:
        store.raw.upsert_entity(row)
    ids: Mapping[str, str] = BEFORE["schedules"]
    return ids


def test_there_is_an_old_row_of_every_kind_and_a_due_one_in_every_state() -> None:
    entries = [row for row in BEFORE["rows"] if kind_of(row) == "due:"]

    assert {kind_of(row) for row in BEFORE["rows"]} == set(BEFORE["strict"])
    assert all({row[name] for row in entries} > {""} for name in ("owner", "triedSince", "notBefore", "lastError"))
    assert all("since" not in row for row in entries)


def test_every_row_of_the_version_before_is_read(
    store: Store, old: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    kept = {schedule.id: schedule for schedule in store.sure.manage.all()}
    entries = {due.schedule_id: due for due in store.due()}
    runs = {what: store.sure.manage.runs(old[what], 10) for what in old if what != "deleted"}

    assert set(kept) == {schedule_id for what, schedule_id in old.items() if what != "deleted"}
    assert len(entries) == sum(row["RowKey"].startswith("due:") for row in BEFORE["rows"])
    assert kept[old["started"]].definition.tags == ("tag 1", "abc 123 åäö")
    assert (kept[old["without tags"]].definition.tags, kept[old["with seconds"]].definition.tags) == (None, ())
    assert [run.outcome for run in runs["with history"]] == [
        RunOutcome.NOT_STARTED,
        RunOutcome.MISSED,
        RunOutcome.STARTED,
    ]
    assert kept[old["with history"]].last_run == runs["with history"][0]
    assert kept[old["with a problem"]].problem == "timezone: 'Europe/Berlin' is gone."
    assert entries[old["claimed"]].claim is not None
    assert entries[old["between tries"]].tries.last_error.startswith("Cannot reach")
    assert entries[old["tried, outcome unknown"]].tries.tried_since is not None
    assert store.sure.schedules.gone(NOON) == [old["deleted"]]
    last = store.sure.agenda.last_beat()
    assert last is not None
    assert last.ended is not None
    assert key_values(store).value("Umsätze", "läuft ab", TEN) == '{"a": 1}'
    assert "row_unreadable" not in caplog.text
    assert store.disagreements() == []


def test_what_is_due_in_rows_of_the_version_before_is_started(store: Store, old: Mapping[str, str]) -> None:
    before = {due.schedule_id: due for due in store.due()}

    after = {due.schedule_id: due for due in fire(store, NOON + timedelta(seconds=2))}

    assert set(after) == set(before)
    assert all(due.due_at > NOON for due in after.values())
    # That one is due again at one o'clock.
    assert {old["with history"]} == {key for key in after if after[key].seq == before[key].seq}
    assert store.disagreements() == []


@pytest.mark.parametrize("step", [["stop"], ["stop", "start"], ["rename"], ["replan"], ["delete"]], ids="-".join)
def test_rows_of_the_version_before_are_changed_and_are_read_by_it_again(
    store: Store, old: Mapping[str, str], step: list[str]
) -> None:
    for what, schedule_id in old.items():
        for each in step if what != "deleted" else ():
            DO[each](store.sure.manage, schedule_id)

    assert store.disagreements() == []
    assert not_strict(all_rows(store)) == []


# --- rows of this version in the version before


def _is_run(value: object) -> bool:
    return isinstance(value, dict) and "RowKey" in value and not wrong_in(value, BEFORE["strict"]["history"])


def _is_instant(value: object) -> bool:
    with suppress(ValueError, TypeError):
        return datetime.fromisoformat(value).tzinfo is not None  # type: ignore[arg-type]
    return False


STRICT: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 - 2,
    "instant": _is_instant,
    "instant or empty": lambda value: value == "" or _is_instant(value),
    "started or stopped": lambda value: value in {"started", "stopped"},
    "empty or a list in JSON": lambda value: value == "" or isinstance(json.loads(value), list),
    "empty or a run in JSON": lambda value: value == "" or _is_run(json.loads(value)),
    "an outcome": lambda value: value in {"started", "notStarted", "failed", "missed", "denied"},
}


def wrong_in(row: Mapping[str, Any], strict: Mapping[str, str]) -> list[str]:
    return [name for name, kind in strict.items() if name not in row or not STRICT[kind](row[name])]


def not_strict(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the version before could not read, as key and column."""
    return [f"{row['RowKey']} {name}" for row in found for name in wrong_in(row, BEFORE["strict"][kind_of(row)])]


def test_what_the_version_before_wrote_it_reads() -> None:
    assert not_strict(BEFORE["rows"]) == []


@pytest.mark.parametrize("spoilt", [{"seq": "5"}, {"lastRun": "{}"}, {"due": "soon"}, {"name": 5}], ids=str)
def test_what_the_version_before_does_not_read_is_noticed(spoilt: Row) -> None:
    [row, *_] = [row for row in BEFORE["rows"] if kind_of(row) == "schedule:"]

    assert not_strict([{**row, **spoilt}]) == [f"{row['RowKey']} {next(iter(spoilt))}"]


def test_the_version_before_reads_every_row_that_this_one_writes(store: Store) -> None:
    for said in ({}, {"tags": ()}, {"tags": ("a", "ö")}, {"startup_state": "stopped"}):
        store.keep(5, **said)
    assert not_strict(all_rows(store)) == []
    won = store.sure.agenda.claim([saying(claimed(due), occurrence=TEN, tried_since=TEN) for due in store.due()])
    assert not_strict(all_rows(store)) == []
    store.sure.agenda.give_back([saying(due, not_before=ELEVEN, last_error="Sense is away.") for due in won[:5]])
    for due, outcome in zip(won[5:], RunOutcome, strict=False):
        reason = None if outcome is RunOutcome.STARTED else "x" * 5000
        end = replace(dealt_with(due), run=a_run(due, outcome=outcome, reason=reason, missed_count=100))
        store.sure.history.record([end.run] if end.run else [])
        store.sure.agenda.advance([replace(end, next_instant=None, problem="y" * 5000) if reason else end])
    assert not_strict(all_rows(store)) == []
    for schedule, step in zip(store.sure.manage.all(), [*DO] * 4, strict=False):
        DO[step](store.sure.manage, schedule.id)
    store.sure.manage.stop_all(NOON)
    store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "problem": ""})
    store.sure.daily.run(NOW)
    key_values(store).store([KeyValue(namespace="n", key="k", value="v", ttl_ms=5)], NOON)

    found = all_rows(store)
    assert {kind_of(row) for row in found} >= set(BEFORE["strict"]) - {"due:"}
    assert not_strict(found) == []


# --- columns that this version does not know

THEIRS: dict[str, Any] = {"theirs": "kept", "count": 5, "share": 0.5, "isSet": True, "since2": TEN}


def mark(store: Store) -> None:
    """Add columns of a newer version to every row."""
    for row in store.raw.list_entities():
        store.raw.upsert_entity({**row, **THEIRS})


def unmarked(store: Store) -> set[str]:
    """Return the kinds of rows of which some have lost what is not known here."""
    return {kind_of(row) for row in all_rows(store) if not THEIRS.items() <= row.items()}


def in_hand(store: Store) -> list[Entry]:
    return store.sure.agenda.claim(
        [saying(claimed(due), occurrence=TEN, tried_since=TEN) for due in store.sure.agenda.until(ELEVEN)]
    )


def retask(store: Store, schedule_id: str) -> None:
    store.sure.manage.replace(schedule_id, definition(task_id=OTHER_TASK), NOW)


def misplace(store: Store, schedule_id: str, hours: int) -> None:
    """Let the entry of a schedule stand where its schedule does not point to."""
    [row] = store.rows("due:").values()
    store.remove(row["RowKey"])
    store.raw.upsert_entity({**row, "RowKey": rows.entry_key(TEN + timedelta(hours=hours), schedule_id)})


def do(store: Store, schedule_id: str, *steps: str) -> None:
    for step in steps:
        DO[step](store.sure.manage, schedule_id)


def move(store: Store, key: str, *meanwhile: str) -> None:
    """Move what a tick has in hand, after a caller has done something to it."""
    won = in_hand(store)
    do(store, key, *meanwhile)
    store.sure.agenda.advance([dealt_with(due) for due in won])


def record_late(store: Store) -> None:
    for due in store.due():
        store.sure.agenda.set_last_run(a_run(due))


def beat(store: Store) -> None:
    store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "problem": ""})
    store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "problem": "", "ended": ""})


def put(store: Store) -> None:
    key_values(store).store([KeyValue(namespace="n", key="k", value="new", ttl_ms=5)], TEN)


Step = Callable[[Store, str], object]
WRITES: dict[str, tuple[Step, ...]] = {
    "stop": (lambda store, key: do(store, key, "stop"),),
    "stop and start": (lambda store, key: do(store, key, "stop", "start"),),
    "stop what is due": (lambda store, key: store.sure.manage.stop(key, NOON),),
    "stop all": (lambda store, _: store.sure.manage.stop_all(NOW),),
    "stop all and start all": (
        lambda store, _: store.sure.manage.stop_all(NOW),
        lambda store, _: store.sure.manage.activate_all(NOW),
    ),
    "rename": (lambda store, key: do(store, key, "rename"),),
    "replan": (lambda store, key: do(store, key, "replan"),),
    "another task": (retask,),
    "another task while a start is under way": (lambda store, _: in_hand(store), retask),
    "replan while a start is under way": (lambda store, _: in_hand(store), lambda store, key: do(store, key, "replan")),
    "claim": (lambda store, _: in_hand(store),),
    "claim and give back": (lambda store, _: store.sure.agenda.give_back(in_hand(store)),),
    "move": (move,),
    "move twice": (lambda store, _: store.sure.agenda.advance([dealt_with(due) for due in store.due()]),) * 2,
    "move what was renamed meanwhile": (lambda store, key: move(store, key, "rename"),),
    "record late": (lambda store, _: record_late(store),),
    "mend an entry that is lost": (
        lambda store, key: misplace(store, key, 3),
        lambda store, _: store.sure.daily.run(NOW),
    ),
    "mend a stray entry of a stopped one": (
        lambda store, key: store.write(f"schedule:{key}", state="stopped", due=""),
        lambda store, _: store.sure.daily.run(NOW),
    ),
    "heartbeat": (lambda store, _: beat(store),),
    "name what can't be read": (lambda store, key: store.sure.schedules.name_unreadable([key]),),
    "put a key-value": (lambda store, _: put(store),),
}
# A stop takes the entry away, and what a run is told by is new each time.
NEW_EACH_TIME = {"stop and start": "due:", "stop all and start all": "due:", "stop what is due": "history"}


@pytest.mark.parametrize("write", WRITES)
def test_columns_that_are_not_known_outlive_every_write(store: Store, write: str) -> None:
    [kept] = store.keep(1)
    store.sure.agenda.beat({"begun": "2026-11-22T09:59:00.000Z", "problem": ""})
    key_values(store).store([KeyValue(namespace="n", key="k", value="v")], NOW)
    mark(store)
    before = store.rows()

    for step in WRITES[write]:
        step(store, kept.id)

    assert store.rows() != before
    assert unmarked(store) - {"history", NEW_EACH_TIME.get(write)} == set()
    assert store.disagreements() == []


def test_what_somebody_adds_to_an_entry_while_a_tick_has_it_goes_along(store: Store) -> None:
    [kept] = store.keep(1)
    won = in_hand(store)
    mark(store)

    store.sure.agenda.advance([dealt_with(due) for due in won])

    assert [due.due_at for due in store.due()] == [ELEVEN]
    assert unmarked(store) == set()
    assert store.sure.manage.one(kept.id).seq == 1


def test_the_place_of_an_old_run_is_taken_with_nothing_of_it_left(store: Store) -> None:
    [kept] = store.keep(1)
    [due] = store.due()
    store.sure.history.record([a_run(due)])
    mark(store)

    store.sure.history.record([a_run(replace(due, seq=due.seq + 10))])

    [row] = [row for row in all_rows(store) if kind_of(row) == "history"]
    assert set(row) == {"PartitionKey", "RowKey", *(column.name for column in run_rows.RUN.columns)}
    assert kept.id in row["RowKey"]


# --- columns that are not there, and columns in which something else stands

OWN: dict[str, Columns] = {
    "schedule:": rows.SCHEDULE,
    "due:": rows.ENTRY,
    "gone:": gone_rows.GONE,
    "heartbeat": rows.BEAT,
    "history": run_rows.RUN,
    "keyvalues": KEY_VALUE,
}
ALL_COLUMNS = [(kind, column.name) for kind, columns in OWN.items() for column in columns.columns]
NEEDED = {
    (kind, column.name) for kind, columns in OWN.items() for column in columns.columns if column.default is REQUIRED
}


def a_table_of_all(store: Store) -> str:
    """Keep rows of every kind; return the id of the schedule that is due at eleven, after one run."""
    gone, kept = store.keep(2)
    store.sure.manage.delete(gone.id, NOW - timedelta(days=1))
    ended = [dealt_with(due) for due in in_hand(store)]
    store.sure.history.record([done.run for done in ended if done.run])
    store.sure.agenda.advance(ended)
    store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "problem": ""})
    store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "problem": "", "ended": "2026-11-22T10:00:01.000Z"})
    key_values(store).store([KeyValue(namespace="n", key="k", value="v")], NOW)
    return kept.id


def set_column(store: Store, kind: str, name: str, value: object) -> str:
    """Write or, with None, take away a column of the one row of a kind, and return the row's key."""
    [row] = [row for row in all_rows(store) if kind_of(row) == kind]
    changed = {column: said for column, said in row.items() if column != name}
    store.raw.upsert_entity(changed if value is None else {**changed, name: value}, mode=UpdateMode.REPLACE)
    return str(row["RowKey"])


def readings(store: Store, schedule_id: str) -> dict[str, bool]:
    """Return of each kind of row whether it is read."""
    return {
        "schedule:": store.sure.manage.one(schedule_id).unreadable is None,
        "due:": [due.schedule_id for due in store.due()] == [schedule_id],
        "gone:": len(store.sure.schedules.gone(NOON)) == 1,
        "heartbeat": store.sure.agenda.last_beat() is not None,
        "history": len(store.sure.manage.runs(schedule_id, 10)) == 1,
        "keyvalues": key_values(store).value("n", "k", NOW) == "v",
    }


@pytest.mark.parametrize(("kind", "name"), ALL_COLUMNS)
def test_a_row_without_one_of_its_columns_is_read_and_its_schedule_goes_on(store: Store, kind: str, name: str) -> None:
    schedule_id = a_table_of_all(store)
    set_column(store, kind, name, None)

    read = readings(store, schedule_id)

    assert read == {
        **dict.fromkeys(OWN, True),
        kind: (kind, name) not in NEEDED and (kind, name) != ("heartbeat", "begun"),
    }
    assert store.sure.manage.one(schedule_id).state == "started"
    fire(store, ELEVEN + timedelta(seconds=2))
    assert {due.due_at for due in store.due()} == {NOON}
    assert [row["seq"] for row in store.rows(f"schedule:{schedule_id}").values()] == [2]
    store.sure.manage.replace(schedule_id, definition(name="Renamed"), NOON)
    assert store.disagreements() == []
    assert store.sure.manage.one(schedule_id).definition == definition(name="Renamed")


def test_a_new_column_of_a_schedule_or_an_entry_always_has_a_default() -> None:
    assert {kind for kind, _ in NEEDED} == {"history", "keyvalues"}


@pytest.mark.parametrize("name", ["taskId", "cron", "zone"])
def test_an_entry_that_says_less_than_a_start_needs_and_has_no_schedule_to_say_it_is_passed_over(
    store: Store, name: str
) -> None:
    store.keep(1)
    key = set_column(store, "due:", name, None)
    set_column(store, "schedule:", name, None)

    assert store.due() == []
    [schedule] = store.sure.manage.all()
    assert f"The row {key} in storage can't be read ({name} stands neither here nor" in schedule.problem


WRONG = 1.5  # of no kind


@pytest.mark.parametrize("name", [column.name for column in rows.ENTRY.columns])
def test_an_entry_with_a_column_of_another_kind_stops_nothing_and_goes_on_when_it_is_mended(
    store: Store, name: str
) -> None:
    schedule_id = a_table_of_all(store)
    [sound] = [row for row in all_rows(store) if kind_of(row) == "due:"]
    key = set_column(store, "due:", name, WRONG)
    before = store.rows()

    assert fire(store, NOON + timedelta(seconds=2)) == []
    store.sure.daily.run(NOON + timedelta(seconds=3))

    assert {row: said for row, said in store.rows(schedule_id).items() if row in before} == {
        row: said for row, said in before.items() if schedule_id in row
    }
    kept = store.sure.manage.one(schedule_id)
    assert kept.state == "started"
    assert f"The row {key} in storage can't be read ({name} is no" in kept.problem
    assert [each.problem for each in store.sure.manage.all()] == [kept.problem]

    store.raw.upsert_entity(sound, mode=UpdateMode.REPLACE)
    fire(store, NOON + timedelta(seconds=4))
    # It catches up as after an outage: the newest is started, and tells of the one before.
    [run] = store.sure.manage.runs(schedule_id, 1)
    assert (run.due, run.outcome, run.seq, run.missed_count) == (NOON, RunOutcome.STARTED, 1, 1)
    assert [each.problem for each in store.sure.manage.all()] == [""]
    assert store.disagreements() == []


EDITS: dict[str, Row] = {
    "rename": {"name": "Renamed"},
    "as it is": {},
    "replan": {"cron": "30 * * * *"},
    "another task": {"task_id": OTHER_TASK},
}


@pytest.mark.parametrize("change", ["stop", "stop all", "delete", *EDITS])
@pytest.mark.parametrize("name", [column.name for column in rows.ENTRY.columns])
def test_an_entry_with_a_column_of_another_kind_is_replaced_by_every_change(
    store: Store, name: str, change: str
) -> None:
    schedule_id = a_table_of_all(store)
    set_column(store, "due:", name, WRONG)
    late = NOON + timedelta(seconds=2)

    if change == "stop":
        store.sure.manage.stop(schedule_id, late)
    elif change == "stop all":
        store.sure.manage.stop_all(late)
    elif change == "delete":
        store.sure.manage.delete(schedule_id, late)
    else:
        store.sure.manage.replace(schedule_id, definition(**EDITS[change]), late)

    assert [entry for entry in store.sure.schedules.entries() if isinstance(entry, UnreadableEntry)] == []
    assert [each.problem for each in store.sure.manage.all()] == [""] * (change != "delete")
    assert store.disagreements() == []
    if change == "delete":
        return
    # What was due at eleven and at noon is told by the change, or started after it.
    fire(store, late + timedelta(seconds=1))
    runs = store.sure.manage.runs(schedule_id, 10)
    assert (runs[-1].due, runs[-1].seq) == (TEN, 0)
    # At eleven and at noon it was due: both are told, in whichever way.
    assert sum(run.missed_count + (run.outcome is RunOutcome.STARTED) for run in runs[:-1]) == 2
    assert len({run.seq for run in runs}) == len(runs)


@pytest.mark.parametrize("name", [column.name for column in rows.SCHEDULE.columns])
def test_a_schedule_with_a_column_of_another_kind_goes_on_and_says_so(store: Store, name: str) -> None:
    schedule_id = a_table_of_all(store)
    key = set_column(store, "schedule:", name, WRONG)
    told = store.sure.manage.one(schedule_id)
    assert (told.state, [each.problem for each in store.sure.manage.all()]) == ("started", [told.problem])
    assert f"The row {key} in storage can't be read ({name} is no" in told.problem

    store.sure.daily.run(ELEVEN - timedelta(minutes=5))
    last = store.sure.agenda.last_beat()
    assert last is not None
    assert last.unreadable == 1
    fire(store, ELEVEN + timedelta(seconds=2))

    assert [due.due_at for due in store.due()] == [NOON]
    # A tick writes what it knows better; the rest stays for somebody to mend.
    healed = store.sure.manage.one(schedule_id).unreadable is None
    assert healed == (name in {"state", "due", "seq", "problem", "lastDue", "lastRun"})
    last = store.sure.agenda.last_beat()
    assert last is not None
    assert last.unreadable == (not healed)
    store.sure.manage.delete(schedule_id, NOON)
    assert store.due() == []
    last = store.sure.agenda.last_beat()
    assert last is not None
    assert last.unreadable == 0


@pytest.mark.parametrize(("kind", "name"), [each for each in ALL_COLUMNS if each[0] not in {"schedule:", "due:"}])
def test_a_row_beside_with_a_column_of_another_kind_is_passed_over_alone(store: Store, kind: str, name: str) -> None:
    schedule_id = a_table_of_all(store)
    set_column(store, kind, name, WRONG if kind != "heartbeat" or name in {"begun", "ended", "problem"} else "none")

    read = readings(store, schedule_id)

    counts = kind == "heartbeat" and name not in {"begun", "ended", "problem"}
    assert read == {**dict.fromkeys(OWN, True), kind: counts}
    fire(store, ELEVEN + timedelta(seconds=2))
    assert {due.due_at for due in store.due()} == {NOON}


# --- the daily job


@pytest.mark.parametrize("state", ["stopped", "started elsewhere", "gone"])
def test_an_entry_that_cant_be_read_is_removed_where_its_schedule_does_not_point_to_it(
    store: Store, state: str
) -> None:
    [kept] = store.keep(1)
    stray = rows.entry_key(ELEVEN, kept.id)
    store.write(stray, **{**store.rows("due:").popitem()[1], "etag": "", "RowKey": stray, "taskId": WRONG})
    if state != "started elsewhere":
        store.remove(rows.entry_key(TEN, kept.id))
    if state == "stopped":
        store.write(f"schedule:{kept.id}", state="stopped", due="")
    if state == "gone":
        store.remove(f"schedule:{kept.id}")

    store.sure.daily.run(NOW)

    assert stray not in store.rows()
    assert store.disagreements() == []


def test_a_schedule_that_points_to_nothing_is_put_right_whatever_stray_entry_it_has(store: Store) -> None:
    [kept] = store.keep(1)
    misplace(store, kept.id, 3)
    set_column(store, "due:", "cron", WRONG)

    store.sure.daily.run(NOW)

    assert [(due.due_at, due.rule.expression) for due in store.due()] == [(TEN, "0 * * * *")]
    assert store.disagreements() == []


def test_the_daily_job_leaves_a_schedule_that_cant_be_read_and_its_entries_alone(store: Store) -> None:
    [kept] = store.keep(1)
    store.write(f"schedule:{kept.id}", due=WRONG)
    store.write(rows.entry_key(ELEVEN, kept.id), taskId=WRONG)
    before = store.rows()

    store.sure.daily.run(NOW)

    assert store.rows() == before


def test_of_a_schedule_that_was_mended_health_is_told_at_once(store: Store) -> None:
    [kept] = store.keep(1)
    store.sure.agenda.beat({"begun": "2026-11-22T10:00:00.000Z", "problem": ""})
    store.write(f"schedule:{kept.id}", tags="tag 1")

    def unreadable() -> int | None:
        last = store.sure.agenda.last_beat()
        return last.unreadable if last else None

    store.sure.daily.run(NOW)
    assert unreadable() == 1
    store.write(f"schedule:{kept.id}", tags="")
    assert unreadable() == 0
    store.sure.daily.run(NOW)
    assert store.rows()["heartbeat"]["unreadableSchedules"] == ""
