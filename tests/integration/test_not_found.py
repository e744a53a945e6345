"""Names that no task carries exactly as they were written: told, and nothing is started by them."""

import json

import pytest
import requests

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.conftest import StartFootman

START = "/v4/reloadtask/-/start"


def by_tag(tag: object) -> dict[str, object]:
    return {"type": "starttasktag", "payload": {"tag": tag}}


def by_property(name: object, value: object) -> dict[str, object]:
    return {
        "type": "starttaskcustomproperty",
        "payload": {"customPropertyName": name, "customPropertyValue": value},
    }


def tags(*names: str) -> dict[str, object]:
    return {"tags": list(names), "customProperties": []}


def properties(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"tags": [], "customProperties": [{"name": name, "value": value} for name, value in pairs]}


@pytest.mark.parametrize(
    ("item", "not_found"),
    [
        (by_tag("TAG 1"), tags("TAG 1")),
        (by_tag("tag 1 "), tags("tag 1 ")),
        (by_tag("no such tag"), tags("no such tag")),
        (by_tag(2024), tags("2024")),
        (by_property("taskgroup", "group1"), properties(("taskgroup", "group1"))),
        (by_property("taskGroup", "Group1"), properties(("taskGroup", "Group1"))),
        (by_property("cadence", "group1"), properties(("cadence", "group1"))),
        (by_property("taskGroup", ""), properties(("taskGroup", ""))),
    ],
)
def test_a_name_that_nothing_carries_is_told(
    item: dict[str, object], not_found: dict[str, object], footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = http.put(f"{footman.url}{START}", json=[item], timeout=30)

    assert answer.status_code == 200
    assert list(answer.json()) == ["tasksId", "tasksTag", "tasksTagDenied", "tasksCP", "tasksCPDenied", "notFound"]
    assert answer.json()["notFound"] == not_found
    assert answer.json()["tasksTag"] == answer.json()["tasksCP"] == []
    assert sense.starts() == []


def test_what_is_there_starts_beside_what_is_not(footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    items = [by_tag("Tag 1"), by_tag("tag 1"), by_tag("Tag 1"), by_property("a", "b")]
    answer = http.put(f"{footman.url}{START}", json=items, timeout=30)

    assert len(answer.json()["tasksTag"]) == len(sense.starts()) == 4
    assert answer.json()["notFound"] == {"tags": ["Tag 1"], "customProperties": [{"name": "a", "value": "b"}]}


def test_when_all_is_there_the_answer_is_butlers(footman: LocalHost, http: requests.Session) -> None:
    answer = http.put(f"{footman.url}{START}", json=[by_tag("tag 1"), by_property("taskGroup", "group1")], timeout=30)

    assert list(answer.json()) == ["tasksId", "tasksTag", "tasksTagDenied", "tasksCP", "tasksCPDenied"]


def test_what_the_start_filter_denied_is_not_told_a_second_time(
    start_footman: StartFootman, http: requests.Session, sense: StandIn
) -> None:
    allowed = {"tags": ["gone"], "customProperties": [{"name": "taskGroup", "value": "gone"}]}
    filtered = start_footman({"START_TASK_FILTER": json.dumps(allowed)})
    items = [by_tag("no such tag"), by_tag("gone"), by_property("a", "b"), by_property("taskGroup", "gone")]
    told = http.put(f"{filtered.url}{START}", json=items, timeout=30).json()

    assert told["tasksTagDenied"] == [{"tag": "no such tag"}]
    assert told["tasksCPDenied"] == [{"name": "a", "value": "b"}]
    assert told["notFound"] == {"tags": ["gone"], "customProperties": [{"name": "taskGroup", "value": "gone"}]}
    assert sense.starts() == []
