"""The audit of starts, over HTTP: one row for each request, and a start that does not need it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.conftest import APP1, StartFootman


def start(footman: LocalHost, http: requests.Session, *items: dict[str, Any]) -> requests.Response:
    headers = {"X-Forwarded-For": "203.0.113.7:51234"}
    return http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", json=[*items], headers=headers, timeout=60)


def told(footman: LocalHost, http: requests.Session, outcome: str = "done") -> dict[str, Any]:
    """Return the one record, once it tells what became of it: that is written behind the answer."""
    end = time.monotonic() + 10
    while True:
        [record] = http.get(f"{footman.url}/v4/audit", timeout=30).json()
        if record["outcome"].startswith(outcome) or time.monotonic() > end:
            return dict(record)
        time.sleep(0.05)


@pytest.mark.usefixtures("sense", "table")
def test_a_start_has_one_row_with_what_was_asked_for_and_what_became_of_it(
    footman: LocalHost, http: requests.Session
) -> None:
    pair = {"namespace": "sales", "key": "day", "value": "secret value"}
    answer = start(footman, http, {"type": "keyvaluestore", "payload": pair})
    [started] = answer.json()["tasksId"]["started"]

    record = told(footman, http)

    assert (record["action"], record["address"], record["outcome"]) == ("tasks_started", "203.0.113.7", "done")
    assert record["requested"] == {
        "taskIds": [APP1],
        "keyValues": [{"namespace": "sales", "key": "day", "length": 12}],
    }
    [task] = record["after"]["tasks"]
    assert task == started | {"outcome": "started", "executionId": task["executionId"]}
    assert "secret value" not in str(record)


@pytest.mark.usefixtures("table")
def test_a_start_that_fails_has_one_row_that_says_why(
    footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.fault("status", status=403)

    answer = start(footman, http)

    record = told(footman, http, "failed")
    assert answer.status_code == 502
    assert record["outcome"] == f"failed: {answer.json()['message']}"


def test_it_stands_there_before_anything_is_sent_and_once_when_the_host_dies_then(
    start_footman: StartFootman, http: requests.Session, sense: StandIn, table: TableClient
) -> None:
    footman = start_footman({"QRS_TIMEOUT_SECONDS": "40"})
    sense.fault("hang", path=f"{APP1}/start")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(start, footman, http)
        end = time.monotonic() + 20
        while not any("/start" in each["path"] for each in sense.log()) and time.monotonic() < end:
            time.sleep(0.02)
        footman.kill()
        assert answer.exception(timeout=60) is not None

    [row] = list(table.list_entities())
    assert (row["action"], row["outcome"], row["after"]) == ("tasks_started", "not recorded", "")
    assert json.loads(row["requested"]) == {"taskIds": [APP1]}


NOWHERE = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a"


@pytest.mark.usefixtures("sense")
def test_a_start_goes_on_without_storage_and_the_log_tells_it(
    start_footman: StartFootman, http: requests.Session
) -> None:
    footman = start_footman({"STORAGE_CONNECTION": NOWHERE})
    begun = time.monotonic()
    answers = [start(footman, http) for _ in range(3)]

    assert [len(answer.json()["tasksId"]["started"]) for answer in answers] == [1, 1, 1]
    assert time.monotonic() - begun < 8, "only the first waits for storage"
    told = footman.stderr_text()
    assert told.count('"what": "tasks_started"') == told.count('"stored": false, "tasks": [{"taskId"') == 3
    assert '"audit_not_stored"' in told


@pytest.mark.usefixtures("sense", "table")
def test_key_values_and_a_tick_that_is_asked_for_have_a_row_each(footman: LocalHost, http: requests.Session) -> None:
    url = f"{footman.url}/v4/keyvalues/sales"
    pair = {"key": "day", "value": "secret value", "ttl": 60000}
    assert http.post(url, json=pair, timeout=30).status_code == 201
    assert http.delete(f"{url}/night", timeout=30).status_code == 400
    assert http.delete(f"{url}/day", timeout=30).status_code == 204
    assert http.delete(url, timeout=30).status_code == 400
    assert http.post(f"{footman.url}/v4/tick", timeout=90).status_code == 200

    day, night = {"namespace": "sales", "key": "day"}, {"namespace": "sales", "key": "night"}
    wanted = [
        ("key_value_stored", None, day | {"length": 12, "ttl": 60000}, "done"),
        ("key_value_deleted", night, None, "failed: Key 'night' not found in namespace: sales"),
        ("key_value_deleted", day, None, "done"),
        ("namespace_deleted", {"namespace": "sales"}, None, "failed: Namespace not found: sales"),
        ("tick_requested", None, None, "done"),
    ]
    end = time.monotonic() + 10
    while (found := _told_of_each(footman, http)) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert found == wanted


def _told_of_each(footman: LocalHost, http: requests.Session) -> list[tuple[Any, ...]]:
    answer = http.get(f"{footman.url}/v4/audit", timeout=30)
    assert "secret value" not in answer.text
    return [(one["action"], one.get("before"), one.get("after"), one["outcome"]) for one in answer.json()[::-1]]
