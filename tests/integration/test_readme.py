"""The calls of the README do what it says."""

import json
import re
import shlex
from pathlib import Path

import pytest
import requests

from tests.sandbox.examples import examples
from tests.sandbox.local_host import LocalHost
from tests.sandbox.stand_in import StandIn

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SHOWN_AT_START = examples("http://127.0.0.1:7071", storage=True, sense=True)
LINES = [*re.findall(r"^curl .*$", README, re.MULTILINE), *re.findall(r"^curl .*$", SHOWN_AT_START, re.MULTILINE)]


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
    printed = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)[0]

    assert call(LINES[0], footman, http).text == printed
    assert len(LINES) == 10
    assert json.loads(printed)
