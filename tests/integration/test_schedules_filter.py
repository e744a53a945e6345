"""START_TASK_FILTER, when a schedule is made or changed: only what it allows is kept."""

import json

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.conftest import APP1, Schedules, StartFootman, a_schedule

APP2 = "7d1427f4-b9ad-5812-aed5-9e6da8b9889c"
APP3 = "7d7d32dd-a1fb-506e-9aee-50d88b2e94d3"
APP4 = "223c6ccf-e4d3-54a9-9cbb-9a856e0a6c5c"
UNKNOWN = "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b"
NOT_ALLOWED = (
    "is not allowed: START_TASK_FILTER, or the tasks that CALLERS gives you, have neither it nor one of its tags or "
    "custom properties, or Sense shows Footman no such task."
)
FILTER = {
    "taskIds": [APP1.upper()],
    "tags": ["tag 2"],
    "customProperties": [{"name": "taskGroup", "value": "group0"}],
}


@pytest.fixture(scope="module")
def filtered_footman(start_footman: StartFootman) -> LocalHost:
    return start_footman({"START_TASK_FILTER": json.dumps(FILTER)})


@pytest.fixture
def filtered(filtered_footman: LocalHost, http: requests.Session, table: TableClient, sense: StandIn) -> Schedules:  # noqa: ARG001 - Sense is as new
    """None are stored."""
    return Schedules(footman=filtered_footman, http=http, table=table)


def a_task(tags: list[str], properties: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "id": UNKNOWN,
        "name": "Nightly",
        "enabled": True,
        "taskType": 0,
        "tags": [{"id": APP4, "name": tag} for tag in tags],
        "customProperties": [{"value": value, "definition": {"name": name}} for name, value in properties],
    }


def assert_forbidden(answer: requests.Response, message: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
    assert answer.json()["message"] == message


@pytest.mark.parametrize("task_id", [APP1, APP1.upper(), APP2, APP2.upper(), APP3])
def test_a_task_is_allowed_by_id_tag_or_property(task_id: str, filtered: Schedules, sense: StandIn) -> None:
    made = filtered.made(qlikSenseTaskId=task_id)

    assert made["qlikSenseTaskId"] == task_id
    assert filtered.ask("GET").json() == [made]
    assert len(sense.log()) == 1


def test_sense_may_spell_an_id_in_capitals(filtered: Schedules, sense: StandIn) -> None:
    sense.tasks([a_task([], []) | {"id": APP1.upper()}])

    assert filtered.made(qlikSenseTaskId=APP1)["lastKnownState"] == "started"


@pytest.mark.parametrize(
    ("tags", "properties"),
    [
        (["tag 2"], []),
        (["other", "tag 2"], []),
        ([], [("taskGroup", "group0")]),
        (["tag 2"], [("taskGroup", "group0")]),
        ([], [("taskGroup", "group1"), ("taskGroup", "group0")]),
    ],
)
def test_one_of_its_tags_or_properties_is_enough(
    tags: list[str], properties: list[tuple[str, str]], filtered: Schedules, sense: StandIn
) -> None:
    sense.tasks([a_task(tags, properties)])

    assert filtered.made(qlikSenseTaskId=UNKNOWN)["lastKnownState"] == "started"


@pytest.mark.parametrize(
    ("tags", "properties"),
    [
        ([], []),
        (["TAG 2", "tag 22", "tag"], []),
        ([], [("taskGroup", "group1")]),
        ([], [("taskGroup", "Group0")]),
        ([], [("other", "group0"), ("taskGroup", "other")]),
        (["group0", APP1], [("tag", "tag 2")]),
    ],
)
def test_any_other_task_is_forbidden_without_its_name(
    tags: list[str], properties: list[tuple[str, str]], filtered: Schedules, sense: StandIn
) -> None:
    sense.tasks([a_task(tags, properties)])
    answer = filtered.ask("POST", "", a_schedule(qlikSenseTaskId=UNKNOWN))

    assert_forbidden(
        answer,
        f"qlikSenseTaskId: '{UNKNOWN}' {NOT_ALLOWED}",
    )
    assert filtered.rows == {}


def test_a_task_that_sense_does_not_know_is_forbidden_in_the_same_words(filtered: Schedules) -> None:
    answer = filtered.ask("POST", "", a_schedule(qlikSenseTaskId=UNKNOWN))

    assert_forbidden(
        answer,
        f"qlikSenseTaskId: '{UNKNOWN}' {NOT_ALLOWED}",
    )
    assert filtered.rows == {}


@pytest.mark.parametrize("startup_state", ["started", "stopped"])
def test_nor_may_a_schedule_be_changed_to_such_a_task(startup_state: str, filtered: Schedules) -> None:
    made = filtered.made(startupState=startup_state)
    before = filtered.rows
    for task_id in (APP4, UNKNOWN):
        answer = filtered.ask("PUT", f"/{made['id']}", a_schedule(name="Another", qlikSenseTaskId=task_id))
        assert answer.status_code == 403
        assert answer.json()["message"].startswith(f"qlikSenseTaskId: '{task_id}'")

    assert filtered.ask("GET").json() == [made]
    assert filtered.rows == before


def test_it_may_be_changed_to_one_that_is_allowed(filtered: Schedules) -> None:
    made = filtered.made()
    answer = filtered.ask("PUT", f"/{made['id']}", a_schedule(qlikSenseTaskId=APP3))

    assert (answer.status_code, answer.json()) == (200, {**made, "qlikSenseTaskId": APP3})


def test_what_is_wrong_anyway_is_told_without_asking_sense(filtered: Schedules, sense: StandIn) -> None:
    answers = [
        filtered.ask("POST", "", a_schedule(qlikSenseTaskId=APP4, timezone="Mars/Base")),
        filtered.ask("POST", "", a_schedule(qlikSenseTaskId=APP4, cronSchedule="0 0 30 2 *")),
        filtered.ask("PUT", f"/{UNKNOWN}", a_schedule(qlikSenseTaskId=APP4)),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert sense.log() == []


AWAY: list[tuple[dict[str, object], int, str]] = [
    ({"kind": "refuse"}, 503, "connection refused. Check that the Sense repository service runs"),
    ({"kind": "reset"}, 503, "cut the connection"),
    ({"kind": "status", "status": 500}, 502, "the logs of Sense tell more"),
    ({"kind": "status", "status": 403}, 502, "lacks the right"),
    ({"kind": "html"}, 502, "web page"),
]


@pytest.mark.parametrize(("fault", "status", "message"), AWAY)
def test_while_sense_can_not_be_asked_nothing_is_stored(
    fault: dict[str, object], status: int, message: str, filtered: Schedules, sense: StandIn
) -> None:
    made = filtered.made()
    before = filtered.rows
    sense.fault(**fault)  # type: ignore[arg-type]
    for method, path in (("POST", ""), ("PUT", f"/{made['id']}")):
        answer = filtered.ask(method, path, a_schedule(name="Another"))
        assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
        assert message in answer.json()["message"]

    assert filtered.ask("GET").json() == [made]
    assert filtered.rows == before


def test_what_is_kept_is_read_stopped_and_deleted_while_sense_is_away(filtered: Schedules, sense: StandIn) -> None:
    made = filtered.made()
    sense.fault("refuse")
    asked = [("GET", ""), ("PUT", "/stop"), ("PUT", "/start"), ("GET", "/history"), ("DELETE", "")]
    answers = [filtered.ask(method, f"/{made['id']}{path}") for method, path in asked]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 204]


@pytest.mark.parametrize("task_id", [APP4, UNKNOWN])
def test_without_a_filter_sense_is_not_even_asked(task_id: str, schedules: Schedules, sense: StandIn) -> None:
    made = schedules.made(qlikSenseTaskId=task_id)

    assert schedules.ask("PUT", f"/{made['id']}", a_schedule(qlikSenseTaskId=task_id)).status_code == 200
    assert [kept["qlikSenseTaskId"] for kept in schedules.ask("GET").json()] == [task_id]
    assert sense.log() == []
