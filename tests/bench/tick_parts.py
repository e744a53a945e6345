"""What the bench of the tick works with: Footman on this machine, and schedules that are due when it says."""

import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

import requests
from azure.data.tables import TableClient

from shared.core.cron import SECOND, Cron, next_after
from shared.core.schedules import Change, Definition, created
from shared.core.zones import Zone
from shared.qrs.connection import Connection
from shared.qrs.tasks import Tasks
from shared.storage.account import open_table
from shared.storage.cells import text
from shared.storage.history import History
from shared.storage.schedules import Schedules
from shared.storage.table import Table
from tests.sandbox.access import access_to
from tests.sandbox.azurite import start_azurite
from tests.sandbox.local_host import LocalHost, start_local_host
from tests.sandbox.processes import HELD_AT_MOST, MEMORY_IS_TOLD, memory_mib
from tests.sandbox.run import sense_settings
from tests.sandbox.stand_in import StandIn, start_stand_in

ROOT = Path(__file__).parents[2]
CONNECTIONS = 16
LATENCY_MS = 20
ZONES = ("UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
SHAPES = ("{0:%S %M %H} * * *", "{0:%S %M} * * * *", "{0:%S %M %H} * * {0:%w}", "{0:%S %M %H %d} * *")
ENDED = re.compile(r"(Executed tick in|tick failed after) ([\d.]+) ms")
# As it is, Azurite looks through the whole partition for each row that an operation names: 3 ms among 10,000 schedules,
# 60 ms among 100,000, where Table storage finds it by its key. With the row key first, Azurite's own index serves.
BY_ROW_KEY = """\
const { dirname } = require("path");
const { Collection } = require(require.resolve("lokijs", { paths: [dirname(process.argv[1])] }));
const findOne = Collection.prototype.findOne;
Collection.prototype.findOne = function (query) {
  return findOne.call(this, query && "RowKey" in query ? { RowKey: query.RowKey, ...query } : query);
};
"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Sense, storage and Footman, whose timers stand still."""

    sense: StandIn
    connection: str
    footman: LocalHost
    table: TableClient
    schedules: Schedules

    def fill(self, changes: Sequence[Change]) -> None:
        """Store schedules."""
        unsure = self.schedules.apply_many(changes)
        assert not unsure, f"{len(unsure)} schedules were not stored"

    def empty(self) -> None:
        self.table.delete_table()
        self.table.create_table()

    def begin_tick(self) -> int:
        """Call the tick and return how many have ended before."""
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
        return self.end_tick(self.begin_tick())

    def bare_query(self) -> float:
        """Ask what is due, as a tick does, with the library alone; return the seconds it took."""
        begun = time.perf_counter()
        end = f"due:{text(datetime.now(UTC) + timedelta(minutes=1))}"
        found = self.table.query_entities(
            "PartitionKey eq 'schedules' and RowKey ge 'due:' and RowKey lt @end", parameters={"end": end}
        )
        assert not list(found)
        return time.perf_counter() - begun

    def bare_heartbeat(self) -> float:
        """Write the row that a tick writes at its begin and end; return the seconds it took."""
        begun = time.perf_counter()
        for _ in range(2):
            self.table.upsert_entity({"PartitionKey": "schedules", "RowKey": "heartbeat"})
        return time.perf_counter() - begun

    @contextmanager
    def another(self, connection: str) -> Iterator["Site"]:
        """Run another Footman over the same storage, by another way."""
        with _start_footman(self.sense, connection) as footman:
            yield replace(self, footman=footman)

    @property
    def peak_mib(self) -> float | None:
        """How much memory Footman has held at most; None where the system does not tell."""
        return memory_mib(self.footman.pid, HELD_AT_MOST) if MEMORY_IS_TOLD else None


@dataclass(frozen=True, kw_only=True)
class Fired:
    """How long after the instant the last start reached Sense and the tick ended, in seconds, and what went wrong."""

    last: float
    ended: float
    lost: int
    doubled: int
    early: int

    @property
    def is_right(self) -> bool:
        return self.lost == self.doubled == self.early == 0


@contextmanager
def start_site() -> Iterator[Site]:
    with ExitStack() as stack:
        sense = stack.enter_context(start_stand_in(latency=LATENCY_MS))
        with _preloaded(BY_ROW_KEY):
            azurite = stack.enter_context(start_azurite())
        client = open_table(connection=azurite.connection, url=None, client_id=None)
        table = Table(lambda: client)
        yield Site(
            sense=sense,
            connection=azurite.connection,
            footman=stack.enter_context(_start_footman(sense, azurite.connection)),
            table=client,
            schedules=Schedules(table=table, history=History(table=table, ring=1000)),
        )


def _start_footman(sense: StandIn, connection: str) -> LocalHost:
    settings = {"QRS_MAX_CONNECTIONS": str(CONNECTIONS), "STORAGE_CONNECTION": connection}
    return start_local_host(ROOT, sense_settings(sense) | settings, arguments=["--no-timers"])


@contextmanager
def _preloaded(code: str) -> Iterator[None]:
    """Have the Node.js programs that are started meanwhile run this first."""
    before = os.environ.get("NODE_OPTIONS", "")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "preload.cjs"
        file.write_text(code)
        os.environ["NODE_OPTIONS"] = f'{before} --require "{file.as_posix()}"'
        try:
            yield
        finally:
            os.environ["NODE_OPTIONS"] = before


def task_id(number: int) -> str:
    return f"be9c0000-0000-4000-8000-{number:012d}"


def tasks(count: int) -> list[dict[str, object]]:
    return [{"id": task_id(number), "name": f"Bench {number}"} for number in range(count)]


def due_at(instant: datetime, numbers: range) -> list[Change]:
    """Return what makes started schedules that are due then, each with a task of its own, by 20 different rules."""
    rules = [(shape.format(Zone.parse(name).local(instant)), name) for name in ZONES for shape in SHAPES]
    for cron, name in rules:
        assert next_after(Cron.parse(cron), Zone.parse(name), instant - SECOND) == instant, (cron, name)
    return [_due_at(instant, number, cron, zone) for number, (cron, zone) in zip(numbers, cycle(rules), strict=False)]


def _due_at(instant: datetime, number: int, cron: str, zone: str) -> Change:
    definition = Definition(
        name=f"Schedule {number}", cron=cron, zone=zone, task_id=task_id(number), startup_state="started"
    )
    change = created(f"5c8e0000-0000-4000-8000-{number:012d}", definition, instant - timedelta(minutes=2))
    assert change.after
    assert change.due_after
    return replace(
        change, after=replace(change.after, due=instant), due_after=replace(change.due_after, instant=instant)
    )


def fire(site: Site, count: int, instant: datetime, *, ahead: float) -> Fired:
    """Store schedules for the instant, have a tick begin so many seconds ahead of it, and see what it does."""
    site.empty()
    site.fill(due_at(instant, range(count)))
    before = len(site.sense.starts())
    left = (instant - datetime.now(UTC)).total_seconds() - ahead
    assert left > 0, f"storing {count} schedules took {-left:.1f} s too long"
    time.sleep(left)
    begun = datetime.now(UTC)
    seconds = site.end_tick(site.begin_tick())
    starts = site.sense.starts()[before:]
    times = Counter(start["taskId"] for start in starts)
    late = [(datetime.fromisoformat(start["at"]) - instant).total_seconds() for start in starts]
    return Fired(
        last=max(late),
        ended=(begun - instant).total_seconds() + seconds,
        lost=count - len(times),
        doubled=len(starts) - len(times),
        early=sum(seconds < 0 for seconds in late),
    )


def bare_starts(sense: StandIn, count: int) -> float:
    """Send nothing but the starts, over as many connections; return the seconds until the last reached Sense."""
    access = access_to(sense, timeout_seconds=30, max_connections=CONNECTIONS)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        bare = Tasks(Connection(access), pool)
        list(pool.map(bare.start, islice(cycle([task_id(0)]), CONNECTIONS)))
        begun = datetime.now(UTC)
        list(pool.map(bare.start, [task_id(number) for number in range(count)]))
    return (datetime.fromisoformat(sense.starts()[-1]["at"]) - begun).total_seconds()
