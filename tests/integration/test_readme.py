"""The calls of the README do what it says."""

import json
import re
import shlex
from pathlib import Path

import pytest
import requests

from sandbox.examples import examples
from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SHOWN_AT_START = examples("http://127.0.0.1:7071", storage=True, sense=True)
ALL = [*re.findall(r"^curl .*$", README, re.MULTILINE), *re.findall(r"^curl .*$", SHOWN_AT_START, re.MULTILINE)]
LINES = [line for line in ALL if "reloadtask" in line]
SCHEDULES = [line for line in ALL if "schedules" in line]
PRINTED = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)


def call(line: str, footman: LocalHost, http: requests.Session) -> requests.Response:
    _, x, method, url, h, header, d, body = shlex.split(line)
    assert (x, h, d) == ("-X", "-H", "-d")
    name, _, value = header.partition(": ")
    at = url.replace("http://127.0.0.1:7071", footman.url)
    return http.request(method, at, data=body, headers={name: value}, timeout=30)


@pytest.mark.parametrize("line", LINES)
def test_a_curl_line_is_answered(line: str, footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    answer = call(line, footman, http)
    told = answer.json()

    assert answer.status_code == 200
    assert len(sense.starts()) == len(told["tasksId"]["started"] + told["tasksTag"] + told["tasksCP"])
    assert ("abc123" in line or "MustExist" in line) == (not sense.starts())


def test_the_first_call_is_answered_as_printed(footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    sense.forget_log()

    assert call(LINES[0], footman, http).text == PRINTED[0]
    assert len(LINES) == 10
    assert json.loads(PRINTED[0])


@pytest.mark.parametrize("line", SCHEDULES)
def test_a_schedule_is_made_and_answered_as_printed(line: str, footman: LocalHost, http: requests.Session) -> None:
    answer = call(line, footman, http)
    made = answer.json()
    http.delete(f"{footman.url}/v4/schedules/{made['id']}", timeout=30)
    printed = next(json.loads(text) for text in PRINTED if "cronSchedule" in text)

    assert answer.status_code == 201
    assert set(printed) - set(made) <= {"tags"}
    assert {**printed, **made} == {**printed, "id": made["id"], "created": made["created"]}
