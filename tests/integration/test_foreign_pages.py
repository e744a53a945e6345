"""What a page of another site lets a browser send changes nothing; and what is answered is for nobody else."""

from collections.abc import Mapping

import pytest
import requests

from sandbox.local_host import LocalHost
from shared.api.routes import ROUTES
from tests.conftest import Schedules, StartFootman, a_schedule

CHANGING = [
    f"{method} /{route.path}"
    for route in ROUTES
    for method in route.calls
    if method not in {"GET", "HEAD"}  # a page can't read what it gets, and a GET changes nothing
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Cross-Site", "Origin": "{own}"},
    {"Origin": "https://elsewhere.example.com"},
    {"Origin": "null"},
    {"Origin": "{own}.example.com"},
    {"Origin": "nonsense"},
    {"Origin": "http://[::"},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://gateway.example.com"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "{own}"},
    {"Origin": "https://gateway.example.com", "X-Forwarded-Host": "gateway.example.com"},
]


def filled(headers: Mapping[str, str], footman: LocalHost) -> dict[str, str]:
    return {name: value.replace("{own}", footman.url) for name, value in headers.items()}


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_no_call_that_changes_something_is_taken_from_a_foreign_page(
    headers: Mapping[str, str], schedules: Schedules, footman: LocalHost, http: requests.Session
) -> None:
    made = schedules.made()
    before = schedules.rows
    names = {"taskId": "-", "id": made["id"], "namespace": "a", "key": "a"}
    for call in CHANGING:
        method, _, path = call.partition(" ")
        answer = http.request(method, footman.url + path.format(**names), headers=filled(headers, footman), timeout=30)
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden"), call
        assert "page of another site" in answer.json()["message"]
    assert schedules.rows == before
    assert schedules.ask("GET", "", headers=filled(headers, footman)).status_code == 200


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_programs_and_its_own_page_go_on_as_ever(
    headers: Mapping[str, str], schedules: Schedules, footman: LocalHost
) -> None:
    assert schedules.ask("POST", "", a_schedule(), headers=filled(headers, footman)).status_code == 201


def test_no_cache_keeps_an_answer_and_no_browser_takes_it_for_something_else(schedules: Schedules) -> None:
    made = schedules.made()
    for method, path in (
        ("GET", ""),
        ("GET", "/nonsense"),
        ("PUT", f"/{made['id']}/stop"),
        ("DELETE", f"/{made['id']}"),
    ):
        headers = schedules.ask(method, path).headers
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_the_name_of_another_method_can_be_switched_off(
    start_footman: StartFootman, http: requests.Session, schedules: Schedules
) -> None:
    shut = start_footman({"HTTP_METHOD_OVERRIDE": "false"})
    made = schedules.made()
    header = {"X-HTTP-Method-Override": "DELETE"}

    answer = http.post(f"{shut.url}/v4/schedules/{made['id']}", headers=header, timeout=30)
    assert (answer.status_code, "HTTP_METHOD_OVERRIDE" in answer.json()["message"]) == (400, True)
    assert schedules.ask("GET", f"/{made['id']}").json() == made
    assert schedules.ask("POST", f"/{made['id']}", headers=header).status_code == 204


@pytest.mark.parametrize("host", ["elsewhere.example.com", "127.0.0.1.example.com", "localhost.example.com:7071", ""])
def test_the_local_host_answers_to_loopback_names_only(host: str, footman: LocalHost, http: requests.Session) -> None:
    for path in ("/v4/butlerping", "/admin/host/status"):
        assert http.get(footman.url + path, headers={"Host": host}, timeout=10).status_code in {400, 421}
    port = footman.url.rpartition(":")[2]
    for name in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert http.get(f"{footman.url}/v4/butlerping", headers={"Host": name}, timeout=10).status_code == 200
