"""The sandbox for tests: storage, a stand-in for Sense, and Footman in the local host, each a process of its own.

Files of tests share nothing: each has an account of its own in the storage emulator and finds the stand-in as new, and
what it started of Footman ends with it, before the next file begins.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableClient

from sandbox.azurite import Azurite, start_azurite
from sandbox.local_host import LocalHost, start_local_host
from sandbox.run import sense_settings
from sandbox.stand_in import StandIn, start_stand_in

ROOT = Path(__file__).parents[1]
APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"


class StartFootman(Protocol):
    def __call__(self, settings: Mapping[str, str], *, key: str = "") -> LocalHost:
        """Start Footman with settings on top of those that reach storage and the stand-in; without a key it asks none.

        A tick runs when POST /admin/functions/tick asks for it: one by the clock would run in the next test too.
        """


@pytest.fixture(scope="session")
def running_stand_in() -> Iterator[StandIn]:
    with start_stand_in() as running:
        yield running


@pytest.fixture(scope="module")
def stand_in(running_stand_in: StandIn) -> StandIn:
    """The stand-in as new for a file of tests."""
    running_stand_in.reset()
    return running_stand_in


@pytest.fixture
def sense(stand_in: StandIn) -> StandIn:
    """The stand-in as new."""
    stand_in.reset()
    return stand_in


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest) -> Iterator[tuple[Azurite, Iterator[int]]]:
    """The storage emulator, and the numbers of accounts in it that nobody has used: one for each file of tests."""
    files = {item.path for item in request.session.items}
    with start_azurite(accounts_more=len(files)) as running:
        yield running, iter(range(len(files)))


@pytest.fixture(scope="module")
def azurite(emulator: tuple[Azurite, Iterator[int]]) -> Azurite:
    """Storage that a file of tests has to itself."""
    running, unused = emulator
    return running.account(next(unused))


@pytest.fixture(scope="module")
def kept_table(azurite: Azurite) -> Iterator[TableClient]:
    """Footman's own table."""
    with TableClient.from_connection_string(azurite.connection, "footman") as client:
        with suppress(ResourceExistsError):
            client.create_table()
        yield client


@pytest.fixture
def table(kept_table: TableClient) -> TableClient:
    """Footman's own table, emptied."""
    for row in kept_table.list_entities():
        kept_table.delete_entity(row)
    return kept_table


@pytest.fixture(scope="module")
def start_footman(azurite: Azurite, stand_in: StandIn) -> Iterator[StartFootman]:
    """Footman as often as asked for; each runs until the file's last test."""
    usual = {**sense_settings(stand_in), "STORAGE_CONNECTION": azurite.connection}
    with ExitStack() as stack:

        def start(settings: Mapping[str, str], *, key: str = "") -> LocalHost:
            arguments = ["--no-timers", *(["--key", key] if key else [])]
            return stack.enter_context(start_local_host(ROOT, {**usual, **settings}, arguments=arguments))

        yield start


@pytest.fixture(scope="module")
def footman(start_footman: StartFootman) -> LocalHost:
    return start_footman({})


@pytest.fixture(scope="session")
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def a_schedule(**changes: object) -> dict[str, Any]:
    """Return the body that makes a schedule; it is not due while tests run."""
    return {
        "name": "New year",
        "cronSchedule": "0 0 1 1 *",
        "timezone": "Europe/Stockholm",
        "qlikSenseTaskId": APP1,
        "startupState": "started",
        "tags": ["tag 1", "abc 123 åäö"],
    } | changes


def move_entry(table: TableClient, schedule_id: str, instant: datetime) -> None:
    """Let the entry of a started schedule stand at another instant, as if it had been made before then."""
    to = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    schedule = table.get_entity("schedules", f"schedule:{schedule_id}")
    entry = table.get_entity("schedules", f"due:{schedule['due']}:{schedule_id}")
    table.delete_entity(entry)
    table.create_entity({**entry, "RowKey": f"due:{to}:{schedule_id}"})
    table.update_entity({**schedule, "due": to})


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """/v4/schedules of a Footman that runs, and what is stored of them."""

    footman: LocalHost
    http: requests.Session
    table: TableClient

    def ask(self, method: str, path: str = "", body: object = None, **options: Any) -> requests.Response:
        return self.http.request(method, f"{self.footman.url}/v4/schedules{path}", json=body, timeout=30, **options)

    def made(self, **changes: object) -> dict[str, Any]:
        """Make a schedule and return what was answered."""
        answer = self.ask("POST", "", a_schedule(**changes))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Return every row by its key, with the ETag that changes at any write."""
        return {row["RowKey"]: {**row, "etag": row.metadata["etag"]} for row in self.table.list_entities()}

    @property
    def agenda(self) -> list[str]:
        """Return the ids of the schedules that have an entry, one for each entry."""
        return [key.rpartition(":")[2] for key in self.rows if key.startswith("due:")]


@pytest.fixture
def schedules(footman: LocalHost, http: requests.Session, table: TableClient) -> Schedules:
    """None are stored."""
    return Schedules(footman=footman, http=http, table=table)
