"""What narrows a call is never passed over: over HTTP, on every route, as the host hands it on."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.api.edge.parameters import Parameter
from shared.api.routes import ROUTES
from tests.conftest import APP1, Schedules, StartFootman

TOO_SHORT = "fb0f317d-da91-4b86-aafa-0174ae1e8c8"
START = f"/v4/reloadtask/{APP1}/start"
ONE_TOO_SHORT = [{"type": "starttaskid", "payload": {"taskId": TOO_SHORT}}]
KEY = "a-key-that-only-tests-know-0123456789=="
A_VALUE = {"limit": "1", "count": "1"}
OF_THE_CONTRACT = ("GET", "/v4/openapi.json", ())


def calls() -> Iterator[Any]:
    for route in ROUTES:
        for method, call in route.calls.items():
            path = "/" + route.path.replace("{id}", str(uuid.uuid4())).replace("{taskId}", "-")
            query = [one for one in call.parameters if one.place == "query"]
            yield pytest.param(method, path.format(namespace="n", key="k"), query, id=f"{method} {route.path}")
    yield pytest.param(*OF_THE_CONTRACT, id="GET v4/openapi.json")


CALLS = list(calls())
WITH_PARAMETERS = [each for each in CALLS if each.values[2]]
EACH = pytest.mark.parametrize(("method", "path", "parameters"), CALLS)
EACH_PATH = pytest.mark.parametrize(("method", "path"), [pytest.param(*one.values[:2], id=one.id) for one in CALLS])
EACH_WITH_PARAMETERS = pytest.mark.parametrize(("method", "path", "parameters"), WITH_PARAMETERS)


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes

    @property
    def message(self) -> str:
        told: str = json.loads(self.body)["message"]
        return told


def as_it_stands(
    footman: LocalHost, method: str, target: str, body: object = None, headers: dict[str, str] | None = None
) -> Answer:
    """Send a target without folding or encoding any of it, as a careless client does."""
    connection = HTTPConnection(urlsplit(footman.url).netloc, timeout=30)
    try:
        connection.request(method, target, None if body is None else json.dumps(body), headers or {})
        answer = connection.getresponse()
        return Answer(status=answer.status, body=answer.read())
    finally:
        connection.close()


# --- a parameter


@pytest.mark.parametrize(
    "query",
    [
        "allTaskIdsMustExist",
        "allTaskIdsMustExist=",
        "%61llTaskIdsMustExist",
        "includeExecutionId=true&allTaskIdsMustExist",
        "allTaskIdsMustExist=true&allTaskIdsMustExist=",
        "allTaskIdsMustExist=true&allTaskIdsMustExist=false",
        "AllTaskIdsMustExist=true",
        "alltaskidsmustexist=true",
        "allTaskIdMustExist=true",
        "amp;allTaskIdsMustExist=true",
        "allTaskIdsMustExist%3Dtrue",
    ],
)
@pytest.mark.parametrize(("method", "override"), [("PUT", ""), ("POST", ""), ("POST", "PUT")])
def test_a_start_that_is_narrowed_in_a_way_nobody_reads_starts_nothing(
    method: str, override: str, query: str, footman: LocalHost, sense: StandIn
) -> None:
    headers = {"X-HTTP-Method-Override": override} if override else {}
    answer = as_it_stands(footman, method, f"{START}?{query}", ONE_TOO_SHORT, headers)

    assert (answer.status, "allTaskIdsMustExist" in answer.message) == (400, True)
    assert sense.log() == []


@EACH
@pytest.mark.parametrize("query", ["api-version=2026-01-01", "_", "Tag="])
def test_an_unknown_parameter_is_refused_on_every_route(
    method: str, path: str, parameters: list[Parameter], query: str, footman: LocalHost, table: TableClient
) -> None:
    answer = as_it_stands(footman, method, f"{path}?{query}")

    takes = f"it takes {', '.join(each.name for each in parameters)}." if parameters else "it takes none."
    name = query.partition("=")[0]
    assert (answer.status, answer.message[: len(name)]) == (400, name)
    assert takes in answer.message
    assert list(table.list_entities()) == []


@EACH_WITH_PARAMETERS
def test_a_known_one_is_refused_when_it_is_empty_twice_or_in_another_case(
    method: str, path: str, parameters: list[Parameter], footman: LocalHost
) -> None:
    for name in (each.name for each in parameters):
        value = A_VALUE.get(name, "true")
        for query in (name, f"{name}=", f"{name}={value}&{name}={value}", f"{name.upper()}={value}"):
            answer = as_it_stands(footman, method, f"{path}?{query}")

            assert (query, answer.status, name in answer.message) == (query, 400, True)


@pytest.mark.parametrize("path", ["/v4/butlerping", "/v4/schedules", "/v4/keyvaluesnamespaces"])
def test_head_and_a_method_in_a_header_obey_the_same(path: str, footman: LocalHost) -> None:
    overridden = as_it_stands(footman, "POST", f"{path}?a=b", headers={"X-HTTP-Method-Override": "GET"})

    assert as_it_stands(footman, "HEAD", f"{path}?a=b").status == 400
    assert (overridden.status, overridden.message[:21]) == (400, "a is no parameter of ")


@pytest.fixture(scope="module")
def keyed(start_footman: StartFootman) -> LocalHost:
    return start_footman({}, key=KEY)


@EACH_PATH
@pytest.mark.parametrize("query", [f"code={KEY}", f"code={KEY}&clientId=default", f"clientId={KEY}&CODE={KEY}"])
def test_what_azure_reads_is_no_unknown_parameter_and_never_repeated(
    method: str, path: str, query: str, keyed: LocalHost
) -> None:
    headers = {"x-functions-key": KEY}
    right = as_it_stands(keyed, method, f"{path}?{query}", [], headers)
    wrong = as_it_stands(keyed, method, f"{path}?{query}&{KEY}&x={KEY}", [], headers)

    # The contract itself shows what is answered to an unknown one.
    assert right.status != 400 or b"no parameter of this call" not in right.body
    assert (wrong.status, b"no parameter of this call" in wrong.body) == (400, True)
    assert KEY.encode().rstrip(b"=") not in right.body + wrong.body
    assert KEY.rstrip("=") not in keyed.stderr_text()


@pytest.mark.parametrize("path", ["/documentation", "/documentation/page.js"])
def test_a_page_takes_whatever_browsers_and_links_add(path: str, footman: LocalHost) -> None:
    assert as_it_stands(footman, "GET", f"{path}?utm_source=mail&_=17&a=&a").status == 200


# --- a name in the path


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A namespace of its own with two pairs."""

    footman: LocalHost
    namespace: str

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        return as_it_stands(self.footman, method, f"/v4/keyvalues/{path}", body, headers)

    @property
    def keys(self) -> list[str]:
        answer = as_it_stands(self.footman, "GET", f"/v4/keylist/{self.namespace}")
        return [each["key"] for each in json.loads(answer.body)["keys"]]


@pytest.fixture
def kept(footman: LocalHost) -> Kept:
    kept = Kept(footman=footman, namespace=uuid.uuid4().hex)
    for key in ("a", "b"):
        assert kept.ask("POST", kept.namespace, {"key": key, "value": "v"}).status == 201
    return kept


EMPTY = [
    "{}/",
    "{}//",
    "{}/.",
    "{}/%2e",
    "{}/%2E/",
    "{}/./",
    "{}/c/..",
    "{}/c/%2e%2E",
    "{}/c/.%2e/",
    "{}/..",
    "{}/%2E%2E",
]
EMPTY += ["{}/a/", "{}/a/.", "/{}", "{}/keyexists/a/..", "%2e%2e/keyvalues/{}/."]


@pytest.mark.parametrize("path", EMPTY)
def test_a_key_that_is_empty_or_folded_away_deletes_nothing(path: str, kept: Kept) -> None:
    target = path.format(kept.namespace)
    by_method = kept.ask("DELETE", target)
    by_header = kept.ask("POST", target, **{"X-HTTP-Method-Override": "DELETE"})

    assert [(each.status, each.message[:29]) for each in (by_method, by_header)] == [
        (400, "Required parameter is missing")
    ] * 2
    assert kept.keys == ["a", "b"]


def test_where_the_platform_tells_the_address_as_sent_a_folded_namespace_deletes_nothing(kept: Kept) -> None:
    sent = {"X-WAWS-Unencoded-URL": f"/v4/keyvalues/./{kept.namespace}"}

    assert kept.ask("DELETE", f"./{kept.namespace}", **sent).status == 400
    assert kept.keys == ["a", "b"]


def test_an_encoded_slash_is_a_part_of_a_key_and_a_namespace_can_still_be_removed(kept: Kept) -> None:
    for key in ("/", "../", "a/.", "...", ".a", "%2e"):
        assert kept.ask("POST", kept.namespace, {"key": key, "value": "v"}).status == 201
    for target in ("%2F", "..%2F", "a%2f.", "...", ".a", "%252e", "a"):
        assert (target, kept.ask("DELETE", f"{kept.namespace}/{target}").status) == (target, 204)
    assert kept.keys == ["b"]
    assert kept.ask("DELETE", kept.namespace).status == 204


@pytest.mark.parametrize("name", [".", ".."])
def test_what_no_path_can_carry_can_not_become_a_name(
    name: str, kept: Kept, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    stored = kept.ask("POST", kept.namespace, {"key": name, "value": "v"})
    started = [
        http.put(f"{footman.url}{START}", json=[{"type": "keyvaluestore", "payload": pair}], timeout=30)
        for pair in (
            {"namespace": kept.namespace, "key": name, "value": "v"},
            {"namespace": name, "key": "k", "value": "v"},
        )
    ]

    assert (stored.status, stored.message) == (400, f'body.key: "{name}" is not allowed; in a path it is folded away.')
    assert [answer.status_code for answer in started] == [400, 400]
    assert f'body[0].payload.namespace: "{name}" is not allowed;' in started[1].json()["message"]
    assert (kept.keys, sense.log()) == (["a", "b"], [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v4/schedules/"),
        ("GET", "/v4/schedules/."),
        ("HEAD", "/v4/schedules/"),
        ("GET", "/v4/schedules/{}/history/.."),
        ("DELETE", "/v4/schedules/{}/"),
        ("DELETE", "/v4/schedules/{}/stop/.."),
        ("DELETE", "/v4/schedules/{}/%2E"),
        ("PUT", "/v4/schedules//stop"),
        ("GET", "/v4/keylist/"),
        ("GET", "/v4/keylist/%2e"),
        ("PUT", "/v4/reloadtask//start"),
    ],
)
def test_an_empty_id_is_not_taken_for_all_or_for_another(method: str, path: str, schedules: Schedules) -> None:
    made = schedules.made()
    before = schedules.rows

    assert as_it_stands(schedules.footman, method, path.format(made["id"])).status == 400
    assert schedules.rows == before


@pytest.mark.parametrize(
    "path", ["/v4/butlerping/", "/v4/schedules/status/", "/v4/keyvaluesnamespaces/", "/v4/./butlerping"]
)
def test_a_slash_after_a_word_says_nothing_and_harms_nothing(path: str, footman: LocalHost) -> None:
    assert as_it_stands(footman, "GET", path).status == 200
