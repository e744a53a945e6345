"""What a running Butler answered, asked of Footman over HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.conftest import StartFootman

HERE = Path(__file__).parent
CASES = json.loads((HERE / "start-task.json").read_text(encoding="utf-8"))
FILTERED = json.loads((HERE / "start-task-filtered.json").read_text(encoding="utf-8"))


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases]


def replay(case: dict[str, Any], footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    asked, expected = case["request"], case["response"]
    body = asked["raw"] if "raw" in asked else json.dumps(asked["body"]) if "body" in asked else None
    headers = asked.get("headers", {"Content-Type": "application/json"})
    answer = http.request(asked["method"], footman.url + asked["path"], data=body, headers=headers, timeout=30)

    assert answer.status_code == expected["status"]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    if "body" in expected:
        assert answer.json() == expected["body"]
        assert answer.text == json.dumps(expected["body"], indent=2, ensure_ascii=False)
    assert expected.get("bodyIncludes", {}).items() <= answer.json().items()
    assert sorted(start["taskId"] for start in sense.starts()) == case["starts"]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_it_answers_and_starts_as_butler_did(
    case: dict[str, Any], footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    replay(case, footman, http, sense)


@pytest.fixture(scope="module")
def filtered_footman(start_footman: StartFootman) -> LocalHost:
    return start_footman({"START_TASK_FILTER": json.dumps(FILTERED["filter"])})


@pytest.mark.parametrize("case", FILTERED["cases"], ids=names(FILTERED["cases"]))
def test_under_a_start_filter_too(
    case: dict[str, Any], filtered_footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    replay(case, filtered_footman, http, sense)
