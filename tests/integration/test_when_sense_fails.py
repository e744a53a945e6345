"""Sense is down, slow, confused or unwilling: the caller is told the truth and what to do."""

import json

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.conftest import StartFootman

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
APP2 = "7d1427f4-b9ad-5812-aed5-9e6da8b9889c"
LOOK_UP, START = "task/full", "start/synchronous"
TIMEOUT_SECONDS = 1


@pytest.fixture(scope="module")
def hasty(start_footman: StartFootman) -> LocalHost:
    """Footman that waits a second for Sense, over eight connections."""
    return start_footman({"QRS_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS), "QRS_MAX_CONNECTIONS": "8"})


def start(footman: LocalHost, http: requests.Session, *task_ids: str) -> requests.Response:
    items = [{"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in task_ids]
    return http.put(f"{footman.url}/v4/reloadtask/-/start", json=items, timeout=60)


LOOK_UP_FAILS = [
    ({"kind": "reset"}, 503, "cut the connection"),
    ({"kind": "truncate"}, 503, "cut the connection"),
    ({"kind": "hang"}, 503, "did not answer within 1 s"),
    ({"kind": "html"}, 502, "web page"),
    ({"kind": "status", "status": 302}, 502, "no JSON"),
    ({"kind": "status", "status": 400, "body": "Cannot parse the expression: x"}, 502, "Cannot parse the expression"),
    ({"kind": "status", "status": 401}, 502, "does not know who asks"),
    ({"kind": "status", "status": 403, "body": "Forbidden"}, 502, "lacks the right"),
    ({"kind": "status", "status": 403, "body": "Your account is inactive."}, 502, "Activate it in the QMC"),
    ({"kind": "status", "status": 403, "body": "XSRF prevention check failed."}, 502, "XSRF key did not arrive"),
    ({"kind": "status", "status": 404, "body": "No matching endpoint found"}, 502, "refused with 404"),
    ({"kind": "status", "status": 429, "body": "Too many requests"}, 502, "Too many requests"),
    ({"kind": "status", "status": 500}, 502, "the logs of Sense tell more"),
    ({"kind": "status", "status": 503, "body": "x" * 100_000}, 502, "answered 503"),
    ({"kind": "status", "status": 200, "body": "no json"}, 502, "no JSON"),
    ({"kind": "status", "status": 200, "body": '{"value": 1}'}, 502, "no list of tasks"),
    ({"kind": "status", "status": 200, "body": '[{"id": 1}]'}, 502, "no list of tasks"),
]


@pytest.mark.parametrize(("fault", "status", "message"), LOOK_UP_FAILS)
def test_a_failed_look_up_is_told_and_nothing_is_started(
    fault: dict[str, object], status: int, message: str, hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.fault(**fault, path=LOOK_UP)  # type: ignore[arg-type]
    answer = start(hasty, http, APP1)

    assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
    assert message in answer.json()["message"]
    assert len(answer.text) < 600
    assert sense.starts() == []


ODD = [
    "x",
    None,
    {"id": None, "name": "No id"},
    {"id": 17, "name": "A number", "tags": [], "customProperties": []},
    {"id": "../about", "name": "No GUID"},
]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_entity_hides_no_sound_one(
    odd: object, hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.fault("status", path=LOOK_UP, status=200, body=json.dumps([odd, {"id": APP1, "name": "A"}]))
    answer = start(hasty, http, APP1, APP2)

    assert answer.status_code == 200
    assert answer.json()["tasksId"] == {
        "started": [{"taskId": APP1, "taskName": "A"}],
        "invalid": [{"taskId": APP2}],
        "denied": [],
    }
    assert [call["taskId"] for call in sense.starts()] == [APP1]
    assert '"action": "task_unreadable"' in hasty.stderr_text()


def test_a_task_without_a_name_is_started_under_its_id(
    hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    nameless = {"id": APP1, "name": None, "tags": [{"id": APP2}], "customProperties": [{"definition": None}]}
    sense.fault("status", path=LOOK_UP, status=200, body=json.dumps([nameless, {"id": APP2, "name": "B"}]))
    answer = start(hasty, http, APP1, APP2)

    assert answer.json()["tasksId"]["started"] == [
        {"taskId": APP1, "taskName": ""},
        {"taskId": APP2, "taskName": "B"},
    ]
    assert sorted(call["taskId"] for call in sense.starts()) == sorted([APP1, APP2])


def test_sense_away_is_503_with_a_hint(hasty: LocalHost, http: requests.Session, sense: StandIn) -> None:
    sense.fault("refuse")
    answer = start(hasty, http, APP1)

    assert (answer.status_code, answer.json()["error"]) == (503, "Service Unavailable")
    assert "connection refused. Check that the Sense repository service runs" in answer.json()["message"]


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "status", "status": 503}, {"kind": "truncate"}])
def test_a_look_up_is_tried_a_second_time(
    fault: dict[str, object], hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.fault(**fault, path=LOOK_UP, count=1)  # type: ignore[arg-type]
    answer = start(hasty, http, APP1)

    assert answer.status_code == 200
    assert [call["taskId"] for call in sense.starts()] == [APP1]


# Clients repeat a 502 by themselves: it is for what surely did not start.
START_FAILS = [
    ({"kind": "reset"}, 200, "outcome unknown: "),
    ({"kind": "resetAfter"}, 200, "outcome unknown: "),
    ({"kind": "truncate"}, 200, "outcome unknown: "),
    ({"kind": "hang"}, 200, "did not answer within 1 s"),
    ({"kind": "html"}, 502, "web page"),
    ({"kind": "status", "status": 201, "body": "no json"}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 201, "body": '{"value": "abc"}'}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 201, "body": "<html>Started</html>"}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 204}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 302}, 502, "no JSON"),
    ({"kind": "status", "status": 400, "body": "Bad"}, 502, "refused with 400: Bad"),
    ({"kind": "status", "status": 403}, 502, "lacks the right"),
    ({"kind": "status", "status": 404, "body": "Gone"}, 502, "refused with 404: Gone"),
    ({"kind": "status", "status": 408}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 429}, 502, "answered 429"),
    ({"kind": "status", "status": 500}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 502}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 503}, 502, "the logs of Sense tell more"),
    ({"kind": "status", "status": 504}, 200, "outcome unknown: "),
    ({"kind": "status", "status": 524}, 200, "outcome unknown: "),
]


@pytest.mark.parametrize(("fault", "status", "reason"), START_FAILS)
def test_a_failed_start_is_not_reported_as_started_and_not_sent_again(
    fault: dict[str, object], status: int, reason: str, hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.fault(**fault, path=START)  # type: ignore[arg-type]
    answer = start(hasty, http, APP1)

    assert answer.status_code == status
    assert answer.json()["tasksId"] == {"started": [], "invalid": [], "denied": []}
    [failed] = answer.json()["tasksFailed"]
    assert (failed["taskId"], failed["taskName"]) == (APP1, "Reload task of App1")
    assert reason in failed["reason"]
    assert len([call for call in sense.log() if START in call["path"]]) == 1


def test_an_unknown_outcome_tells_where_to_look(hasty: LocalHost, http: requests.Session, sense: StandIn) -> None:
    sense.fault("resetAfter", path=START)
    answer = start(hasty, http, APP1)

    assert len(sense.starts()) == 1  # it did start, and nobody can know
    assert "Look at the task in the QMC before starting it again" in answer.json()["tasksFailed"][0]["reason"]


def test_one_unknown_outcome_among_refusals_does_not_invite_to_repeat_the_request(
    hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.fault("status", path=f"{APP1}/start", status=400)
    sense.fault("resetAfter", path=f"{APP2}/start")
    answer = start(hasty, http, APP1, APP2)

    assert answer.status_code == 200
    assert [task["taskId"] for task in answer.json()["tasksFailed"]] == [APP1, APP2]
    assert answer.json()["tasksId"]["started"] == []
    assert len(sense.starts()) == 1


def test_a_client_that_repeats_by_itself_starts_nothing_twice(hasty: LocalHost, sense: StandIn) -> None:
    sense.fault("resetAfter", path=START)
    repeats = Retry(total=3, status_forcelist=[408, 429, *range(500, 600)], allowed_methods=None, backoff_factor=0)
    with requests.Session() as repeating:
        repeating.trust_env = False
        repeating.mount("http://", HTTPAdapter(max_retries=repeats))
        answer = start(hasty, repeating, APP1)

    assert answer.status_code == 200
    assert len(sense.starts()) == 1


def test_one_failure_among_others_is_told_beside_them(hasty: LocalHost, http: requests.Session, sense: StandIn) -> None:
    sense.fault("status", path=f"{APP2}/start", status=500)
    answer = start(hasty, http, APP1, APP2)

    assert answer.status_code == 200
    assert [task["taskId"] for task in answer.json()["tasksId"]["started"]] == [APP1]
    assert [task["taskId"] for task in answer.json()["tasksFailed"]] == [APP2]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [({"enabled": False}, "the task is disabled. Enable it in the QMC."), ({"noApp": True}, "its app is missing")],
)
def test_the_zero_guid_is_no_start(
    condition: dict[str, bool], reason: str, hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.tasks(
        [{"id": APP1, "name": "A", "enabled": True, "taskType": 0, "tags": [], "customProperties": []} | condition]
    )
    answer = start(hasty, http, APP1)

    assert answer.status_code == 502
    assert reason in answer.json()["tasksFailed"][0]["reason"]
    assert sense.starts() == []


def test_a_task_that_runs_already_is_not_started_again(
    hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.settings(reloadMs=60_000)
    first, second = start(hasty, http, APP1), start(hasty, http, APP1)

    assert (first.status_code, second.status_code) == (200, 502)
    assert "running already" in second.json()["tasksFailed"][0]["reason"]
    assert len(sense.starts()) == 1


def test_a_bare_execution_id_is_understood_too(hasty: LocalHost, http: requests.Session, sense: StandIn) -> None:
    sense.settings(bareGuid=True)
    answer = http.put(f"{hasty.url}/v4/reloadtask/{APP1}/start?includeExecutionId=true", timeout=30)

    assert answer.json()["tasksId"]["started"][0]["executionId"] == sense.starts()[0]["executionId"]


def test_when_sense_stops_answering_the_rest_is_not_sent(
    hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(100)]
    sense.tasks([{"id": task_id, "name": task_id, "enabled": True, "taskType": 0} for task_id in ids])
    sense.fault("hang", path=START)
    answer = start(hasty, http, *ids)

    reasons = [failed["reason"] for failed in answer.json()["tasksFailed"]]
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() < 5 * TIMEOUT_SECONDS
    assert len(reasons) == 100
    assert len([reason for reason in reasons if reason.startswith("not sent")]) >= 84
    assert all(reason.startswith(("not sent", "outcome unknown")) for reason in reasons)


def test_a_task_name_that_is_no_text_still_gets_an_answer(
    hasty: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    sense.tasks([{"id": APP1, "name": "half a \ud83d", "enabled": True, "taskType": 0}])
    answer = start(hasty, http, APP1)

    assert answer.status_code == 200
    assert answer.json()["tasksId"]["started"] == [{"taskId": APP1, "taskName": "half a ?"}]
    assert len(sense.starts()) == 1
