import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from sandbox import stand_in as sandbox
from sandbox.stand_in import GOOD_HEADERS, XSRF_KEY, StandIn

TASKS = json.loads(Path(sandbox.__file__).with_name("qrs").joinpath("tasks.json").read_text(encoding="utf-8"))
APP0, APP1, APP3 = TASKS[0], TASKS[1], TASKS[3]
UNKNOWN = "aaaaaaaa-0000-4000-8000-000000000009"
ZERO = "00000000-0000-0000-0000-000000000000"
XSRF_TEXT = "XSRF prevention check failed. Possible XSRF discovered."
GOOD = f"xrfkey={XSRF_KEY}"


@pytest.fixture(name="qrs")
def _qrs(sense: StandIn) -> StandIn:
    return sense


def start(qrs: StandIn, task: dict[str, str] = APP0) -> str:
    answer = qrs.ask("POST", f"/task/{task['id']}/start/synchronous")
    assert answer.status_code == 201
    return str(answer.json()["value"])


def changed(name: str, value: str | None) -> dict[str, str]:
    headers = {**GOOD_HEADERS, name: value}
    return {header: text for header, text in headers.items() if text is not None}


@pytest.mark.parametrize(
    ("query", "headers", "status", "text"),
    [
        ("", GOOD_HEADERS, 403, XSRF_TEXT),
        (GOOD, changed("X-Qlik-Xrfkey", None), 403, XSRF_TEXT),
        (GOOD, changed("X-Qlik-Xrfkey", "0123456789abcdef"), 403, XSRF_TEXT),
        ("xrfkey=short", changed("X-Qlik-Xrfkey", "short"), 403, XSRF_TEXT),
        ("xrfkey=0123456789-bcdef", changed("X-Qlik-Xrfkey", "0123456789-bcdef"), 403, XSRF_TEXT),
        ("", changed("X-Qlik-User", None), 403, XSRF_TEXT),
        (GOOD, changed("X-Qlik-User", None), 403, "Forbidden"),
        (GOOD, changed("X-Qlik-User", "UserDirectory:INTERNAL;UserId:sa"), 403, "Forbidden"),
        (GOOD, changed("X-Qlik-User", "UserId=sa"), 403, "Forbidden"),
        (f"XrfKey={XSRF_KEY}", GOOD_HEADERS, 404, "No matching endpoint found"),
        (GOOD, changed("X-Qlik-User", "userdirectory=a%20b;USERID=c"), 404, "No matching endpoint found"),
        (f"{GOOD}&filter=x%20&y", GOOD_HEADERS, 404, "No matching endpoint found"),
    ],
)
def test_it_checks_xsrf_then_the_user_then_the_route(
    qrs: StandIn, query: str, headers: dict[str, str], status: int, text: str
) -> None:
    answer = requests.get(f"{qrs.http}/nowhere?{query}", headers=headers, timeout=5)

    assert (answer.status_code, answer.text) == (status, text)


def test_it_checks_rights_after_the_route_and_before_the_query(qrs: StandIn) -> None:
    qrs.settings(deniedUsers=["internal\\SA_repository"])

    assert qrs.ask("GET", "/nowhere").status_code == 404
    denied = qrs.ask("GET", "/task", filter="name")
    assert (denied.status_code, denied.text.split(".")[0]) == (403, "Your account is inactive")


def test_a_user_without_rights_sees_nothing(qrs: StandIn) -> None:
    qrs.settings(rights={"INTERNAL\\sa_repository": "none"})

    assert qrs.ask("GET", "/task/full").json() == []
    assert qrs.ask("GET", "/reloadtask/count").json() == {"value": 0}
    assert qrs.ask("POST", f"/task/{APP0['id']}/start").status_code == 404
    assert qrs.ask("POST", "/task/start", name=APP0["name"]).status_code == 400
    assert qrs.ask("POST", "/task/start/many", [APP0["id"]]).status_code == 204
    assert qrs.starts() == []


def test_a_user_who_may_read_may_not_start(qrs: StandIn) -> None:
    qrs.settings(rights={"INTERNAL\\sa_repository": "read"})

    assert len(qrs.ask("GET", "/task").json()) == len(TASKS)
    assert qrs.ask("POST", f"/task/{APP0['id']}/start").status_code == 403
    assert qrs.starts() == []


def test_a_missing_user_can_be_let_in(qrs: StandIn) -> None:
    qrs.settings(requireUser=False)

    answer = requests.get(f"{qrs.http}/about?{GOOD}", headers=changed("X-Qlik-User", None), timeout=5)
    assert answer.json()["nodeType"] == 1


@pytest.mark.parametrize("path", [f"/task/{APP0['id']}", "/task/count", "/task/not-a-guid/start", "/app"])
def test_it_has_no_endpoint_that_qrs_does_not_have(qrs: StandIn, path: str) -> None:
    answer = qrs.ask("GET", path)

    assert (answer.status_code, answer.text) == (404, "No matching endpoint found")


def test_paths_have_no_case(qrs: StandIn) -> None:
    assert qrs.ask("GET", f"/ReloadTask/{APP0['id'].upper()}").json()["name"] == APP0["name"]


def test_a_post_without_length_is_refused(qrs: StandIn) -> None:
    where = urlsplit(qrs.http)
    head = f"POST /qrs/task/{APP0['id']}/start?{GOOD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in GOOD_HEADERS.items())
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=5) as raw:
        raw.sendall(f"{head}\r\n".encode())
        assert raw.makefile("rb").readline().startswith(b"HTTP/1.1 411")
    assert qrs.starts() == []


@pytest.mark.parametrize(("length", "status"), [(15_000, 200), (17_000, 414), (100_000, 400)])
def test_a_line_over_16_kb_is_refused(qrs: StandIn, length: int, status: int) -> None:
    assert qrs.ask("GET", "/task", filter=f"name eq '{'x' * length}'").status_code == status


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("filter=tags.name%20eq%20%27a%20&%20b%27", "Missing parameter value(s)"),
        ("filter=", "Missing parameter value(s)"),
        ("filter=name%20eq%20%27it%27%27s%27", "Cannot parse the expression: name eq 'it''s'"),
        ("filter=()", "Invalid expression"),
        ("orderby=name%20up", "Cannot parse the expression: name up"),
    ],
)
def test_it_refuses_a_bad_query_with_plain_text(qrs: StandIn, query: str, text: str) -> None:
    answer = requests.get(f"{qrs.http}/task/full?{GOOD}&{query}", headers=GOOD_HEADERS, timeout=5)

    assert (answer.status_code, answer.text) == (400, text)


@pytest.mark.parametrize(("is_space", "found"), [(False, 0), (True, 1)])
def test_a_plus_is_a_plus_unless_set_otherwise(qrs: StandIn, *, is_space: bool, found: int) -> None:
    qrs.settings(plusIsSpace=is_space)

    url = f"{qrs.http}/task?{GOOD}&filter=name%20eq%20%27Reload+task%20of%20App0%27"
    assert len(requests.get(url, headers=GOOD_HEADERS, timeout=5).json()) == found


def test_full_lists_have_what_condensed_ones_lack(qrs: StandIn) -> None:
    by_tag = r"tags.name eq 'it\'s åäö'"
    [full] = qrs.ask("GET", "/task/full", filter=by_tag).json()
    [condensed] = qrs.ask("GET", "/task", filter=by_tag).json()

    assert full["id"] == condensed["id"] == APP3["id"]
    assert [tag["name"] for tag in full["tags"]] == ["tag 3", "it's åäö"]
    assert full["operational"]["lastExecutionResult"]["startTime"] == "1753-01-01T00:00:00.000Z"
    assert not {"tags", "customProperties", "app"} & condensed.keys()


def test_ids_come_back_in_the_order_of_the_site(qrs: StandIn) -> None:
    both = qrs.ask("GET", "/task/full", filter=f"id eq {APP1['id']} or id eq {APP0['id']} or id eq {UNKNOWN}").json()

    assert [task["id"] for task in both] == [APP0["id"], APP1["id"]]


def test_it_sorts_and_counts(qrs: StandIn) -> None:
    qrs.tasks([{**task, "maxRetries": place % 2} for place, task in enumerate(TASKS)])
    listed = qrs.ask("GET", "/task", orderby="maxRetries asc, Name desc").json()

    even, odd = (sorted((task["name"] for task in TASKS[first::2]), reverse=True) for first in (0, 1))
    assert [task["name"] for task in listed] == even + odd
    assert qrs.ask("GET", "/reloadtask/count", filter="tags.name eq 'tag 1'").json() == {"value": 4}


def test_a_table_is_made_of_the_columns_asked_for(qrs: StandIn) -> None:
    columns = [{"name": "Name", "columnType": "Property", "definition": "name"}]
    body = {"entity": "Task", "columns": [*columns, {"name": "s", "definition": "operational.nextExecution"}]}
    query = {"skip": "1", "take": "1", "sortColumn": "name", "orderAscending": "true", "filter": "name sw 'reload'"}

    answer = qrs.ask("POST", "/task/table", body, **query)
    assert answer.status_code == 201
    assert answer.json() == {"columnNames": ["Name", "s"], "rows": [[APP1["name"], "1753-01-01T00:00:00.000Z"]]}


@pytest.mark.parametrize(
    ("path", "body", "name", "status"),
    [
        (f"/task/{APP0['id']}/start", None, None, 204),
        (f"/task/{APP0['id']}/start/synchronous", {}, None, 201),
        ("/task/start", None, "RELOAD task of app0", 204),
        ("/task/start/synchronous", None, APP0["name"], 201),
        ("/task/start/many", [APP0["id"].upper(), UNKNOWN], None, 204),
    ],
)
def test_each_form_starts_the_task(qrs: StandIn, path: str, body: object, name: str | None, status: int) -> None:
    answer = qrs.ask("POST", path, body, **({"name": name} if name else {}))

    [begun] = qrs.starts()
    assert (answer.status_code, begun["taskId"]) == (status, APP0["id"])
    if status == 201:
        assert answer.json() == {"value": begun["executionId"]}
    else:
        assert answer.content == b""


def test_the_guid_can_come_bare(qrs: StandIn) -> None:
    qrs.settings(bareGuid=True)

    assert qrs.ask("POST", f"/task/{APP0['id']}/start/synchronous").json() == qrs.starts()[0]["executionId"]


@pytest.mark.parametrize("form", ["start", "start/synchronous", "stop"])
def test_an_unknown_id_is_404_or_what_is_set(qrs: StandIn, form: str) -> None:
    assert qrs.ask("POST", f"/task/{UNKNOWN}/{form}").status_code == 404
    qrs.settings(unknownStatus=400)
    assert qrs.ask("POST", f"/task/{UNKNOWN}/{form}").status_code == 400


@pytest.mark.parametrize("form", ["start", "start/synchronous"])
def test_an_unknown_name_is_400(qrs: StandIn, form: str) -> None:
    answer = qrs.ask("POST", f"/task/{form}", name="nobody")

    assert (answer.status_code, answer.text) == (400, "Cannot find a task with the following name: nobody")


@pytest.mark.parametrize(
    ("settings", "task"),
    [
        ({}, {**APP0, "enabled": False}),
        ({}, {**APP0, "noApp": True}),
        ({"noApp": [APP0["id"]]}, APP0),
        ({"noScheduler": True}, APP0),
    ],
)
def test_what_sense_does_not_start_is_the_zero_guid(
    qrs: StandIn, settings: dict[str, object], task: dict[str, object]
) -> None:
    qrs.tasks([task])
    qrs.settings(**settings)

    assert start(qrs) == ZERO
    assert qrs.ask("POST", f"/task/{APP0['id']}/start").status_code == 204
    assert qrs.starts() == []
    assert "noApp" not in qrs.ask("GET", f"/reloadtask/{APP0['id']}").json()


def test_a_running_task_is_the_zero_guid_until_it_is_stopped(qrs: StandIn) -> None:
    qrs.settings(reloadMs=60_000)
    session = start(qrs)

    assert start(qrs) == ZERO
    shown = qrs.ask("GET", f"/executionsession/{session}").json()
    assert (shown["reloadTask"]["id"], len(qrs.ask("GET", "/executionsession").json())) == (APP0["id"], 1)
    assert qrs.ask("POST", f"/task/{APP0['id']}/stop").status_code == 204
    assert qrs.ask("GET", f"/executionsession/{session}").status_code == 404
    assert start(qrs) not in (ZERO, session)


def test_a_run_can_be_followed_to_its_end(qrs: StandIn) -> None:
    qrs.settings(reloadMs=300, failing=[APP0["id"]])
    shown = f"/reloadtask/{APP0['id']}"
    assert qrs.ask("GET", shown).json()["operational"]["lastExecutionResult"]["status"] == 7
    session = start(qrs)

    [running] = qrs.ask("GET", "/executionresult/full", filter=f"ExecutionId eq {session}").json()
    assert (running["status"], running["stopTime"]) == (2, "1753-01-01T00:00:00.000Z")
    time.sleep(0.35)
    ended = qrs.ask("GET", f"/executionresult/{running['id']}").json()
    last = qrs.ask("GET", shown).json()["operational"]["lastExecutionResult"]
    assert (ended["status"], ended["duration"], ended["executionID"]) == (8, 300, session)
    assert {**ended, **last} == ended
    failed = qrs.ask("GET", "/task", filter="operational.lastExecutionResult.status eq FinishedFail").json()
    assert [task["id"] for task in failed] == [APP0["id"]]


def test_the_newest_result_comes_first_when_asked_so(qrs: StandIn) -> None:
    first = start(qrs)
    # times are in milliseconds
    time.sleep(0.01)
    second = start(qrs)
    newest = {"filter": f"taskID eq {APP0['id']}", "orderby": "startTime desc"}

    listed = [each["executionID"] for each in qrs.ask("GET", "/executionresult/full", **newest).json()]
    assert listed == [second, first]
