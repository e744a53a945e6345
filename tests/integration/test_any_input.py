"""Whatever texts and values somebody sends: an answer below 500, and each refusal in the envelope."""

from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sandbox.local_host import LocalHost
from tests.conftest import Schedules
from tests.integration.any_input.bodies import ANYTHING, GOOD_SCHEDULE, ITEMS, KEY_VALUE, SCHEDULE
from tests.integration.any_input.texts import CRONS, IDS, TEXTS, ZONES

# The same examples every time: a check that passes today passes tomorrow.
EXAMPLES = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
INSTANTS = (
    "2026-11-22T06:00:00Z", "2026-10-25T00:59:59Z", "2095-12-31T00:00:00+01:00",
    "1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "0001-01-01",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "20261122T060000Z", "2026-W47-7",
    "2026-11-22T06:00:00+24:00", "2026-11-22T06:00:60Z", "now", "0", "1e9",
    "2200-12-31T23:59:59-23:59", "1970-01-01T00:00:00+23:59",
)  # fmt: skip
COUNTS = ("1", "2", "5", "50", "99", "100", "100", "101", "0", "-1", "1.5", "1e2", "\uff15", "9" * 30, "", "100 ")
FLAGS = ("true", "false", "true", "false", "TRUE", "1", "true,true", "")
FLAG, COUNT, INSTANT = (st.sampled_from(some) for some in (FLAGS, COUNTS, INSTANTS))
# Two at once ask Sense to start one task: the second is told that it runs.
RUNS_ALREADY = "running already"
# A longer line is refused by the host's HTTP server itself, on Azure by its front end.
LONGEST_URL = 8000


@pytest.fixture
def known(schedules: Schedules) -> str:
    made: str = schedules.made()["id"]
    return made


def hold(http: requests.Session, method: str, url: str, *, body: str | None = None, **asked: str) -> None:
    """Assert that the answer is below 500, but for what Sense refuses, and that a refusal has its form."""
    data = None if body is None else body.encode(errors="replace")
    request = http.prepare_request(requests.Request(method, url, params=asked, data=data))
    assume(len(request.url or "") < LONGEST_URL)
    answer = http.send(request, timeout=30)
    is_told = answer.status_code == 502 and RUNS_ALREADY in answer.text
    assert answer.status_code < 500 or is_told, answer.text
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert list(answer.json()) == ["statusCode", "error", "message"]
        assert answer.json()["statusCode"] == answer.status_code


def quoted(text: str) -> str:
    return quote(text, safe="")


def query(**fields: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional=fields)


@EXAMPLES
@given(asked=st.fixed_dictionaries({"cronSchedule": CRONS, "timezone": ZONES}), more=query(count=COUNT, after=INSTANT))
def test_a_preview_of_any_expression_in_any_zone(
    asked: dict[str, str], more: dict[str, str], footman: LocalHost, http: requests.Session
) -> None:
    hold(http, "GET", f"{footman.url}/v4/schedules/preview", **asked, **more)


@EXAMPLES
@given(body=st.one_of(SCHEDULE, GOOD_SCHEDULE, ANYTHING))
def test_a_schedule_of_any_fields_is_made_or_refused_and_so_it_is_replaced(
    body: str, schedules: Schedules, known: str
) -> None:
    url = f"{schedules.footman.url}/v4/schedules"
    hold(schedules.http, "POST", url, body=body)
    hold(schedules.http, "PUT", f"{url}/{known}", body=body)


@EXAMPLES
@given(body=st.one_of(ITEMS, ANYTHING), task_id=IDS, flags=query(allTaskIdsMustExist=FLAG, includeExecutionId=FLAG))
def test_a_start_of_any_items(
    body: str, task_id: str, flags: dict[str, str], footman: LocalHost, http: requests.Session
) -> None:
    url = f"{footman.url}/v4/reloadtask/{quoted(task_id)}/start"
    hold(http, "PUT", url, body=body, **flags)


@EXAMPLES
@given(body=st.one_of(KEY_VALUE, ANYTHING), namespace=TEXTS, key=TEXTS)
def test_a_pair_of_any_texts(body: str, namespace: str, key: str, footman: LocalHost, http: requests.Session) -> None:
    url = f"{footman.url}/v4/keyvalues/{quoted(namespace)}"
    hold(http, "POST", url, body=body)
    hold(http, "GET", url, key=key)
    hold(http, "DELETE", f"{url}/{quoted(key)}")


@EXAMPLES
@given(schedule_id=IDS, limit=query(limit=COUNT), tag=TEXTS)
def test_an_id_a_limit_and_a_tag_of_any_text(
    schedule_id: str, limit: dict[str, str], tag: str, schedules: Schedules
) -> None:
    http, url = schedules.http, f"{schedules.footman.url}/v4/schedules"
    hold(http, "GET", url, id=schedule_id)
    hold(http, "GET", f"{url}/{quoted(schedule_id)}/history", **limit)
    hold(http, "PUT", f"{url}/{quoted(schedule_id)}/start")
    hold(http, "PUT", f"{url}/stopall", tag=tag)
