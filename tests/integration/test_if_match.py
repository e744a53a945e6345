"""ETag and If-Match: a change of what somebody else has changed meanwhile is refused, where the caller asks for it."""

import pytest
import requests

from sandbox.local_host import LocalHost
from tests.conftest import Schedules, a_schedule

CALLS = [("PUT", "/{id}"), ("DELETE", "/{id}"), ("PUT", "/{id}/start"), ("PUT", "/{id}/stop")]
STALE = '"0123456789abcdef0123456789abcdef"'


def tag(answer: requests.Response) -> str:
    assert answer.ok, answer.text
    return answer.headers["ETag"]


def changing(schedules: Schedules, call: tuple[str, str], schedule_id: str, tags: str) -> requests.Response:
    method, path = call
    body = a_schedule(name="Another") if path == "/{id}" and method == "PUT" else None
    return schedules.ask(method, path.format(id=schedule_id), body, headers={"If-Match": tags})


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("state", ["started", "stopped"])
def test_with_the_tag_of_an_older_reading_nothing_is_changed(
    call: tuple[str, str], state: str, schedules: Schedules
) -> None:
    read = schedules.ask("POST", "", a_schedule(startupState=state))
    schedule_id, old = read.json()["id"], tag(read)
    assert tag(schedules.ask("PUT", f"/{schedule_id}", a_schedule(startupState=state, name="Faster"))) != old
    before = schedules.rows

    for tags in (old, STALE, f"{old}, {STALE}", "", "nonsense", f"W/{old}"):
        answer = changing(schedules, call, schedule_id, tags)
        assert (answer.status_code, answer.json()["error"]) == (412, "Precondition Failed")
        assert schedule_id in answer.json()["message"]
    assert schedules.rows == before


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("form", ["{}", "W/{}", f"{STALE}, {{}}", f"{{}},{STALE}", "*"])
def test_with_the_present_one_it_is_changed(call: tuple[str, str], form: str, schedules: Schedules) -> None:
    read = schedules.ask("POST", "", a_schedule())

    assert changing(schedules, call, read.json()["id"], form.replace("{}", tag(read))).ok


def test_each_answer_with_the_schedule_has_its_tag(schedules: Schedules) -> None:
    made = schedules.ask("POST", "", a_schedule())
    schedule_id, first = made.json()["id"], tag(made)

    for path in (f"/{schedule_id}", f"?id={schedule_id}", f"/{schedule_id}/start"):
        answer = schedules.ask("PUT" if path.endswith("start") else "GET", path)
        assert tag(answer) == first
    stopped = tag(schedules.ask("PUT", f"/{schedule_id}/stop"))
    assert stopped == tag(schedules.ask("GET", f"/{schedule_id}")) != first
    assert tag(schedules.ask("PUT", f"/{schedule_id}/start")) == first


def test_a_tick_changes_no_tag(schedules: Schedules, footman: LocalHost, http: requests.Session) -> None:
    made = schedules.ask("POST", "", a_schedule(cronSchedule="* * * * *"))
    http.post(f"{footman.url}/admin/functions/tick", json={}, timeout=10).raise_for_status()

    assert tag(schedules.ask("GET", f"/{made.json()['id']}")) == tag(made)
