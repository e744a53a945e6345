"""A schedule of which nobody knows whether it was made: told so, by a status that no client repeats by itself."""

from collections.abc import Iterator

import pytest
import requests
from azure.data.tables import TableClient
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from sandbox.azurite import Azurite
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from tests.conftest import Schedules, StartFootman, a_schedule

TRANSACTION = "$batch"


@pytest.fixture(scope="module")
def running(azurite: Azurite) -> Iterator[FaultyStorage]:
    with start_faulty_storage(azurite.connection) as running:
        yield running


@pytest.fixture(scope="module")
def started(
    running: FaultyStorage, start_footman: StartFootman, kept_table: TableClient
) -> Iterator[tuple[Schedules, FaultyStorage]]:
    """Footman on storage that fails on demand, asked by a client that repeats what such clients repeat."""
    footman = start_footman({"STORAGE_CONNECTION": running.connection})
    repeats = Retry(total=3, status_forcelist=[408, 429, *range(500, 600)], allowed_methods=None, backoff_factor=0)
    with requests.Session() as http:
        http.trust_env = False
        http.mount("http://", HTTPAdapter(max_retries=Retry(total=0)))
        http.mount(footman.url, HTTPAdapter(max_retries=repeats))
        yield Schedules(footman=footman, http=http, table=kept_table), running


@pytest.fixture
def schedules(started: tuple[Schedules, FaultyStorage], table: TableClient) -> Schedules:
    return Schedules(footman=started[0].footman, http=started[0].http, table=table)


@pytest.fixture
def storage(started: tuple[Schedules, FaultyStorage]) -> Iterator[FaultyStorage]:
    started[1].no_faults()
    started[1].forget()
    yield started[1]
    started[1].no_faults()


def test_what_may_have_been_made_is_not_made_again_by_the_client(schedules: Schedules, storage: FaultyStorage) -> None:
    assert schedules.ask("GET").json() == []
    storage.fault("refuse", match=TRANSACTION)

    answer = schedules.ask("POST", "", a_schedule())

    assert (answer.status_code, answer.json()["error"]) == (424, "Failed Dependency")
    assert answer.json()["message"].startswith("outcome unknown: ")
    assert "GET /v4/schedules?id=" in answer.json()["message"]


def test_what_was_made_is_told_as_made_though_the_answer_was_lost(schedules: Schedules, storage: FaultyStorage) -> None:
    storage.fault("cut", match=TRANSACTION)

    answer = schedules.ask("POST", "", a_schedule())

    assert answer.status_code == 201
    assert [each["id"] for each in schedules.ask("GET").json()] == [answer.json()["id"]]


def test_where_storage_is_away_the_client_may_repeat_and_makes_one(
    schedules: Schedules, storage: FaultyStorage
) -> None:
    assert schedules.ask("GET").json() == []
    storage.fault("refuse")
    plain = requests.post(f"{schedules.footman.url}/v4/schedules", json=a_schedule(), timeout=60)
    storage.no_faults()

    assert plain.status_code == 503
    assert schedules.ask("POST", "", a_schedule()).status_code == 201
    assert len(schedules.ask("GET").json()) == 1
