"""CALLERS over HTTP: which calls each caller may make, and that what a caller may not touch it does not see."""

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.api.routes import ROUTES
from tests.conftest import StartFootman, a_schedule, move_entry

RIGHTS = ("read", "start", "write", "stop", "admin")
ALL_BUT_ADMIN = list(RIGHTS[:-1])
TAG, GROUP = "theirs", {"name": "taskGroup", "value": "theirs"}
# The tasks of the site, each with a name that nobody else may read.
BY_ID, BY_TAG, BY_PROPERTY, NOBODYS = (f"0fe447a9-0000-4000-8000-{number:012d}" for number in range(4))
NAMES = {task_id: f"Secret-{number}" for number, task_id in enumerate((BY_ID, BY_TAG, BY_PROPERTY, NOBODYS))}
NARROWED: dict[str, tuple[dict[str, Any], str]] = {
    "by id": ({"taskIds": [BY_ID]}, BY_ID),
    "by tag": ({"tags": [TAG]}, BY_TAG),
    "by property": ({"customProperties": [GROUP]}, BY_PROPERTY),
    "nothing": ({}, ""),
}


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


CALLERS = [
    *({"name": right, "keySha256": digest(f"key of {right}"), "may": [right]} for right in RIGHTS),
    *(
        {"name": name, "keySha256": digest(f"key of {name}"), "may": ALL_BUT_ADMIN, "tasks": tasks}
        for name, (tasks, _) in NARROWED.items()
    ),
]
# Each call with its right as CALLERS names it: said here once more, so that none changes by mistake.
CALLS = {
    "read": [
        "GET v4/schedules",
        "GET v4/schedules/status",
        "GET v4/schedules/preview",
        "GET v4/schedules/deleted",
        "GET v4/schedules/{id}",
        "GET v4/schedules/{id}/history",
        "GET v4/keyvaluesnamespaces",
        "GET v4/keylist/{namespace}",
        "GET v4/keyvalues/{namespace}",
        "GET v4/keyvalues/{namespace}/keyexists",
        "GET v4/butlerping",
        "GET v4/checks",
    ],
    "start": ["PUT v4/reloadtask/{taskId}/start", "POST v4/reloadtask/{taskId}/start"],
    "write": [
        "POST v4/schedules",
        "PUT v4/schedules/startall",
        "PUT v4/schedules/{id}",
        "DELETE v4/schedules/{id}",
        "PUT v4/schedules/{id}/start",
        "PUT v4/schedules/{id}/restore",
        "POST v4/keyvalues/{namespace}",
        "DELETE v4/keyvalues/{namespace}",
        "DELETE v4/keyvalues/{namespace}/keyexists",
        "DELETE v4/keyvalues/{namespace}/{key}",
    ],
    "stop": ["PUT v4/schedules/stopall", "PUT v4/schedules/{id}/stop"],
    "admin": ["GET v4/audit", "POST v4/tick"],
}


@pytest.fixture(scope="module")
def guarded(start_footman: StartFootman) -> LocalHost:
    return start_footman({"CALLERS": json.dumps(CALLERS)})


@dataclass(frozen=True)
class Site:
    """A Footman that knows its callers, before a Sense with one task for each of them and one for nobody."""

    footman: LocalHost
    http: requests.Session
    sense: StandIn
    table: TableClient

    def ask(self, who: str, call: str, body: Any = None, **parameters: str) -> requests.Response:
        """Send `METHOD path` with the key of a caller."""
        method, _, path = call.partition(" ")
        headers = {"x-functions-key": f"key of {who}"}
        return self.http.request(
            method, f"{self.footman.url}/{path}", json=body, headers=headers, params=parameters, timeout=30
        )

    def make_all(self) -> dict[str, str]:
        """Make a schedule for each task, with its name, and return their ids."""
        bodies = {task_id: a_schedule(name=name, qlikSenseTaskId=task_id) for task_id, name in NAMES.items()}
        return {task_id: self.ask("write", "POST v4/schedules", body).json()["id"] for task_id, body in bodies.items()}

    @property
    def rows(self) -> dict[str, str]:
        """Return all rows but the audit's, of which some are written behind the answers."""
        rows = [row for row in self.table.list_entities() if not row["RowKey"].startswith("audit:")]
        return {row["RowKey"]: str(row.metadata["etag"]) for row in rows}


@pytest.fixture
def site(guarded: LocalHost, http: requests.Session, sense: StandIn, table: TableClient) -> Site:
    sense.tasks(
        [
            {"id": task_id, "name": name, **({"tags": [{"id": BY_ID, "name": TAG}]} if task_id == BY_TAG else {})}
            | ({"customProperties": [_carried()]} if task_id == BY_PROPERTY else {})
            for task_id, name in NAMES.items()
        ]
    )
    return Site(guarded, http, sense, table)


def _carried() -> dict[str, Any]:
    return {"value": GROUP["value"], "definition": {"name": GROUP["name"]}}


def test_the_table_above_has_every_call_that_asks_who_calls() -> None:
    routes = [(route.path, method, call) for route in ROUTES for method, call in route.calls.items()]

    assert {f"{method} {path}": call.right for path, method, call in routes if call.right} == {
        call: right for right, calls in CALLS.items() for call in calls
    }
    assert all((call.right is None) == route.is_open for route in ROUTES for call in route.calls.values())


@pytest.mark.parametrize("who", [*RIGHTS, "stranger", ""])
def test_a_caller_may_make_the_calls_of_its_right_and_no_other(who: str, site: Site) -> None:
    before = site.rows
    for right, calls in CALLS.items():
        for call in calls:
            address = call.format(taskId="-", id=uuid4(), namespace="none", key="none")
            answer = site.ask(who, address)
            if who in {right, "admin"}:
                assert answer.status_code != 403, call
            else:
                assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden"), call
                assert f"'{right}'" in answer.json()["message"] or who not in RIGHTS
    if who in {"read", "start", "stranger", ""}:
        assert site.rows == before


def test_the_key_may_stand_in_the_address_as_azure_takes_it_and_the_header_counts_first(site: Site) -> None:
    def status(key: str, code: str) -> int:
        headers = {"x-functions-key": key} if key else {}
        address = f"{site.footman.url}/v4/butlerping?code={code}"
        return site.http.get(address, headers=headers, timeout=10).status_code

    assert status("", "key of read") == 200
    assert status("key of stop", "key of read") == 403


def test_health_the_contract_and_its_page_are_open_to_all(site: Site) -> None:
    for path in ("v4/health", "v4/openapi.json", "documentation", "documentation/page.css"):
        assert site.ask("stranger", f"GET {path}").status_code != 403


@pytest.mark.parametrize("who", NARROWED)
def test_schedules_of_other_tasks_are_not_there(who: str, site: Site) -> None:
    own = NARROWED[who][1]
    made = site.make_all()
    hidden = {made[task_id] for task_id in NAMES if task_id != own}
    secrets = {*hidden, *(NAMES[task_id] for task_id in NAMES if task_id != own)}
    before = site.rows

    for call in (
        "GET v4/schedules",
        "GET v4/schedules/status",
        "PUT v4/schedules/stopall",
        "PUT v4/schedules/startall",
    ):
        answer = site.ask(who, call)
        assert answer.status_code == 200, answer.text
        assert [each["id"] for each in answer.json()] == ([made[own]] if own else [])
        assert not [secret for secret in secrets if secret in answer.text]
    assert site.ask(who, "GET v4/schedules", tag="tag 1").json() == site.ask(who, "GET v4/schedules").json()

    body = a_schedule(qlikSenseTaskId=own or BY_ID)
    for schedule_id in hidden:
        for call, sent in (
            ("GET v4/schedules/{id}", None),
            ("PUT v4/schedules/{id}", body),
            ("PUT v4/schedules/{id}/start", None),
            ("PUT v4/schedules/{id}/stop", None),
            ("GET v4/schedules/{id}/history", None),
            ("DELETE v4/schedules/{id}", None),
        ):
            nowhere = str(uuid4())
            asked, unknown = (site.ask(who, call.format(id=each), sent) for each in (schedule_id, nowhere))
            assert (asked.status_code, asked.text) == (unknown.status_code, unknown.text.replace(nowhere, schedule_id))
            assert asked.status_code == 400
        assert site.ask(who, "GET v4/schedules", id=schedule_id).status_code == 400
    after = site.rows
    assert {key for key in before if after.get(key) != before[key]} <= {
        key for key in before if own and key.endswith(made[own])
    }


@pytest.mark.parametrize("who", NARROWED)
def test_nor_are_those_that_were_deleted(who: str, site: Site) -> None:
    own = NARROWED[who][1]
    made = site.make_all()
    for schedule_id in made.values():
        site.ask("write", f"DELETE v4/schedules/{schedule_id}")
    listed = site.ask(who, "GET v4/schedules/deleted")

    assert [each["id"] for each in listed.json()] == ([made[own]] if own else [])
    for task_id, schedule_id in made.items():
        answer = site.ask(who, f"PUT v4/schedules/{schedule_id}/restore")
        assert answer.status_code == (200 if task_id == own else 400)
        assert task_id == own or NAMES[task_id] not in answer.text
    assert len(site.ask("read", "GET v4/schedules").json()) == (1 if own else 0)


@pytest.mark.parametrize("who", NARROWED)
def test_a_schedule_is_made_of_the_callers_own_tasks_alone(who: str, site: Site) -> None:
    own = NARROWED[who][1]
    for task_id, name in NAMES.items():
        answer = site.ask(who, "POST v4/schedules", a_schedule(qlikSenseTaskId=task_id))
        assert answer.status_code == (201 if task_id == own else 403)
        assert name not in answer.text
    if own:
        made = site.ask(who, "GET v4/schedules").json()[0]["id"]
        for task_id in NAMES.keys() - {own}:
            answer = site.ask(who, f"PUT v4/schedules/{made}", a_schedule(qlikSenseTaskId=task_id))
            assert answer.status_code == 403
            assert NAMES[task_id] not in answer.text


@pytest.mark.parametrize("who", NARROWED)
def test_a_start_reaches_the_callers_own_tasks_alone(who: str, site: Site) -> None:
    tasks, own = NARROWED[who]
    items = [
        *({"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in NAMES),
        {"type": "starttasktag", "payload": {"tag": TAG}},
        {
            "type": "starttaskcustomproperty",
            "payload": {"customPropertyName": GROUP["name"], "customPropertyValue": GROUP["value"]},
        },
    ]
    answer = site.ask(who, "PUT v4/reloadtask/-/start", items)

    assert answer.status_code == (200 if own else answer.status_code)
    assert {start["taskId"] for start in site.sense.starts()} == ({own} if own else set())
    assert not [name for task_id, name in NAMES.items() if task_id != own and name in answer.text]
    for task_id in NAMES.keys() - {own}:
        assert NAMES[task_id] not in site.ask(who, f"PUT v4/reloadtask/{task_id}/start").text
    assert {start["taskId"] for start in site.sense.starts()} == ({own} if own and tasks else set())


def test_while_sense_is_away_whoever_is_narrowed_by_tags_sees_nothing_and_is_told_why(site: Site) -> None:
    made = site.make_all()
    site.sense.fault("status", status=503, path="/qrs/task")

    assert site.ask("by tag", "GET v4/schedules").status_code in {502, 503}
    assert [each["id"] for each in site.ask("by id", "GET v4/schedules").json()] == [made[BY_ID]]
    assert len(site.ask("read", "GET v4/schedules").json()) == len(made)


def test_the_start_filter_holds_for_every_caller_too(
    start_footman: StartFootman, http: requests.Session, site: Site
) -> None:
    narrow = start_footman({"CALLERS": json.dumps(CALLERS), "START_TASK_FILTER": json.dumps({"taskIds": [NOBODYS]})})
    both = Site(narrow, http, site.sense, site.table)

    for who in NARROWED:
        for task_id in NAMES:
            both.ask(who, f"PUT v4/reloadtask/{task_id}/start")
            assert both.ask(who, "POST v4/schedules", a_schedule(qlikSenseTaskId=task_id)).status_code == 403
    assert site.sense.starts() == []


def principal(**claims: str) -> dict[str, str]:
    found = {"auth_typ": "aad", "claims": [{"typ": kind, "val": value} for kind, value in claims.items()]}
    return {"x-ms-client-principal": b64encode(json.dumps(found).encode()).decode()}


BY_ENTRA = json.dumps(
    [
        {"name": "me", "entraId": "my id", "may": ["read"]},
        {"name": "all", "entraRole": "role", "may": ["read"]},
        {"name": "reports", "keySha256": digest("key of reports"), "may": ["read"]},
    ]
)


def test_behind_the_platforms_authentication_a_caller_is_who_signed_in(
    start_footman: StartFootman, http: requests.Session
) -> None:
    footman = start_footman({"CALLERS": BY_ENTRA, "HTTP_AUTH_LEVEL": "ANONYMOUS", "ENTRA_IN_FRONT": "true"})

    def status(headers: dict[str, str]) -> int:
        return http.get(f"{footman.url}/v4/butlerping", headers=headers, timeout=10).status_code

    assert status(principal(oid="my id")) == 200
    assert status(principal(roles="role")) == 200
    assert status({"x-functions-key": "key of reports"}) == 200
    for nobody in (principal(oid="your id"), principal(roles="roles"), principal(name="my id"), {}):
        assert status(nobody) == 403
    for nonsense in ("e30=", "W10=", "bm8=", "eyJjbGFpbXMiOiBbMSwge31dfQ==", "???", "A" * 6_000):
        assert status({"x-ms-client-principal": nonsense}) == 403


def test_without_it_what_anybody_can_send_is_not_believed(start_footman: StartFootman, http: requests.Session) -> None:
    for settings in ({}, {"ENTRA_IN_FRONT": "true"}, {"HTTP_AUTH_LEVEL": "ANONYMOUS"}):
        footman = start_footman({"CALLERS": BY_ENTRA, **settings})
        answer = http.get(f"{footman.url}/v4/butlerping", headers=principal(oid="my id"), timeout=10)
        assert (answer.status_code, "ENTRA_IN_FRONT" in answer.json()["message"]) == (500, True)


def test_a_change_of_the_file_counts_at_once_and_one_that_cant_be_read_lets_nobody_in(
    start_footman: StartFootman, http: requests.Session, tmp_path: Path
) -> None:
    file = tmp_path / "callers.json"
    file.write_text(json.dumps(CALLERS))
    site = start_footman({"CALLERS": str(file)})

    def status(who: str) -> int:
        return http.get(
            f"{site.url}/v4/butlerping", headers={"x-functions-key": f"key of {who}"}, timeout=10
        ).status_code

    assert (status("read"), status("stop")) == (200, 403)
    file.write_text(json.dumps([{"name": "b", "keySha256": digest("key of stop"), "may": ["read"]}]))
    assert (status("read"), status("stop")) == (403, 200)
    file.write_text("[oh no")
    assert (status("read"), status("stop")) == (500, 500)


def test_a_tick_from_outside_starts_what_is_due_and_is_not_run_twice_at_a_time(site: Site) -> None:
    made = site.ask("write", "POST v4/schedules", a_schedule(cronSchedule="* * * * *", qlikSenseTaskId=BY_ID)).json()
    move_entry(site.table, made["id"], datetime.now(UTC).replace(second=0))
    site.sense.fault("delay", path=f"{BY_ID}/start", delayMs=1000, count=1)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: site.ask("admin", "POST v4/tick"), range(4)))

    assert [start["taskId"] for start in site.sense.starts()] == [BY_ID]
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert [answer.json()["started"] for answer in answers if answer.status_code == 200] == [1]
