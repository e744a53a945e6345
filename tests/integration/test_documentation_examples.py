"""The examples of the contract, asked of a Footman that runs: they do no harm, and each is what its call answers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import azure.functions as func
import pytest
import requests

from sandbox.azurite import Azurite, free_ports
from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.api.documentation import page
from shared.api.documentation.openapi import document, operation_id
from shared.api.edge.http import respond
from shared.api.routes import ROUTES
from shared.api.schedules import examples
from tests.conftest import APP1, StartFootman

[ITSELF, *_] = page.routes(ROUTES, asks_for_key=True, are_answers_current=False)
CONTRACT = document([*ROUTES, ITSELF], asks_for_key=True)
CALLS = {operation_id(route, method): call for route in (*ROUTES, ITSELF) for method, call in route.calls.items()}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A call of the contract and what the page fills in for it."""

    name: str
    method: str
    path: str
    told: Mapping[str, Any]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def ask(self, footman: LocalHost, http: requests.Session, **changes: Any) -> requests.Response:
        """Send it as it is filled in, but for the changes."""
        query, body = {**self.query, **changes.get("query", {})}, changes.get("body", self.body)
        given = {name: value for name, value in query.items() if value is not None}
        return http.request(self.method, footman.url + self.path, params=given, json=body, timeout=30)

    def example(self, status: int) -> Any:
        return next(iter(self.examples(status)))

    def examples(self, status: int) -> list[Any]:
        content = self.told["responses"][str(status)].get("content", {}).get("application/json", {})
        return [content["example"]] if "example" in content else [one["value"] for one in content["examples"].values()]


def operations() -> Iterator[Operation]:
    for path, methods in CONTRACT["paths"].items():
        for method, told in methods.items():
            yield Operation(
                name=told["operationId"],
                method=method.upper(),
                path=path.format_map(filled(told, "path")),
                told=told,
                query=filled(told, "query"),
                body=next(iter(bodies(told)), None),
            )


def filled(told: Mapping[str, Any], place: str) -> dict[str, str]:
    parameters = [one for one in told.get("parameters", []) if one["in"] == place]
    return {one["name"]: one["example"] for one in parameters if "example" in one}


def bodies(told: Mapping[str, Any]) -> list[Any]:
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [one["value"] for one in content.get("examples", {}).values()]
    return [content["example"]] if "example" in content else examples


OPERATIONS = {operation.name: operation for operation in operations()}


def that_fail(status: HTTPStatus) -> list[str]:
    return [name for name in OPERATIONS if status in CALLS[name].failures]


def message(answer: requests.Response, sense: StandIn) -> tuple[int, str]:
    """Return what was answered, as if Sense stood where the examples say."""
    told = answer.json()["message"]
    return answer.status_code, told.replace(urlsplit(sense.https).netloc, "sense.example.com:4242")


def expected(name: str, status: int) -> tuple[int, str]:
    [envelope] = [one for one in OPERATIONS[name].examples(status) if "message" in one]
    assert envelope["statusCode"] == status
    return status, envelope["message"]


WITHOUT_PARAMETERS = [
    "schedule_status_get",
    "key_namespaces_get",
    "ping_get",
    "tick_now_post",
    "health_get",
    "health_details_get",
    "openapi_get",
]
# What is sent in place of what is filled in. The others are refused as they are: no such schedule, no such namespace.
REFUSED: dict[str, dict[str, Any]] = {
    "start_task_put": {"query": {"allTaskIdsMustExist": "yes"}},
    "start_task_post": {"query": {"allTaskIdsMustExist": "yes"}},
    "schedules_get": {"query": {"id": CALLS["schedule_with_id_get"].example.parameters["id"]}},
    "schedule_deleted_get": {"query": {"limit": "0"}},
    "audit_get": {"query": {"limit": "0"}},
    "schedules_post": {"body": {**CALLS["schedules_post"].example.bodies[""], "startupState": "on"}},
    "schedule_preview_get": {"query": {"cronSchedule": None}},
    "schedule_start_all_put": {"query": {"tag": ""}},
    "schedule_stop_all_put": {"query": {"tag": ""}},
    "key_values_post": {"body": {"key": "day"}},
    "key_exists_get": {"query": {"key": None}},
} | {name: {"query": {"all": "yes"}} for name in WITHOUT_PARAMETERS}


@pytest.mark.parametrize("name", that_fail(HTTPStatus.BAD_REQUEST))
def test_what_is_refused_is_answered_as_the_example_says(
    name: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = OPERATIONS[name].ask(footman, http, **REFUSED.get(name, {}))

    assert message(answer, sense) == expected(name, 400)


@pytest.fixture(scope="module")
def unset(start_footman: StartFootman) -> LocalHost:
    return start_footman({"QRS_URL": ""})


@pytest.fixture(scope="module")
def without_storage(start_footman: StartFootman, azurite: Azurite) -> LocalHost:
    [port] = free_ports(1)
    return start_footman({"STORAGE_CONNECTION": re.sub(r":\d+/", f":{port}/", azurite.connection)})


@pytest.fixture(scope="module")
def filtering(start_footman: StartFootman) -> LocalHost:
    return start_footman({"START_TASK_FILTER": json.dumps({"tags": ["on no task"]})})


NEED_NO_SETTING = ["ping_get", "schedule_preview_get", "health_get", "health_details_get", "openapi_get"]


@pytest.mark.parametrize(
    "name", [name for name in that_fail(HTTPStatus.INTERNAL_SERVER_ERROR) if name not in NEED_NO_SETTING]
)
def test_a_missing_setting_is_told_as_the_example_says(
    name: str, unset: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    assert message(OPERATIONS[name].ask(unset, http), sense) == expected(name, 500)


@pytest.mark.parametrize("name", NEED_NO_SETTING)
def test_a_fault_of_footmans_own_is_told_as_the_example_says(
    name: str, unset: LocalHost, http: requests.Session
) -> None:
    assert OPERATIONS[name].ask(unset, http).status_code != 500
    status, told = expected(name, 500)
    [invocation] = [found[0] for found in GUID.finditer(told)]
    context = cast("func.Context", SimpleNamespace(invocation_id=invocation))
    request = func.HttpRequest("GET", f"http://127.0.0.1{OPERATIONS[name].path}", body=b"")

    answer = respond(request, context, lambda _: json.loads("what no handler foresees"))

    assert (answer.status_code, json.loads(answer.get_body())["message"]) == (status, told)


STARTS = ["start_task_put", "start_task_post"]
# A tick asks storage again and again until its minute is over, longer than a test waits.
NOT_AT_ONCE = [*STARTS, "tick_now_post"]


@pytest.mark.parametrize(
    "name", [name for name in that_fail(HTTPStatus.SERVICE_UNAVAILABLE) if name not in NOT_AT_ONCE]
)
def test_storage_out_of_reach_is_told_as_the_example_says(
    name: str, without_storage: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    assert message(OPERATIONS[name].ask(without_storage, http), sense) == expected(name, 503)


@pytest.mark.parametrize("name", STARTS)
def test_a_start_that_sense_can_not_be_asked_for_is_told_as_the_examples_say(
    name: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.fault("refuse")
    assert message(OPERATIONS[name].ask(footman, http), sense) == expected(name, 503)
    sense.no_faults()
    sense.fault("status", status=403)
    assert message(OPERATIONS[name].ask(footman, http), sense) == expected(name, 502)


@pytest.mark.parametrize("name", STARTS)
def test_a_start_that_sense_does_not_accept_is_answered_as_the_example_says(
    name: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.tasks([{"id": APP1, "name": "Reload task of App1", "enabled": False}])

    answer = OPERATIONS[name].ask(footman, http)

    assert (answer.status_code, answer.json()) == (502, OPERATIONS[name].example(502))


@pytest.mark.parametrize("name", that_fail(HTTPStatus.FORBIDDEN))
def test_a_task_that_the_filter_holds_back_is_told_as_the_example_says(
    name: str, footman: LocalHost, filtering: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    asked = OPERATIONS[name]
    if asked.method == "PUT":
        made = OPERATIONS["schedules_post"].ask(footman, http).json()["id"]
        asked = replace(asked, path=asked.path.replace(examples.SCHEDULE_ID, made))
        if name == "schedule_restore_put":
            http.delete(f"{footman.url}/v4/schedules/{made}", timeout=30)
    assert message(asked.ask(filtering, http), sense) == expected(name, 403)

    sense.fault("status", status=403)
    assert message(asked.ask(filtering, http), sense) == expected(name, 502)


def test_no_other_failure_is_told_than_those_asked_for_above() -> None:
    # A lost answer of storage, 424, is asked for in test_made_or_not.py, a second tick, 409, in test_rights.py,
    # and a change of what was changed meanwhile, 412, in test_if_match.py.
    asked = {HTTPStatus(status) for status in (400, 403, 409, 412, 424, 500, 502, 503)}

    for name, operation in OPERATIONS.items():
        failures = CALLS[name].failures.keys()
        assert failures <= asked
        assert {str(status.value) for status in failures} <= operation.told["responses"].keys()
    assert that_fail(HTTPStatus.BAD_GATEWAY) == that_fail(HTTPStatus.FORBIDDEN)


def test_tasks_tags_and_properties_that_are_filled_in_are_those_of_the_stand_in(sense: StandIn) -> None:
    tasks = sense.ask("GET", "/task/full").json()
    sent = [OPERATIONS[name] for name in OPERATIONS]
    texts = json.dumps([[one.path for one in sent if "reloadtask" in one.path], [bodies(one.told) for one in sent]])
    named = {found[0] for found in GUID.finditer(texts)}

    assert len(named) == 3
    assert named <= {task["id"] for task in tasks}
    items = [item["payload"] for body in bodies(OPERATIONS["start_task_put"].told) for item in body]
    assert {item["tag"] for item in items if "tag" in item} <= {tag["name"] for task in tasks for tag in task["tags"]}
    assert {
        (item["customPropertyName"], item["customPropertyValue"]) for item in items if "customPropertyName" in item
    } <= {(one["definition"]["name"], one["value"]) for task in tasks for one in task["customProperties"]}


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_start_as_it_is_filled_in_starts_what_it_names(
    number: int, name: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = OPERATIONS[name].ask(footman, http, body=bodies(OPERATIONS[name].told)[number])

    assert answer.status_code == 200
    assert len(sense.starts()) >= [1, 3, 5][number]
    if number == 0:
        assert answer.json() == OPERATIONS[name].example(200)


def test_a_schedule_as_it_is_filled_in_never_fires(footman: LocalHost, http: requests.Session) -> None:
    made = OPERATIONS["schedules_post"].ask(footman, http)

    told, example = made.json(), OPERATIONS["schedules_post"].example(201)
    assert made.status_code == 201
    assert {**example, "id": told["id"], "created": told["created"]} == told
    assert told["lastKnownState"] == "stopped"
    again = http.put(
        f"{footman.url}/v4/schedules/{told['id']}", json=OPERATIONS["schedule_with_id_put"].body, timeout=30
    )
    assert again.json() == told
