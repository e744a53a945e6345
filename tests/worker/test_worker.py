"""What Azure would see: the app in the real worker library."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from azure.data.tables import TableClient

import shared
from sandbox.quiet import wait_for_quiet
from sandbox.stand_in import StandIn
from tests.conftest import a_schedule, move_entry
from tests.worker.conftest import ROOT, Worker

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
JSON = "application/json; charset=utf-8"


def triggers(worker: Worker, kind: str) -> dict[str, dict[str, object]]:
    return {name: bindings[0] for name, bindings in worker.bindings.items() if bindings[0]["type"] == kind}


def test_it_indexes_every_function_with_its_route(worker: Worker) -> None:
    routes = {name: trigger["route"] for name, trigger in triggers(worker, "httpTrigger").items()}

    assert routes == {
        "documentation": "documentation",
        "documentation_file": "documentation/{file}",
        "health": "v4/health",
        "health_details": "v4/checks",
        "home": "{nothing:maxlength(0)?}",
        "key_exists": "v4/keyvalues/{namespace}/keyexists",
        "key_list": "v4/keylist/{namespace}",
        "key_namespaces": "v4/keyvaluesnamespaces",
        "key_value": "v4/keyvalues/{namespace}/{key}",
        "key_values": "v4/keyvalues/{namespace}",
        "openapi": "v4/openapi.json",
        "ping": "v4/butlerping",
        "audit": "v4/audit",
        "schedule_deleted": "v4/schedules/deleted",
        "schedule_restore": "v4/schedules/{id}/restore",
        "tick_now": "v4/tick",
        "schedule_history": "v4/schedules/{id}/history",
        "schedule_preview": "v4/schedules/preview",
        "schedule_start": "v4/schedules/{id}/start",
        "schedule_start_all": "v4/schedules/startall",
        "schedule_status": "v4/schedules/status",
        "schedule_stop": "v4/schedules/{id}/stop",
        "schedule_stop_all": "v4/schedules/stopall",
        "schedule_with_id": "v4/schedules/{id}",
        "schedules": "v4/schedules",
        "start_task": "v4/reloadtask/{taskId}/start",
        "zzz_unknown_path": "{*path}",
    }


@pytest.mark.parametrize(("name", "schedule"), [("tick", "0 * * * * *"), ("daily", "40 17 3 * * *")])
def test_a_timer_is_made_up_for_when_it_was_missed_and_never_fires_at_a_mere_start(
    name: str, schedule: str, worker: Worker
) -> None:
    timers = triggers(worker, "timerTrigger")

    assert timers.keys() == {"tick", "daily"}
    assert (timers[name]["schedule"], timers[name]["useMonitor"], timers[name]["runOnStartup"]) == (
        schedule,
        True,
        False,
    )


def test_every_route_but_health_the_contract_and_its_page_asks_for_a_function_key(worker: Worker) -> None:
    levels = {name: trigger["authLevel"] for name, trigger in triggers(worker, "httpTrigger").items()}

    assert {name for name, level in levels.items() if level == "ANONYMOUS"} == {
        "documentation",
        "documentation_file",
        "health",
        "home",
        "openapi",
    }
    assert set(levels.values()) == {"ANONYMOUS", "FUNCTION"}


def test_every_route_takes_every_method_for_the_host_itself_knows_no_405(worker: Worker) -> None:
    assert [name for name, trigger in triggers(worker, "httpTrigger").items() if trigger.get("methods")] == []


@pytest.mark.parametrize("name", ["schedule_preview", "schedule_start_all", "schedule_status", "schedule_stop_all"])
def test_a_word_in_the_place_of_an_id_comes_before_the_ids_in_the_order_of_names(name: str, worker: Worker) -> None:
    assert name in worker.bindings
    assert name.upper() < "SCHEDULE_WITH_ID"


def test_the_path_for_all_the_rest_comes_last_in_the_order_of_names(worker: Worker) -> None:
    # The host compares upper case, where an underscore stands after the letters.
    assert max(worker.bindings, key=str.upper) == "zzz_unknown_path"


def test_the_package_named_shared_is_ours() -> None:
    assert shared.__file__ == str(ROOT / "shared" / "__init__.py")


def test_it_starts_a_task(worker: Worker, sense: StandIn) -> None:
    url = f"https://footman.example.com/v4/reloadtask/{APP1}/start?includeExecutionId=true"
    answer = worker.http("start_task", "PUT", url, route={"taskId": APP1}, body=b"[]")

    start = sense.starts()[0]
    assert (answer.status, answer.content_type) == (200, JSON)
    assert answer.body["tasksId"]["started"] == [
        {"taskId": APP1, "taskName": "Reload task of App1", "executionId": start["executionId"]}
    ]


@pytest.mark.parametrize("query", ["allTaskIdsMustExist", "allTaskIdsMustExist=", "AllTaskIdsMustExist=true"])
def test_what_the_host_drops_of_a_query_is_read_from_the_address(query: str, worker: Worker, sense: StandIn) -> None:
    sense.reset()
    url = f"https://footman.example.com/v4/reloadtask/{APP1}/start?{query}"
    answer = worker.http("start_task", "PUT", url, route={"taskId": APP1}, body=b"[]")

    assert (answer.status, "allTaskIdsMustExist" in answer.body["message"]) == (400, True)
    assert sense.log() == []


def test_a_key_that_was_folded_away_does_not_name_the_namespace(worker: Worker) -> None:
    # So the host tells DELETE /v4/keyvalues/sales/%2E: it matches the route of the namespace.
    url = "https://footman.example.com/v4/keyvalues/sales/"
    answer = worker.http("key_values", "DELETE", url, route={"namespace": "sales"})

    assert answer.status == 400
    assert answer.body["message"] == "Required parameter is missing: /v4/keyvalues/sales/ has an empty part."


def test_an_absent_body_is_an_empty_one(worker: Worker) -> None:
    url = "https://footman.example.com/v4/reloadtask/-/start"
    answer = worker.http("start_task", "PUT", url, route={"taskId": "-"})

    assert answer.status == 200


def test_a_wrong_body_is_the_callers_fault(worker: Worker) -> None:
    url = "https://footman.example.com/v4/reloadtask/-/start"
    answer = worker.http("start_task", "PUT", url, route={"taskId": "-"}, body=b"{}")

    assert (answer.status, answer.content_type) == (400, JSON)
    assert answer.body["message"] == "body must be array, for instance []."


def test_an_unknown_path_is_told_in_json(worker: Worker) -> None:
    answer = worker.http("zzz_unknown_path", "GET", "https://footman.example.com/nowhere", route={"path": "nowhere"})

    assert (answer.status, answer.content_type) == (404, JSON)
    assert answer.body["error"] == "Not Found"


def test_a_tick_starts_what_is_due_and_history_tells_it(worker: Worker, sense: StandIn, table: TableClient) -> None:
    url = "https://footman.example.com/v4/schedules"
    wait_for_quiet()
    due = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    once_a_year = a_schedule(cronSchedule=f"{due.minute} {due.hour} {due.day} {due.month} *", timezone="UTC")
    made = worker.http("schedules", "POST", url, body=json.dumps(once_a_year).encode())
    schedule_id = made.body["id"]
    move_entry(table, schedule_id, due)
    worker.timer("tick", last=due, due=due + timedelta(minutes=2))
    history = worker.http("schedule_history", "GET", f"{url}/{schedule_id}/history", route={"id": schedule_id})

    [start] = sense.starts()
    [run] = history.body
    assert (made.status, history.status, start["taskId"]) == (201, 200, APP1)
    assert (run["outcome"], run["executionId"], run["missedCount"]) == ("started", start["executionId"], 0)
    assert run["due"] == due.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert 120 <= run["lateSeconds"] < 600


def test_a_deleted_schedule_is_answered_without_a_body(worker: Worker, table: TableClient) -> None:
    url = "https://footman.example.com/v4/schedules"
    schedule_id = worker.http("schedules", "POST", url, body=json.dumps(a_schedule()).encode()).body["id"]
    answer = worker.http("schedule_with_id", "DELETE", f"{url}/{schedule_id}", route={"id": schedule_id})

    assert (answer.status, answer.content_type, answer.body) == (204, None, None)
    kept = [row["RowKey"] for row in table.list_entities() if not row["RowKey"].startswith("audit:")]
    assert kept == [f"gone:{schedule_id}"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the log, the thread it came from, and the invocation under which the worker hands it on."""

    text: str
    thread: str
    invocation: str | None


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    """Return what is logged, as the worker's own handler sees it: without an invocation a line is dropped."""
    from azure_functions_runtime import invocation_id_cv  # noqa: PLC0415 - not there on older Pythons

    seen: list[Line] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            thread, invocation = record.threadName or "", invocation_id_cv.get()
            seen.append(Line(text=record.getMessage(), thread=thread.partition("_")[0], invocation=invocation))

    root, handler = logging.getLogger(), Handler()
    level = root.level
    root.setLevel(logging.INFO)  # as the worker does
    root.addHandler(handler)
    yield seen
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def failing(sense: StandIn) -> Iterator[StandIn]:
    sense.reset()
    sense.fault("status", status=500, body="out of order")
    yield sense
    sense.reset()


def test_why_sense_is_down_reaches_the_log_from_health(worker: Worker, failing: StandIn, lines: list[Line]) -> None:  # noqa: ARG001 - it fails
    answer = worker.http("health_details", "GET", "https://footman.example.com/v4/checks")

    assert (answer.status, answer.body["checks"]["sense"]["status"]) == (503, "busy or failing")
    [told] = [line for line in lines if line.text.startswith("Not healthy")]
    assert "answered 500: out of order" in told.text
    assert (told.thread, told.invocation) == ("health", "an-invocation")


def test_no_thread_logs_without_its_invocation(
    worker: Worker, failing: StandIn, table: TableClient, lines: list[Line]
) -> None:
    ids = [{"type": "starttaskid", "payload": {"taskId": f"00000000-0000-4000-8000-{n:012d}"}} for n in range(100)]
    url = "https://footman.example.com/v4/reloadtask/-/start"
    worker.http("start_task", "PUT", url, route={"taskId": "-"}, body=json.dumps(ids).encode())
    of_the_start = len(lines)
    # No connection at all, which each thread tells before it tries again.
    failing.fault("refuse")
    wait_for_quiet()
    due = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    body = a_schedule(cronSchedule=f"{due.minute} {due.hour} {due.day} {due.month} *", timezone="UTC")
    made = worker.http("schedules", "POST", "https://footman.example.com/v4/schedules", body=json.dumps(body).encode())
    move_entry(table, made.body["id"], due)
    worker.timer("tick", last=due, due=due + timedelta(minutes=2))

    assert "qrs" in {line.thread for line in lines[:of_the_start]}
    assert "qrs" in {line.thread for line in lines[of_the_start:]}
    # The main thread is the worker's own, which runs no code of ours.
    assert [line for line in lines if line.invocation is None and line.thread != "MainThread"] == []
