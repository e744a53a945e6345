"""Sense, storage and Footman on this machine for benches and load: store schedules, fire ticks."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from azure.data.tables import TableClient

from sandbox.azurite import start_azurite
from sandbox.local_host import LocalHost, start_local_host
from sandbox.processes import HELD_AT_MOST, MEMORY_IS_KNOWN, memory_mib
from sandbox.run import sense_settings
from sandbox.stand_in import StandIn, start_stand_in
from shared.core.schedules import Change
from shared.storage.account import open_table
from shared.storage.columns import text
from shared.storage.history import History
from shared.storage.schedules import ScheduleStore
from shared.storage.table import Table

ROOT = Path(__file__).parents[1]
CONNECTIONS = 16
LATENCY_MS = 20
ENDED = re.compile(r"(Executed tick in|tick failed after) ([\d.]+) ms")
_PRELOAD = Path(__file__).with_name("find_by_row_key.cjs")


@dataclass(frozen=True, kw_only=True)
class Site:
    """Sense, storage and a Footman whose timers do not run."""

    sense: StandIn
    connection: str
    footman: LocalHost
    table: TableClient
    schedules: ScheduleStore

    def fill(self, changes: Sequence[Change]) -> None:
        """Store schedules."""
        unsure = self.schedules.apply_many(changes)
        assert not unsure, f"{len(unsure)} schedules were not stored"

    def empty(self) -> None:
        """Delete all rows."""
        self.table.delete_table()
        self.table.create_table()

    def begin_tick(self) -> int:
        """Fire the tick and return how many have ended before."""
        ended = len(ENDED.findall(self.footman.stderr_text()))
        requests.post(f"{self.footman.url}/admin/functions/tick", json={}, timeout=10).raise_for_status()
        return ended

    def end_tick(self, ended: int) -> float:
        """Wait until the tick has ended and return how many seconds it took."""
        while len(found := ENDED.findall(self.footman.stderr_text())) <= ended:
            time.sleep(0.02)
        how, milliseconds = found[-1]
        assert how.startswith("Executed"), self.footman.stderr_text()[-3000:]
        return float(milliseconds) / 1000

    def tick(self) -> float:
        """Run a tick and return how many seconds it took."""
        return self.end_tick(self.begin_tick())

    def bare_query(self) -> float:
        """Query what is due like a tick, but with the library only; return the seconds it took."""
        begun = time.perf_counter()
        end = f"due:{text(datetime.now(UTC) + timedelta(minutes=1))}"
        found = self.table.query_entities(
            "PartitionKey eq 'schedules' and RowKey ge 'due:' and RowKey lt @end", parameters={"end": end}
        )
        assert not list(found)
        return time.perf_counter() - begun

    def bare_heartbeat(self) -> float:
        """Write the row that a tick writes at its beginning and end; return the seconds it took."""
        begun = time.perf_counter()
        for _ in range(2):
            self.table.upsert_entity({"PartitionKey": "schedules", "RowKey": "heartbeat"})
        return time.perf_counter() - begun

    @contextmanager
    def another(self, connection: str) -> Iterator["Site"]:
        """Run another Footman on the same storage, with another connection string."""
        with _start_footman(self.sense, connection) as footman:
            yield replace(self, footman=footman)

    @property
    def peak_mib(self) -> float | None:
        """Return how many MiB Footman has held at most, or None if the system does not report it."""
        return memory_mib(self.footman.pid, HELD_AT_MOST) if MEMORY_IS_KNOWN else None


@contextmanager
def start_site() -> Iterator[Site]:
    """Run everything."""
    with ExitStack() as stack:
        sense = stack.enter_context(start_stand_in(latency=LATENCY_MS))
        azurite = stack.enter_context(start_azurite(preload=_PRELOAD))
        client = open_table(connection=azurite.connection, url=None, client_id=None)
        table = Table(lambda: client)
        yield Site(
            sense=sense,
            connection=azurite.connection,
            footman=stack.enter_context(_start_footman(sense, azurite.connection)),
            table=client,
            schedules=ScheduleStore(table=table, history=History(table=table, ring=1000)),
        )


def _start_footman(sense: StandIn, connection: str) -> LocalHost:
    settings = {"QRS_MAX_CONNECTIONS": str(CONNECTIONS), "STORAGE_CONNECTION": connection}
    return start_local_host(ROOT, sense_settings(sense) | settings, arguments=["--no-timers"])


def task_id(number: int) -> str:
    """Return the id of the task with this number."""
    return f"be9c0000-0000-4000-8000-{number:012d}"


def tasks(count: int) -> list[dict[str, object]]:
    """Return so many tasks in QRS's form."""
    return [{"id": task_id(number), "name": f"Bench {number}"} for number in range(count)]
