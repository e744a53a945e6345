"""Methods, unknown paths and the error envelope, on every path alike."""

import azure.functions as func
import pytest
import requests

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.api.edge import address
from tests.conftest import StartFootman

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
START = f"/v4/reloadtask/{APP1}/start"
JSON = "application/json; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v4/nowhere", ""),
        ("/v4/schedule", ". Did you mean /v4/schedules?"),
        ("/v4/reloadtask", ". Did you mean /v4/reloadtask/{taskId}/start?"),
        (f"/v4/reloadtasks/{APP1}/start", ". Did you mean /v4/reloadtask/{taskId}/start?"),
        ("/v3/butlerping", ". Did you mean /v4/butlerping?"),
    ],
)
def test_an_unknown_path_is_404_in_json(
    method: str, path: str, hint: str, footman: LocalHost, http: requests.Session
) -> None:
    answer = http.request(method, footman.url + path, timeout=30)

    message = f"Route {method}:{path} not found{hint}"
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, JSON)
    assert answer.json() == {"statusCode": 404, "error": "Not Found", "message": message}


@pytest.mark.parametrize("path", ["/" + "x" * 5_000, "/v4/schedules/" + "/".join(["x"] * 1_000), "/x//" + "x" * 5_000])
def test_a_long_path_is_not_given_back_whole(path: str, footman: LocalHost, http: requests.Session) -> None:
    answer = http.get(footman.url + path, timeout=30)

    assert answer.status_code in {400, 404}
    assert path[:150] in answer.json()["message"]
    assert len(answer.json()["message"]) < 300


@pytest.mark.parametrize("override", ["PUT", "TRACE", "NONSENSE"])
def test_an_unknown_path_is_404_whatever_the_method(override: str, footman: LocalHost, http: requests.Session) -> None:
    answer = http.post(f"{footman.url}/nowhere", headers={"X-HTTP-Method-Override": override}, timeout=30)

    assert (answer.status_code, answer.json()["message"]) == (404, f"Route {override}:/nowhere not found")


@pytest.mark.parametrize("host", ["[", "a\u2100b", "x" * 1000])
def test_a_strange_host_header_changes_nothing(host: str) -> None:
    # The local host does not let it through; others do.
    strange = func.HttpRequest("GET", f"http://{host}/v4/butlerping?all=yes", params={"all": "yes"}, body=b"")

    with pytest.raises(address.UnknownParameter, match="all is no parameter"):
        address.check(strange, [])


def test_an_empty_part_of_a_path_is_a_missing_parameter(footman: LocalHost, http: requests.Session) -> None:
    answer = http.put(footman.url + "/v4/reloadtask//start", timeout=30)

    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", START, "PUT, POST"),
        ("DELETE", START, "PUT, POST"),
        ("PATCH", START, "PUT, POST"),
        ("OPTIONS", START, "PUT, POST"),
        ("POST", "/v4/butlerping", "GET"),
        ("PUT", "/v4/butlerping", "GET"),
    ],
)
def test_a_wrong_method_is_405_and_told_which_are_right(
    method: str, path: str, allowed: str, footman: LocalHost, http: requests.Session
) -> None:
    answer = http.request(method, footman.url + path, timeout=30)

    assert (answer.status_code, answer.headers["Allow"], answer.headers["Content-Type"]) == (405, allowed, JSON)
    assert answer.json() == {
        "statusCode": 405,
        "error": "Method Not Allowed",
        "message": f"{method} is not allowed here; use {allowed}.",
    }


@pytest.mark.parametrize(
    ("method", "override", "status"),
    [
        ("POST", "PUT", 200),
        ("POST", "put", 200),
        ("POST", "", 200),
        ("POST", "DELETE", 405),
        ("POST", "NONSENSE", 405),
        ("PUT", "DELETE", 200),
        ("GET", "PUT", 405),
    ],
)
def test_only_a_post_may_name_another_method(
    method: str, override: str, status: int, footman: LocalHost, http: requests.Session
) -> None:
    headers = {"X-HTTP-Method-Override": override}
    answer = http.request(method, footman.url + "/v4/reloadtask/-/start", headers=headers, timeout=30)

    assert answer.status_code == status


def test_a_post_may_stand_for_a_get(footman: LocalHost, http: requests.Session) -> None:
    answer = http.post(f"{footman.url}/v4/butlerping", headers={"X-HTTP-Method-Override": "GET"}, timeout=30)

    assert (answer.status_code, answer.json()["response"]) == (200, "Butler reporting for duty")


def test_head_is_get_without_the_body(footman: LocalHost, http: requests.Session) -> None:
    answer = http.head(f"{footman.url}/v4/butlerping", timeout=30)

    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, JSON, b"")


def test_a_path_is_found_whatever_its_case(footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    answer = http.put(f"{footman.url}/V4/ReloadTask/{APP1}/Start", timeout=30)

    assert answer.status_code == 200
    assert len(sense.starts()) == 1


def test_bad_settings_are_told_by_name_and_not_by_value(start_footman: StartFootman, http: requests.Session) -> None:
    footman = start_footman({"QRS_TIMEOUT_SECONDS": "soon", "QRS_CLIENT_KEY": "SECRET"})
    answer = http.put(footman.url + START, timeout=30)

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, JSON)
    assert "QRS_TIMEOUT_SECONDS ('soon')" in answer.json()["message"]
    assert "QRS_CLIENT_KEY" in answer.json()["message"]
    assert "QRS_TIMEOUT_SECONDS ('soon')" in footman.stderr_text()
    assert "SECRET" not in answer.text + footman.stderr_text()
    assert http.get(f"{footman.url}/v4/butlerping", timeout=30).status_code == 200
