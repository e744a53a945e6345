"""The calls of README and of the other documents do what is said of them."""

import json
import re
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
import urllib3

from sandbox.certificates import bearer_token
from sandbox.examples import examples
from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.conftest import Schedules, StartFootman
from tests.documents import DOCUMENTS, README, ROOT, Call, curl_lines, of_curl, powershell_calls, text_of

LOCAL, ON_AZURE = "http://127.0.0.1:7071", "https://APP.azurewebsites.net"
BY_CERTIFICATE, BY_TOKEN = "https://sense.example.com:4242/qrs", "https://sense.example.com/jwt/qrs"
SCHEDULE_ID = "b028d0a2-7116-41bf-b15a-4f01bd126464"
KEYS = {"KEY", "MASTER", "$KEY"}

SHOWN_AT_START = examples(LOCAL, storage=True, sense=True)
TEXTS = {document.relative_to(ROOT).as_posix(): text_of(document) for document in DOCUMENTS} | {"start": SHOWN_AT_START}
BY_CURL = [(place, of_curl(line)) for place, text in TEXTS.items() for line in curl_lines(text)]
BY_POWERSHELL = [(place, call) for place, text in TEXTS.items() for call in powershell_calls(text)]
OF_SENSE = [call for _, call in BY_CURL if call.url.startswith("https://sense.")]
ALL = [(place, call) for place, call in (*BY_CURL, *BY_POWERSHELL) if call not in OF_SENSE]
STARTS = [call for _, call in ALL if "/reloadtask/" in call.url]
PRINTED = [part for text in TEXTS.values() for part in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]


def name(call: object) -> str:
    return f"{call.method} {call.url}" if isinstance(call, Call) else str(call)


def sent(call: Call, footman: LocalHost, http: requests.Session) -> requests.Response:
    url = call.url.replace(LOCAL, footman.url).replace(ON_AZURE, footman.url)
    body = None if call.body is None else call.body.encode()
    return http.request(call.method, url, data=body, headers=dict(call.headers), timeout=30)


def printed(part: str) -> str:
    found: list[str] = [each for each in PRINTED if part in each]
    assert len(found) == 1, part
    return found[0]


@pytest.fixture
def fresh(schedules: Schedules, sense: StandIn) -> Iterator[Schedules]:
    """No schedule is there; health has seen a tick, and a pair is kept to be read."""
    sense.no_faults()
    pair = {"key": "month", "value": "2026-11"}
    schedules.http.post(f"{schedules.footman.url}/v4/keyvalues/sales", json=pair, timeout=30)
    yield schedules
    schedules.ask("PUT", "/stopall")


def test_all_documents_are_read() -> None:
    assert {place for place, _ in BY_CURL} >= {"README.md", "docs/api.md", "docs/schedules.md", "docs/operations.md"}
    assert {place for place, _ in BY_POWERSHELL} >= {"README.md", "docs/api.md", "docs/schedules.md", "docs/network.md"}
    assert len(OF_SENSE) == 2
    assert (len(BY_CURL), len(BY_POWERSHELL)) >= (20, 15)


@pytest.mark.parametrize(("place", "call"), ALL, ids=name)
def test_a_call_is_answered(
    place: str, call: Call, fresh: Schedules, footman: LocalHost, http: requests.Session
) -> None:
    assert call.url.startswith((LOCAL, ON_AZURE)), place
    if SCHEDULE_ID in call.url:
        call = replace(call, url=call.url.replace(SCHEDULE_ID, fresh.made()["id"]))

    answer = sent(call, footman, http)

    # Of health alone: no tick has run here, which it has to say.
    is_without_tick = call.url.endswith(("/v4/health", "/v4/checks"))
    assert answer.status_code in ({503} if is_without_tick else {200, 201, 202, 204}), answer.text
    assert not call.url.endswith("/details") or answer.json()["checks"]["sense"]["status"] == "ok"


@pytest.mark.parametrize("call", [call for _, call in ALL if call.url.startswith(ON_AZURE)], ids=name)
def test_a_call_on_azure_shows_a_key_unless_none_is_asked_for(
    call: Call, locked: LocalHost, http: requests.Session
) -> None:
    keys = set(call.headers.values()) & KEYS
    as_told = {header: "the key" if value in KEYS else value for header, value in call.headers.items()}

    assert keys or call.url.endswith("/v4/health")
    assert sent(replace(call, headers=as_told), locked, http).status_code != 401


@pytest.fixture(scope="module")
def locked(start_footman: StartFootman) -> LocalHost:
    return start_footman({}, key="the key")


@pytest.mark.parametrize("call", STARTS, ids=name)
def test_a_start_starts_what_it_names(call: Call, footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    told = sent(call, footman, http).json()

    assert len(sense.starts()) == len(told["tasksId"]["started"] + told["tasksTag"] + told["tasksCP"])
    assert any(text in call.url for text in ("abc123", "MustExist", "00000000-")) == (not sense.starts())


def test_the_first_call_is_answered_as_printed(footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    [first, *_] = curl_lines(text_of(README))
    sense.forget_log()

    assert sent(of_curl(first), footman, http).text == printed('"tasksTagDenied"')


def test_the_preview_is_answered_as_printed(footman: LocalHost, http: requests.Session) -> None:
    [call] = [call for _, call in BY_CURL if "/preview" in call.url]

    assert sent(call, footman, http).text == printed('"next": [')


@pytest.mark.usefixtures("fresh")
def test_a_schedule_is_answered_as_printed(footman: LocalHost, http: requests.Session) -> None:
    told = json.loads(printed('"lastKnownState"'))
    making = [call for _, call in ALL if call.method == "POST" and call.url.endswith("/v4/schedules")]
    made = [sent(call, footman, http).json() for call in making]

    assert len(made) == 5
    assert {**made[0], "id": told["id"], "created": told["created"]} == told
    assert [set(told) - set(each) for each in made if set(told) != set(each)] == [{"tags"}] * 2


def test_errors_and_what_is_not_found_are_answered_as_printed(footman: LocalHost, http: requests.Session) -> None:
    url = f"{footman.url}/v4/reloadtask/-/start"
    not_an_id = [{"type": "starttaskid", "payload": {"taskId": 17}}]
    not_found = [{"type": "starttasktag", "payload": {"tag": "Nightly"}}]

    assert http.put(url, json=not_an_id, timeout=30).text == printed('"statusCode": 400')
    answer = http.put(url, json=not_found, timeout=30).json()
    assert {"notFound": answer["notFound"]} == json.loads("{" + printed('"notFound"') + "}")


def test_health_and_history_have_the_fields_that_are_printed(fresh: Schedules) -> None:
    health = fresh.http.get(f"{fresh.footman.url}/v4/checks", timeout=30).json()
    told = json.loads(printed('"certificateDaysLeft"'))
    schema = fresh.http.get(f"{fresh.footman.url}/v4/openapi.json", timeout=30).json()["components"]["schemas"]

    assert (set(health), set(health["checks"])) == (set(told), set(told["checks"]))
    assert set(json.loads(printed('"missedCount"'))[0]) == set(schema["RunAnswer"]["required"])


@pytest.mark.parametrize("call", OF_SENSE, ids=name)
def test_a_call_of_sense_itself_is_answered_as_health_would_be(call: Call, sense: StandIn) -> None:
    folder = sense.certificates
    trust = ssl.create_default_context(cafile=str(folder / "root.pem"))
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if call.files:
        assert call.files == ("root.pem", "client.pem", "client_key.pem")
        trust.load_cert_chain(folder / "client.pem", folder / "client_key.pem")
    url = call.url.replace(BY_CERTIFICATE, sense.https).replace(BY_TOKEN, sense.proxy)
    headers = {name: value.replace("TOKEN", bearer_token(folder)) for name, value in call.headers.items()}

    with urllib3.PoolManager(ssl_context=trust) as pool:
        answer = pool.request(call.method, url, headers=headers, retries=False)

        assert (answer.status, set(answer.json())) == (200, {"value"})
