"""What Azure would see: the app in the real worker library."""

import shared
from tests.sandbox.stand_in import StandIn
from tests.worker.conftest import ROOT, Worker

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
JSON = "application/json; charset=utf-8"


def triggers(worker: Worker) -> dict[str, dict[str, object]]:
    return {name: bindings[0] for name, bindings in worker.bindings.items()}


def test_it_indexes_every_function_with_its_route(worker: Worker) -> None:
    routes = {name: trigger.get("route") for name, trigger in triggers(worker).items()}

    assert routes == {
        "ping": "v4/butlerping",
        "schedule_preview": "v4/schedules/preview",
        "start_task": "v4/reloadtask/{taskId}/start",
        "zzz_unknown_path": "{*path}",
    }


def test_every_route_asks_for_a_function_key(worker: Worker) -> None:
    assert {trigger["authLevel"] for trigger in triggers(worker).values()} == {"FUNCTION"}


def test_every_route_takes_every_method_for_the_host_itself_knows_no_405(worker: Worker) -> None:
    assert [name for name, trigger in triggers(worker).items() if trigger.get("methods")] == []


def test_the_path_for_all_the_rest_comes_last_in_the_order_of_names(worker: Worker) -> None:
    # The host compares upper case, where an underscore stands after the letters.
    assert max(worker.bindings, key=str.upper) == "zzz_unknown_path"


def test_the_package_named_shared_is_ours() -> None:
    assert shared.__file__ == str(ROOT / "shared" / "__init__.py")


def test_it_starts_a_task(worker: Worker, sense: StandIn) -> None:
    sense.reset()
    url = f"https://footman.example.com/v4/reloadtask/{APP1}/start?includeExecutionId=true"
    answer = worker.http("start_task", "PUT", url, route={"taskId": APP1}, body=b"[]")

    start = sense.starts()[0]
    assert (answer.status, answer.content_type) == (200, JSON)
    assert answer.body["tasksId"]["started"] == [
        {"taskId": APP1, "taskName": "Reload task of App1", "executionId": start["executionId"]}
    ]


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
