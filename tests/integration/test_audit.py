"""The audit on Azurite: one row for every change of a schedule, whatever becomes of the answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.faulty.faults import TRANSACTION, Kind
from sandbox.local_host import LocalHost
from shared.core.audit import AuditQuery, AuditRecord
from shared.core.callers import Caller, Origin, Right
from shared.core.errors import StorageError
from shared.storage import audit_rows
from shared.storage.audit import AuditStore
from shared.use_cases.manage_schedules import ManageSchedules
from tests.conftest import a_schedule
from tests.tables import DO, SHORTLY_BEFORE_TEN, TEN, Store, definition

NOW = SHORTLY_BEFORE_TEN
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ORIGIN = Origin(caller="scheduler of the ERP", address="203.0.113.7", traceparent=TRACE)
CALLER = Caller(name="scheduler of the ERP", rights=frozenset(Right), origin=ORIGIN)


def records(store: Store, **asked: Any) -> list[AuditRecord]:
    """Return the records from the oldest on."""
    kept = AuditStore(table=store.sure.schedules.table)
    return kept.newest(AuditQuery(**{"limit": 1000, **asked}))[::-1]


def by_caller(manage: ManageSchedules) -> ManageSchedules:
    return manage.asked_by(CALLER)


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(each) for each in caplog.records if vars(each).get("action") == "audit"]


def test_each_change_of_a_schedule_has_one_row_with_who_from_where_before_and_after(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    manage = by_caller(store.sure.manage)
    made = manage.create(definition(), NOW)
    stands = [{}, made.told()]
    steps: list[Callable[[datetime], object]] = [
        lambda now: manage.stop(made.id, now),
        lambda now: manage.activate(made.id, now),
        lambda now: manage.replace(made.id, definition(name="Renamed"), now),
    ]
    for number, step in enumerate(steps):
        step(NOW + timedelta(seconds=number + 1))
        stands.append(manage.one(made.id).told())
    manage.delete(made.id, NOW + timedelta(seconds=4))
    stands.append({})

    kept = records(store)
    assert [each.action for each in kept] == [
        "schedule_created",
        "schedule_stopped",
        "schedule_started",
        "schedule_replaced",
        "schedule_deleted",
    ]
    assert [(each.before, each.after) for each in kept] == list(pairwise(stands))
    assert [each.at for each in kept] == [NOW + timedelta(seconds=number) for number in range(5)]
    assert {(each.origin, each.schedule_id, each.outcome) for each in kept} == {(ORIGIN, made.id, "done")}
    assert [(line["audit_id"], line["what"], line["stored"]) for line in told(caplog)] == [
        (each.id, each.action, True) for each in kept
    ]
    assert {(line["caller"], line["address"], line["traceparent"]) for line in told(caplog)} == {
        (ORIGIN.caller, ORIGIN.address, TRACE)
    }


def test_what_changes_nothing_has_no_row(store: Store) -> None:
    [schedule] = store.keep(1)

    manage = by_caller(store.sure.manage)
    manage.activate(schedule.id, NOW)
    manage.replace(schedule.id, definition(), NOW)
    manage.activate_all(NOW)

    assert records(store) == []


@pytest.mark.parametrize(
    ("path", "state", "act"),
    [
        ("stopall", "started", lambda manage: manage.stop_all(NOW)),
        ("startall", "stopped", lambda manage: manage.activate_all(NOW)),
    ],
)
def test_a_change_of_all_has_a_row_for_each_that_changes(
    store: Store,
    caplog: pytest.LogCaptureFixture,
    path: str,
    state: str,
    act: Callable[[ManageSchedules], object],
) -> None:
    caplog.set_level("INFO")
    changed = store.keep(70, startup_state=state)  # more than go into one transaction
    store.keep(3, startup_state="stopped" if state == "started" else "started")

    act(by_caller(store.sure.manage))
    act(by_caller(store.sure.manage))

    kept = records(store)
    assert {each.schedule_id for each in kept} == {each.id for each in changed}
    assert len(kept) == 70
    assert {each.through for each in kept} == {path}
    assert {(each.before["lastKnownState"], each.after["lastKnownState"]) for each in kept} == {
        (state, "stopped" if state == "started" else "started")
    }
    assert sorted(line["audit_id"] for line in told(caplog)) == sorted(each.id for each in kept)


CHANGES: dict[str, Callable[[ManageSchedules, str], object]] = {
    **DO,
    "stopall": lambda manage, _: manage.stop_all(NOW),
    "startall": lambda manage, _: manage.activate_all(NOW),
    "create": lambda manage, _: manage.create(definition(), NOW),
    # Due already: history has to be told of what is left out.
    "stop late": lambda manage, key: manage.stop(key, TEN + timedelta(seconds=5)),
    "stopall late": lambda manage, _: manage.stop_all(TEN + timedelta(seconds=5)),
}
LOST: list[tuple[str, Kind]] = [*((change, "cut") for change in CHANGES), ("stop", "busy_after"), ("stopall", "late")]


@pytest.mark.parametrize(("change", "kind"), LOST)
def test_a_change_whose_answer_is_lost_has_one_row_and_one_line(
    store: Store, caplog: pytest.LogCaptureFixture, change: str, kind: Kind
) -> None:
    caplog.set_level("INFO")
    [kept] = store.keep(1, startup_state="stopped" if change in {"start", "startall"} else "started")
    store.faulty.fault(kind, match=TRANSACTION, count=1, seconds=0.1)

    CHANGES[change](by_caller(store.shaky.manage), kept.id)

    [record] = records(store)
    assert [line["audit_id"] for line in told(caplog)] == [record.id]
    assert store.disagreements() == []


def test_a_change_that_storage_refuses_has_neither_row_nor_line(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    store.faulty.fault("refuse", match=TRANSACTION)

    with pytest.raises(StorageError):
        by_caller(store.shaky.manage).create(definition(), NOW)

    assert records(store) == []
    assert told(caplog) == []


def test_a_change_that_somebody_else_was_faster_with_is_not_told_as_ours(store: Store) -> None:
    [kept] = store.keep(1)
    other = replace(CALLER, origin=replace(ORIGIN, caller="somebody else"))
    store.meanwhile(lambda: store.sure.manage.asked_by(other).stop(kept.id, NOW))

    by_caller(store.shaky.manage).stop(kept.id, NOW)

    [record] = records(store)
    assert record.origin.caller == "somebody else"


def test_what_the_tick_and_the_daily_job_change_has_no_row(store: Store) -> None:
    [kept] = store.keep(1)
    store.remove(f"due:2026-11-22T10:00:00Z:{kept.id}")

    store.sure.daily.run(NOW)

    assert store.disagreements() == []
    assert records(store) == []


def test_the_longest_tags_fit_into_a_row(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    tags = tuple("\N{GRINNING FACE}" * 256 for _ in range(50))
    manage = by_caller(store.sure.manage)
    made = manage.create(definition(tags=tags), NOW)
    manage.stop(made.id, NOW + timedelta(seconds=1))

    [_, record] = records(store)
    assert record.before["tags"] == record.after["tags"] == [*tags]
    # A line of the log has no place for them, and tells how many.
    assert [line["after"]["tags"] for line in told(caplog)] == [50, 50]


# --- asked for


def test_the_newest_are_told_first_of_a_time_a_schedule_and_a_caller(store: Store) -> None:
    ids = [schedule.id for schedule in store.keep(3)]
    other = replace(CALLER, origin=replace(ORIGIN, caller='somebody\'s "other" name'))
    for minute, schedule_id in enumerate(ids):
        store.sure.manage.asked_by(CALLER).stop(schedule_id, NOW + timedelta(minutes=minute))
        store.sure.manage.asked_by(other).activate(schedule_id, NOW + timedelta(minutes=minute, milliseconds=1))
    kept = AuditStore(table=store.sure.schedules.table)

    def asked(**query: Any) -> list[tuple[int, str]]:
        found = kept.newest(AuditQuery(**{"limit": 100, **query}))
        return [(ids.index(each.schedule_id), each.action.removeprefix("schedule_")) for each in found]

    in_order = [(2, "started"), (2, "stopped"), (1, "started"), (1, "stopped"), (0, "started"), (0, "stopped")]
    assert asked() == in_order
    assert asked(limit=2) == in_order[:2]
    assert asked(since=NOW + timedelta(minutes=1)) == in_order[:4]
    assert asked(before=NOW + timedelta(minutes=2)) == in_order[2:]
    assert asked(since=NOW, before=NOW + timedelta(milliseconds=1)) == [(0, "stopped")]
    assert asked(schedule_id=ids[1]) == in_order[2:4]
    assert asked(schedule_id=ids[1], caller=other.origin.caller) == [(1, "started")]
    assert asked(caller="nobody") == []


def test_a_row_that_cannot_be_read_hides_no_other(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    for schedule in store.keep(2):
        by_caller(store.sure.manage).stop(schedule.id, NOW)
    [key, _] = store.rows("audit:")
    store.write(key, before="[]")

    assert len(records(store)) == 1
    assert "is unreadable" in caplog.text


def test_a_row_without_one_of_its_columns_is_read(store: Store) -> None:
    [schedule] = store.keep(1)
    by_caller(store.sure.manage).stop(schedule.id, NOW)
    [(key, row)] = store.rows("audit:").items()

    for column in audit_rows.AUDIT.columns:
        rest = {name: value for name, value in row.items() if name not in {column.name, "etag"}}
        assert audit_rows.record(rest, "").id == key.rpartition(":")[2]


def test_what_is_older_than_it_is_kept_goes_by_pages_as_long_as_there_is_time(store: Store) -> None:
    kept = AuditStore(table=store.sure.schedules.table)
    made = [
        AuditRecord(id=f"{number}", at=NOW + timedelta(minutes=number), origin=ORIGIN, action="schedule_stopped")
        for number in range(5)
    ]
    kept.put(made)

    assert kept.forget(NOW + timedelta(minutes=2), within_seconds=60) == 3
    assert [each.id for each in records(store)] == ["3", "4"]
    store.sure.daily.run(NOW + timedelta(days=365, minutes=3))
    assert [each.id for each in records(store)] == ["4"]


# --- over HTTP


def test_over_http_it_is_told_who_did_it_and_from_where(
    footman: LocalHost, http: requests.Session, table: TableClient
) -> None:
    headers = {"x-functions-key": "a key", "X-Forwarded-For": "10.0.0.9, 203.0.113.7:51234", "traceparent": TRACE}
    url = f"{footman.url}/v4/schedules"
    made = http.post(url, json=a_schedule(startupState="started"), headers=headers, timeout=30).json()
    http.put(f"{url}/stopall", headers={"traceparent": "forged", "X-Forwarded-For": "anybody"}, timeout=30)
    assert http.delete(f"{url}/{made['id']}", timeout=30).status_code == 204

    answer = http.get(f"{footman.url}/v4/audit", params={"schedule": made["id"].upper()}, timeout=30)

    stopped = {**made, "lastKnownState": "stopped"}
    deleted, all_stopped, created = answer.json()
    assert answer.status_code == 200
    assert [each.pop("at") > made["created"] for each in (deleted, all_stopped)] == [True, True]
    assert created.pop("at") == made["created"]
    assert len({each.pop("id") for each in (deleted, all_stopped, created)}) == 3
    nobody = {"caller": "", "address": "", "outcome": "done", "schedule": made["id"]}
    assert deleted == nobody | {"action": "schedule_deleted", "before": stopped}
    assert all_stopped == nobody | {
        "action": "schedule_stopped",
        "through": "stopall",
        "before": made,
        "after": stopped,
    }
    assert created == nobody | {
        "caller": sha256(b"a key").hexdigest()[:8],
        "address": "203.0.113.7",
        "traceparent": TRACE,
        "action": "schedule_created",
        "after": made,
    }
    [row] = [row for row in table.list_entities() if row["RowKey"].endswith(answer.json()[2]["id"])]
    assert "a key" not in str(row)
