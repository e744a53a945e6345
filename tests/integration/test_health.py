"""Health as anybody may ask for it: the truth in a word, soon, and nothing that helps an intruder."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.azurite import ACCOUNT, KEY, Azurite, free_ports
from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.core.health import Guards, Health
from shared.qrs.tasks import TaskService
from shared.storage.account import open_table
from shared.storage.agenda import Agenda
from shared.storage.table import Table
from shared.use_cases.check_health import CheckHealth
from tests.conftest import StartFootman
from tests.integration.conftest import OpenTasks

USER = {"QRS_USER_DIRECTORY": "SECRETDIRECTORY", "QRS_USER_ID": "secretuser"}
NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
SECRETS = ("127.0.0.1", "localhost", ACCOUNT, KEY[:8], *USER.values(), "/tmp", ".pem", "BEGIN", "App0")  # noqa: S108 - never opened
LOOK = "reloadtask/count"
NOW = datetime.now(UTC)


def ask(footman: LocalHost, http: requests.Session) -> requests.Response:
    answer = http.get(f"{footman.url}/v4/checks", timeout=30)
    assert answer.headers["Cache-Control"] == "no-store"
    gives_nothing_away(answer.text)
    return answer


def gives_nothing_away(text: str) -> None:
    assert [secret for secret in SECRETS if secret.lower() in text.lower()] == []


def words(answer: requests.Response) -> dict[str, str]:
    return {name: check["status"] for name, check in answer.json()["checks"].items()}


def storage_away() -> str:
    """Return the way to storage that isn't there."""
    [port] = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};TableEndpoint={endpoint};"


@pytest.fixture(scope="module", autouse=True)
def asked_of_silence(start_footman: StartFootman, http: requests.Session) -> Iterator[Future[requests.Response]]:
    """Health where Sense takes connections and says nothing, and no storage is: asked first, for it takes longest."""
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as thread:
        sense = f"http://127.0.0.1:{silent.getsockname()[1]}/qrs"
        footman = start_footman({**USER, "QRS_URL": sense, "STORAGE_CONNECTION": storage_away()})
        yield thread.submit(ask, footman, http)


def test_a_fresh_deployment_waits_for_its_first_tick(
    start_footman: StartFootman, table: TableClient, sense: StandIn, http: requests.Session
) -> None:
    assert list(table.list_entities()) == []
    footman = start_footman(USER)
    answer = ask(footman, http)

    assert (answer.status_code, answer.json()["status"], answer.json()["access"]) == (503, "unhealthy", "key")
    assert words(answer) == {"settings": "ok", "storage": "ok", "sense": "ok", "tick": "never came"}
    assert set(answer.json()["certificateDaysLeft"]) == {"client", "root"}
    assert len([asked for asked in sense.log() if LOOK in asked["path"]]) == 1


def test_all_is_well_after_a_tick_and_many_may_ask(
    start_footman: StartFootman, table: TableClient, sense: StandIn, http: requests.Session
) -> None:
    footman = start_footman(USER | {"HTTP_AUTH_LEVEL": "ANONYMOUS"})
    http.post(f"{footman.url}/admin/functions/tick", json={}, timeout=30).raise_for_status()
    wait_for_the_tick(table)
    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda _: ask(footman, http), range(40)))

    assert {answer.status_code for answer in answers} == {200}
    assert set(words(answers[0]).values()) == {"ok"}
    assert (answers[0].json()["status"], answers[0].json()["access"]) == ("ok", "open")
    # One look is good for five seconds, in which even a busy machine answers most.
    assert len([asked for asked in sense.log() if LOOK in asked["path"]]) <= 2


def wait_for_the_tick(table: TableClient) -> None:
    """Wait until the tick has left the mark of its end."""
    end = datetime.now(UTC) + timedelta(seconds=20)
    while not (beat := Agenda(table=Table(lambda: table)).last_beat()) or beat.ended is None:
        assert datetime.now(UTC) < end
        sleep(0.05)


def test_rows_that_cant_be_read_are_not_well_and_name_nobody(
    start_footman: StartFootman, table: TableClient, http: requests.Session
) -> None:
    now = datetime.now(UTC).isoformat()
    mark = {"PartitionKey": "schedules", "RowKey": "heartbeat", "begun": now, "ended": now, "problem": ""}
    named = json.dumps(["spoilt", "well", "gone"])
    table.create_entity({**mark, "unreadable": 2, "unreadableSchedules": named})
    for schedule_id, name in (("spoilt", 5), ("well", "text")):
        table.create_entity({"PartitionKey": "schedules", "RowKey": f"schedule:{schedule_id}", "name": name})

    answer = ask(start_footman(USER), http)

    assert (answer.status_code, words(answer)["tick"], words(answer)["rows"]) == (503, "ok", "3 rows can't be read")
    assert "spoilt" not in answer.text


def test_wrong_settings_are_named_without_their_values(start_footman: StartFootman, http: requests.Session) -> None:
    wrong = {"QRS_TIMEOUT_SECONDS": "BEGIN soon", "QRS_CLIENT_CERTIFICATE": "secretuser.pem"}
    answer = ask(start_footman(wrong), http)

    assert answer.status_code == 503
    assert sorted(answer.json()["checks"]["settings"]["settings"]) == sorted(wrong)
    assert words(answer) == {"settings": "wrong setting"}


def test_a_certificate_that_is_none_is_told_with_all_else(start_footman: StartFootman, http: requests.Session) -> None:
    answer = ask(start_footman({**USER, "QRS_CLIENT_CERTIFICATE": NO_CERTIFICATE}), http)

    assert answer.status_code == 503
    assert (words(answer)["settings"], words(answer)["storage"]) == ("wrong setting", "ok")
    assert words(answer)["sense"] == "wrong setting"
    assert "QRS_CLIENT_CERTIFICATE" in answer.json()["checks"]["settings"]["settings"]


def test_strangers_learn_the_status_and_nothing_else(start_footman: StartFootman, http: requests.Session) -> None:
    footman = start_footman({"QRS_TIMEOUT_SECONDS": "soon"}, key="the key")
    open_to_all, shut = f"{footman.url}/v4/health", f"{footman.url}/v4/checks"
    for headers in ({}, {"x-functions-key": "a wrong one"}, {"x-functions-key": "the key"}):
        answer = http.get(open_to_all, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()) == (503, {"status": "unhealthy"})
    assert http.get(shut, timeout=30).status_code == 401
    assert http.get(shut, headers={"x-functions-key": "a wrong one"}, timeout=30).status_code == 401
    told = http.get(shut, headers={"x-functions-key": "the key"}, timeout=30)
    assert (told.status_code, told.json()["checks"]["settings"]["settings"]) == (503, ["QRS_TIMEOUT_SECONDS"])
    assert {"startFilter", "tlsVerify"}.isdisjoint(told.json())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ("off", True)),
        ({"START_TASK_FILTER": '{"tags": ["a"]}'}, ("on", True)),
        ({"QRS_TLS_VERIFY": "false"}, ("off", False)),
    ],
)
def test_what_the_settings_leave_open_is_told(
    given: dict[str, str], told: tuple[str, bool], start_footman: StartFootman, http: requests.Session
) -> None:
    answer = ask(start_footman(USER | given), http).json()

    assert (answer["startFilter"], answer["tlsVerify"]) == told


@pytest.fixture
def agenda(azurite: Azurite) -> Agenda:
    return Agenda(table=Table(lambda: open_table(connection=azurite.connection, url=None, client_id=None)))


def look(tasks: TaskService, agenda: Agenda) -> Health:
    return CheckHealth(
        settings=lambda: Guards(filters_starts=True, verifies_tls=True),
        sense=lambda: tasks,
        agenda=lambda: agenda,
        certificate_days=lambda _: {},
        is_open=False,
    ).run(NOW)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"kind": "refuse"}, "unreachable"),
        ({"kind": "reset"}, "no answer"),
        ({"kind": "hang"}, "no answer in time"),
        ({"kind": "html"}, "something else answers"),
        ({"kind": "status", "status": 403, "body": "Forbidden"}, "access denied"),
        ({"kind": "status", "status": 503, "body": "secretuser"}, "busy or failing"),
    ],
)
def test_it_tells_what_ails_sense(
    fault: dict[str, Any], word: str, open_tasks: OpenTasks, agenda: Agenda, sense: StandIn
) -> None:
    sense.fault(**fault)
    found = look(open_tasks(timeout_seconds=1), agenda)
    sense.no_faults()

    assert (found.checks["sense"].word, found.checks["storage"].word) == (word, "ok")
    assert not found.is_ok
    gives_nothing_away(repr(found))


def test_silence_is_answered_within_seconds(asked_of_silence: Future[requests.Response]) -> None:
    answer = asked_of_silence.result()

    assert answer.status_code == 503
    assert words(answer) == {"settings": "ok", "storage": "no usable answer", "sense": "no answer in time"}
    # A monitor gives up then; the time-out of Sense would be longer.
    assert answer.elapsed < timedelta(seconds=10)
