"""A way back: what was deleted by mistake is there again, with its id, its history and its numbers."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.core.errors import RowUnreadable, UnknownSchedule
from shared.core.runs import RunOutcome
from shared.core.schedules import State
from shared.storage import rows
from tests.conftest import Schedules
from tests.tables import Store

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_over_http_a_deleted_schedule_is_listed_and_restored(schedules: Schedules) -> None:
    made = schedules.made()
    [first, last] = [schedules.made(name=name) for name in ("first", "last")]
    for each in (first, last):
        assert schedules.ask("DELETE", f"/{each['id']}").status_code == 204

    listed = schedules.ask("GET", "/deleted").json()
    assert [{**each, "deleted": ""} for each in listed] == [{**each, "deleted": ""} for each in (last, first)]
    assert datetime.fromisoformat(listed[0]["deleted"]) > datetime.now(UTC) - timedelta(minutes=1)
    assert schedules.ask("GET", "/deleted?limit=1").json() == listed[:1]
    assert schedules.ask("GET").json() == [made]

    restored = schedules.ask("PUT", f"/{first['id']}/restore")
    assert (restored.status_code, restored.json()) == (200, first)
    assert restored.headers["ETag"]
    assert [each["id"] for each in schedules.ask("GET", "/deleted").json()] == [last["id"]]
    assert sorted(schedules.agenda) == sorted([made["id"], first["id"]])


@pytest.mark.parametrize("path", ["/{id}/restore", "/nonsense/restore"])
def test_what_was_never_there_can_not_be_restored(path: str, schedules: Schedules) -> None:
    answer = schedules.ask("PUT", path.format(id=uuid4()))

    assert (answer.status_code, answer.json()["message"].endswith("not found.")) == (400, True)


def test_restoring_what_is_there_changes_nothing(schedules: Schedules) -> None:
    made = schedules.made()
    before = schedules.rows

    assert schedules.ask("PUT", f"/{made['id']}/restore").json() == made
    assert schedules.rows == before


@pytest.mark.parametrize("said", [{"startup_state": "stopped"}, {"startup_state": "started"}])
def test_it_is_as_it_was_but_counts_from_now(said: dict[str, str], store: Store) -> None:
    [made] = store.keep(1, **said)
    store.sure.manage.delete(made.id, NOW)
    later = NOW + timedelta(days=3)

    restored = store.sure.manage.restore(made.id.upper(), later)

    assert (restored.id, restored.definition, restored.created) == (made.id, made.definition, made.created)
    assert restored.state is made.state
    assert restored.seq >= made.seq
    entries = [each for each in store.due() if each.schedule_id == made.id]
    assert [each.due_at for each in entries] == ([restored.due_at] if made.state is State.ACTIVE else [])
    assert all(each.due_at > later and each.claim is None for each in entries)
    assert store.sure.schedules.one_deleted(made.id) is None


def test_no_run_of_before_is_overwritten_by_one_of_after(store: Store) -> None:
    [made] = store.keep(1)
    [entry] = store.due()
    store.claim(entry.due_at)
    history = store.sure.history
    history.record([entry.run(entry.due_at, RunOutcome.MISSED, "before")])
    store.sure.manage.delete(made.id, NOW)
    restored = store.sure.manage.restore(made.id, NOW)
    [following] = store.due()

    history.record([following.run(following.due_at, RunOutcome.MISSED, "after")])

    assert following.seq == restored.seq > entry.seq
    assert [run.reason for run in history.newest(made.id, 100, 10)] == ["after", "before"]


def test_the_daily_job_forgets_it_when_its_time_is_over(store: Store) -> None:
    [made] = store.keep(1)
    store.sure.manage.delete(made.id, NOW)

    assert store.sure.schedules.gone(NOW) == []
    assert store.sure.schedules.gone(NOW + timedelta(seconds=1)) == [made.id]
    store.sure.schedules.forget(made.id)
    with pytest.raises(UnknownSchedule):
        store.sure.manage.restore(made.id, NOW)


def test_a_mark_that_the_version_before_left_can_not_be_restored(store: Store) -> None:
    schedule_id = str(uuid4())
    store.sure.schedules.table.put({**rows.at_key(rows.gone_key(schedule_id)), "at": "2026-11-22T09:00:00Z"})

    assert list(store.sure.schedules.deleted()) == []
    assert store.sure.schedules.gone(NOW + timedelta(seconds=1)) == [schedule_id]
    with pytest.raises(UnknownSchedule):
        store.sure.manage.restore(schedule_id, NOW)


def test_one_that_can_not_be_read_is_listed_and_says_so(store: Store) -> None:
    [made] = store.keep(1)
    store.sure.manage.delete(made.id, NOW)
    store.sure.schedules.table.put({**rows.at_key(rows.gone_key(made.id)), "seq": "spoilt"})

    [listed] = store.sure.manage.deleted(10)
    assert listed.schedule.unreadable
    with pytest.raises(RowUnreadable):
        store.sure.manage.restore(made.id, NOW)


def test_one_that_can_not_be_evaluated_any_more_is_restored_stopped_and_says_why(store: Store) -> None:
    [made] = store.keep(1)
    store.sure.manage.delete(made.id, NOW)
    store.sure.schedules.table.put({**rows.at_key(rows.gone_key(made.id)), "zone": "Mars/Olympus"})

    restored = store.sure.manage.restore(made.id, NOW)

    assert (restored.state, restored.due_at) == (State.STOPPED, None)
    assert "Mars/Olympus" in restored.problem
