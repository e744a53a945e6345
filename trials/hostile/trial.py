"""Send hostile requests from several threads, and record wrong answers."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import requests
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableClient

from sandbox.azurite import start_azurite
from sandbox.environment import ROOT
from sandbox.local_host import LocalHost, start_local_host
from sandbox.processes import HELD, MEMORY_IS_KNOWN, memory_mib
from sandbox.run import sense_settings
from sandbox.stand_in import start_stand_in
from trials.hostile.attempts import KNOWN, Attempt
from trials.hostile.verdicts import SLOW_SECONDS, wrong
from trials.hostile.wire import Received, Wire

THREADS = 8


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A forbidden answer, and the request that causes it."""

    attempt: Attempt
    problem: str
    answer: bytes


@dataclass(kw_only=True)
class Tally:
    """The answers of an endpoint: how often by hundreds of the status, and the seconds of each."""

    answers: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    seconds: list[float] = field(default_factory=list)
    slow_once: int = 0


class Target:
    """Footman in the local host, with storage and a stand-in of its own."""

    def __init__(self, host: LocalHost, table: TableClient) -> None:
        self._host = host
        self._table = table
        address = urlsplit(host.url)
        self._address = (address.hostname or "", address.port or 0)
        self._wires = threading.local()

    def ask(self, attempt: Attempt) -> Received:
        """Send a request."""
        return self.ask_raw(attempt.sent(self._address[0]))

    def ask_raw(self, sent: bytes) -> Received:
        """Send the bytes of a request."""
        if not hasattr(self._wires, "own"):
            self._wires.own = Wire(*self._address)
        wire: Wire = self._wires.own
        return wire.ask(sent.partition(b" ")[0].decode(), sent)

    def memory(self) -> float | None:
        """Return the resident memory of the host in MiB, or None if the system does not report it."""
        return memory_mib(self._host.pid, HELD) if MEMORY_IS_KNOWN else None

    def crashes(self) -> int:
        """Return how often the host has logged an error that nobody expected."""
        return self._host.stderr_text().count("Traceback (most recent call last)")

    def clear(self) -> None:
        """Delete all rows: the trial is about odd input, not about amounts of data."""
        for row in self._table.list_entities(select=["PartitionKey", "RowKey"]):
            self._table.delete_entity(row)

    def a_schedule(self) -> str:
        """Create a schedule and return its id."""
        body = {
            "name": "Known",
            "cronSchedule": "0 0 1 1 *",
            "timezone": "UTC",
            "qlikSenseTaskId": "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b",
            "startupState": "started",
        }
        answer = requests.post(f"{self._host.url}/v4/schedules", json=body, timeout=30)
        answer.raise_for_status()
        made: str = answer.json()["id"]
        return made


@contextmanager
def open_target() -> Iterator[Target]:
    """Run Footman with all that it needs."""
    with ExitStack() as stack:
        storage, sense = stack.enter_context(start_azurite()), stack.enter_context(start_stand_in())
        sense.settings(reloadMs=0, triggerMs=0)
        settings = {**sense_settings(sense), "STORAGE_CONNECTION": storage.connection}
        # Linux keeps freed memory per thread, which would look like a leak; elsewhere this has no effect.
        settings["MALLOC_ARENA_MAX"] = "1"
        host = stack.enter_context(start_local_host(ROOT, settings, arguments=["--no-timers"]))
        table = stack.enter_context(TableClient.from_connection_string(storage.connection, "footman"))
        with suppress(ResourceExistsError):
            table.create_table()
        yield Target(host, table)


class Trial:
    """All requests sent and answers received."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.findings: list[Finding] = []
        self.tallies: Mapping[str, Tally] = defaultdict(Tally)

    def send(self, attempts: Sequence[Attempt]) -> None:
        """Send a batch; a slow request is repeated alone before it counts."""
        known = self._target.a_schedule()
        real = [replace(attempt, target=attempt.target.replace(KNOWN, known)) for attempt in attempts]
        with ThreadPoolExecutor(THREADS) as threads:
            answers = list(threads.map(self._target.ask, real))
        for attempt, received in zip(real, answers, strict=True):
            self._judge(attempt, received)
        self._target.clear()

    @property
    def sent(self) -> int:
        """Return how many requests were sent."""
        return sum(len(tally.seconds) for tally in self.tallies.values())

    def _judge(self, attempt: Attempt, received: Received) -> None:
        tally = self.tallies[attempt.about]
        tally.answers[received.status // 100] += 1
        tally.seconds.append(received.seconds)
        problem = wrong(attempt, received)
        if problem is None and received.seconds > SLOW_SECONDS:
            tally.slow_once += 1
            again = self._target.ask(attempt)
            if again.seconds > SLOW_SECONDS:
                problem = f"took {received.seconds:.1f} s, and {again.seconds:.1f} s when asked alone"
        if problem:
            self.findings.append(Finding(attempt=attempt, problem=problem, answer=received.body))
