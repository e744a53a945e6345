"""Whatever one caller asks for, others get their turn at Sense, and a start is told when it was really sent."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sandbox import certificates
from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.core.entry import Claim, Entry, Target, Tries
from shared.core.errors import QrsNotSent
from shared.core.rules import Rule
from shared.core.tasks import StartFilter
from shared.core.tick import transitions
from shared.core.tick.state import Limits
from shared.core.tick.steps import may_be_sent
from shared.core.tries import Tried, Try
from shared.use_cases.tick.dependencies import Dependencies
from shared.use_cases.tick.starts import Starts
from tests.conftest import StartFootman
from tests.integration.conftest import OpenTasks

APP1, APP2 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a", "7d1427f4-b9ad-5812-aed5-9e6da8b9889c"
CONNECTIONS, SECONDS = 4, 0.3
BULK = [f"00000000-0000-4000-8000-{number:012d}" for number in range(32)]
MANY = [f"11111111-0000-4000-8000-{number:012d}" for number in range(100)]


@pytest.fixture(scope="module")
def narrow(start_footman: StartFootman) -> LocalHost:
    """Footman with four connections."""
    return start_footman({"QRS_MAX_CONNECTIONS": str(CONNECTIONS)})


@contextmanager
def bulk_under_way(footman: LocalHost, sense: StandIn) -> Iterator[None]:
    """Start 32 tasks at 0.3 s each, 2.4 s in all, in one request of another caller."""
    sense.tasks([{"id": task_id, "name": task_id[:8]} for task_id in (APP1, *BULK)])
    sense.settings(latencyMs=1000 * SECONDS)
    items = [{"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in BULK]
    with ThreadPoolExecutor(1) as caller:
        bulk = caller.submit(requests.put, f"{footman.url}/v4/reloadtask/-/start", json=items, timeout=60)
        while not sense.starts():
            time.sleep(0.02)
        yield
        assert not bulk.done(), "the bulk was too small to be in anybody's way"
        assert len(bulk.result().json()["tasksId"]["started"]) == len(BULK)


def bulk_starts_before(sense: StandIn, path: str, since: datetime) -> int:
    """Return how many starts of the bulk reached Sense after `since` and before the first request of that path."""
    log = [entry for entry in sense.log() if datetime.fromisoformat(entry["at"]) > since]
    first = next(number for number, entry in enumerate(log) if path in entry["path"])
    return sum("start/synchronous" in entry["path"] for entry in log[:first])


def test_a_lone_start_goes_before_the_rest_of_a_bulk(narrow: LocalHost, http: requests.Session, sense: StandIn) -> None:
    with bulk_under_way(narrow, sense):
        asked = datetime.now(UTC)
        answer = http.put(f"{narrow.url}/v4/reloadtask/{APP1}/start", timeout=60)
        took = (datetime.now(UTC) - asked).total_seconds()

        assert answer.json()["tasksId"]["started"][0]["taskId"] == APP1
    assert bulk_starts_before(sense, "task/full", asked) <= CONNECTIONS
    assert took < 2 * (2 + 1) * SECONDS, "a look-up and a start: each waits two answers at most, and takes one"


def test_health_gets_an_answer_beside_a_bulk(narrow: LocalHost, http: requests.Session, sense: StandIn) -> None:
    with bulk_under_way(narrow, sense):
        asked = datetime.now(UTC)
        checks = http.get(f"{narrow.url}/v4/checks", timeout=60).json()["checks"]

    assert checks["sense"]["status"] == "ok"
    assert bulk_starts_before(sense, "reloadtask/count", asked) <= CONNECTIONS


def test_a_long_look_up_does_not_wait_for_the_bulk_either(
    narrow: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    items = [{"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in MANY]
    with bulk_under_way(narrow, sense):
        asked = datetime.now(UTC)
        answer = http.put(f"{narrow.url}/v4/reloadtask/-/start", json=items, timeout=60)

    assert len(answer.json()["tasksId"]["invalid"]) == len(MANY)
    assert bulk_starts_before(sense, "task/full", asked) <= CONNECTIONS


def test_two_bulks_share_the_connections(narrow: LocalHost, http: requests.Session, sense: StandIn) -> None:
    with bulk_under_way(narrow, sense):
        items = [{"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in BULK[:3]]
        begun = len(sense.starts())
        answer = http.put(f"{narrow.url}/v4/reloadtask/-/start", json=items, timeout=60)
        meanwhile = len(sense.starts()) - begun

    assert len(answer.json()["tasksId"]["started"]) == 3
    assert meanwhile < 20, "the small request did not wait until the large one was over"


def test_never_more_connections_than_are_allowed(narrow: LocalHost, http: requests.Session, sense: StandIn) -> None:
    with bulk_under_way(narrow, sense), ThreadPoolExecutor(12) as callers:
        answers = list(
            callers.map(lambda _: http.put(f"{narrow.url}/v4/reloadtask/{APP1}/start", timeout=60), range(12))
        )

    assert {answer.status_code for answer in answers} == {200}
    assert len({entry["connection"] for entry in sense.log()}) <= CONNECTIONS


@dataclass
class Jumping:
    """A clock that is right when a start gets its turn, and minutes ahead when its connection is in hand."""

    times: list[datetime]

    def now(self) -> datetime:
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]

    def monotonic(self) -> float:
        return self.times[0].timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits {seconds} s here")


def sent(open_tasks: OpenTasks, *times: datetime) -> Tried:
    """Return what came of a start whose claim ends 30 s after noon, with these times by the clock."""
    due = Entry(
        schedule_id="a",
        due_at=NOON,
        rule=Rule.parse("0 12 * * *", "UTC"),
        target=Target(name="A", task_id=APP1),
        seq=0,
        claim=Claim(owner="me", until=NOON + timedelta(seconds=30)),
        tries=Tries(attempt=1),
    )
    clock = Jumping(list(times))
    limits = Limits(connections=1, timeout=timedelta(seconds=2), catch_up=timedelta(0))
    state = transitions.begun(NOON, limits, [], NOON)
    with ThreadPoolExecutor(1) as pool:
        by = Dependencies(
            agenda=NOBODY,
            history=NOBODY,
            tasks=open_tasks(),
            hand_over=pool.submit,
            clock=clock,
            machine=clock,
            start_filter=StartFilter(),
            limits=limits,
        )
        starts = Starts(by, lambda attempt, at: may_be_sent(state, attempt, at))
        starts.send([Try(entry=due, occurrence=NOON)])
        [tried] = starts.answers(10)
    return tried


NOBODY: Any = object()  # a start asks neither agenda nor history
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_claim_that_runs_out_while_its_start_waits_for_a_connection_is_not_sent(
    open_tasks: OpenTasks, sense: StandIn
) -> None:
    tried = sent(open_tasks, NOON, NOON + timedelta(seconds=24))

    assert (tried.was_sent, tried.error) == (False, None)
    assert sense.starts() == []


def test_a_start_is_told_for_when_its_connection_was_in_hand(open_tasks: OpenTasks, sense: StandIn) -> None:
    tried = sent(open_tasks, NOON, NOON + timedelta(seconds=5))

    assert tried.at == NOON + timedelta(seconds=5)
    assert [start["executionId"] for start in sense.starts()] == [tried.execution_id]


@contextmanager
def slow_way(to: str, seconds: float) -> Iterator[str]:
    """Relay one connection, whose first bytes each way take so long: the handshake is slow, what follows is not."""
    url = urlsplit(to)
    with socket.create_server(("127.0.0.1", 0)) as door:

        def relay() -> None:
            with suppress(OSError):
                caller, _ = door.accept()
                time.sleep(seconds)
                server = socket.create_connection((url.hostname or "", url.port or 0))
                with caller, server:
                    back = threading.Thread(target=pump, args=(server, caller), daemon=True)
                    back.start()
                    pump(caller, server)
                    server.shutdown(socket.SHUT_RDWR)
                    back.join(10)

        relaying = threading.Thread(target=relay, daemon=True)
        relaying.start()
        yield f"https://127.0.0.1:{door.getsockname()[1]}/qrs"


def pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while part := one.recv(65_536):
            other.sendall(part)


def test_the_last_look_comes_after_a_slow_handshake(open_tasks: OpenTasks, sense: StandIn) -> None:
    looks: list[float] = []
    with slow_way(sense.https, 0.5) as url:
        begun = time.time()
        open_tasks(base_urls=(url,)).start(APP1, lambda: looks.append(time.time()))

    [look], [start] = looks, sense.starts()
    assert look - begun >= 0.5
    assert abs(datetime.fromisoformat(start["at"]).timestamp() - look) < 0.5


def withdraw() -> None:
    raise QrsNotSent("taken back")


@pytest.mark.parametrize("by_token", [False, True])
def test_what_is_taken_back_is_not_sent_and_spoils_nothing(
    by_token: bool,  # noqa: FBT001 - a row of the table
    open_tasks: OpenTasks,
    sense: StandIn,
) -> None:
    way = {"base_urls": (sense.proxy,), "jwt": certificates.bearer_token(sense.certificates)} if by_token else {}
    tasks = open_tasks(max_connections=1, **way)
    with pytest.raises(QrsNotSent):
        tasks.start(APP1, withdraw)

    assert sense.log() == []
    assert tasks.start(APP1)
    assert len(sense.starts()) == 1


def test_who_waits_for_anothers_session_looks_when_it_is_there(open_tasks: OpenTasks, sense: StandIn) -> None:
    sense.settings(latencyMs=500)
    tasks = open_tasks(base_urls=(sense.proxy,), jwt=certificates.bearer_token(sense.certificates))
    begun, looks = time.time(), list[float]()

    def look() -> None:
        looks.append(time.time() - begun)

    start: Callable[[str], str] = lambda task_id: tasks.start(task_id, look)  # noqa: E731
    with ThreadPoolExecutor(2) as callers:
        list(callers.map(start, (APP1, APP2)))

    first, second = sorted(looks)
    assert first < 0.4
    assert second >= 0.5
