"""Footman's table on Azurite, reached on a straight way and on one that fails on demand."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, groupby
from typing import Any

from azure.data.tables import TableClient

from sandbox.faulty.faults import TRANSACTION, Match
from sandbox.faulty.messages import Message
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from shared.core import schedule_changes as changes
from shared.core.endings import Ending
from shared.core.entry import Claim, Entry
from shared.core.runs import Run, RunOutcome
from shared.core.schedules import Definition, Schedule
from shared.core.tasks import Found, StartFilter, TaskQuery
from shared.core.tick.claiming import Settled
from shared.core.tick.state import Limits
from shared.storage.account import patience
from shared.storage.agenda import Agenda
from shared.storage.audit import AuditStore
from shared.storage.batches import batches
from shared.storage.history import History
from shared.storage.key_values import KeyValueStore
from shared.storage.schedules import ScheduleStore
from shared.storage.table import Table
from shared.storage.transaction import Operation
from shared.use_cases.daily import Daily
from shared.use_cases.manage_schedules import ManageSchedules
from shared.use_cases.tick.claims import claim
from shared.use_cases.tick.dependencies import Dependencies
from tests.saying import saying

Row = dict[str, Any]

SHORTLY_BEFORE_TEN = datetime(2026, 11, 22, 9, 55, 30, tzinfo=UTC)
TEN = datetime(2026, 11, 22, 10, tzinfo=UTC)
ELEVEN = TEN + timedelta(hours=1)
FAR_AWAY = TEN + timedelta(days=1000)
RING = 10
APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"


# What a caller can do to a schedule.
DO: dict[str, Callable[[ManageSchedules, str], object]] = {
    "start": lambda manage, key: manage.activate(key, SHORTLY_BEFORE_TEN),
    "stop": lambda manage, key: manage.stop(key, SHORTLY_BEFORE_TEN),
    "rename": lambda manage, key: manage.replace(key, definition(name="Renamed"), SHORTLY_BEFORE_TEN),
    "replan": lambda manage, key: manage.replace(key, definition(cron="30 * * * *"), SHORTLY_BEFORE_TEN),
    "delete": lambda manage, key: manage.delete(key, SHORTLY_BEFORE_TEN),
}


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """What works on the table, all over one connection."""

    agenda: Agenda
    history: History
    schedules: ScheduleStore
    manage: ManageSchedules
    daily: Daily


class Store:
    """A table: `raw` and `sure` reach it straight, `shaky` by way of the `faulty` storage."""

    def __init__(self, raw: TableClient, connection: str, faulty: FaultyStorage) -> None:
        self.raw = raw
        self.faulty = faulty
        self.sure = open_rooms(connection, raw.table_name)
        self.shaky = open_rooms(faulty.connection, raw.table_name)

    def empty(self) -> None:
        """Remove all rows, and end all faults."""
        self.faulty.no_faults()
        self.faulty.forget()
        found = sorted(self.raw.list_entities(), key=lambda row: str(row["PartitionKey"]))
        for _, rows in groupby(found, key=lambda row: row["PartitionKey"]):
            for batch in batches([Operation(kind="delete", row=row) for row in rows], 1):
                self.sure.agenda.table.commit(batch)

    def keep(self, number: int, **said: Any) -> list[Schedule]:
        """Keep schedules made shortly before ten; without other words they are due at ten, every hour."""
        made = [changes.created(str(uuid.uuid4()), definition(**said), SHORTLY_BEFORE_TEN) for _ in range(number)]
        assert self.sure.schedules.apply_many(made) == []
        return [change.after for change in made if change.after]

    def claim(self, now: datetime, due: list[Entry] | None = None, tasks: "NoTasks | None" = None) -> Settled:
        """Claim entries, or all, as a tick does at that time which may start what is due from ten on."""
        clock = StandingClock(now)
        by = Dependencies(
            agenda=self.sure.agenda,
            history=self.sure.history,
            tasks=tasks or NoTasks(),
            hand_over=Executor().submit,
            clock=clock,
            machine=clock,
            start_filter=StartFilter(),
            limits=Limits(connections=1, timeout=timedelta(seconds=10), catch_up=now - TEN),
        )
        return claim(by, self.due() if due is None else due, now)

    def due(self) -> list[Entry]:
        return self.sure.agenda.until(FAR_AWAY)

    def rows(self, *kinds: str) -> dict[str, Row]:
        """Return the rows as they stand there, by key, with their ETags; with words only those of a kind or an id.

        The audit, which grows with every change, only when it is asked for.
        """
        found = {str(row["RowKey"]): {**row, "etag": row.metadata["etag"]} for row in self.raw.list_entities()}
        own = {key: row for key, row in found.items() if "audit:" in kinds or not key.startswith("audit:")}
        return {key: row for key, row in own.items() if not kinds or any(kind in key for kind in kinds)}

    def write(self, key: str, **values: object) -> None:
        """Put a row among the schedules by hand, or change what is there."""
        self.raw.upsert_entity({"PartitionKey": "schedules", "RowKey": key, **values})

    def remove(self, key: str) -> None:
        self.raw.delete_entity("schedules", key)

    def disagreements(self) -> list[object]:
        """Return where schedules and agenda disagree.

        A started schedule has exactly one entry, at its `due` and with what it says itself, any other has none.
        """
        rows = self.rows()
        schedules, entries = (
            {key: rows[key] for key in rows if key.startswith(kind)} for kind in ("schedule:", "due:")
        )
        wanted = {_entry_of(key, row) for key, row in schedules.items() if row["state"] == "started"}
        there = {(key, *_said(row)) for key, row in entries.items()}
        due_though_stopped = [key for key, row in schedules.items() if row["state"] == "stopped" and row["due"]]
        return [*(wanted ^ there), *due_though_stopped]

    def meanwhile(self, act: Callable[[], object], before: str = TRANSACTION) -> None:
        """Act once: right before a request by the shaky way, whose path holds a text, gets on to storage unharmed."""
        waiting = [act]

        def strike(request: Message) -> bool:
            if waiting and before in request.path:
                waiting.pop()()
            return False

        self.faulty.fault("refuse", match=strike)


class StandingClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody sleeps {seconds} s here")


class NoTasks:
    """Sense that nobody asks."""

    def find(self, what: TaskQuery) -> Found:
        raise AssertionError(f"nobody looks {what} up here")

    def start(self, task_id: str, last_look: Callable[[], None]) -> str:  # noqa: ARG002 - as a tick asks
        raise AssertionError(f"nobody starts {task_id} here")


@contextmanager
def open_store(connection: str) -> Iterator[Store]:
    """Make a table for the tests of a module, which empty it."""
    name = f"t{uuid.uuid4().hex}"
    with TableClient.from_connection_string(connection, name) as raw, start_faulty_storage(connection) as faulty:
        raw.create_table()
        yield Store(raw, connection, faulty)


def open_rooms(connection: str, name: str, ring: int = RING) -> Rooms:
    table = Table(lambda: TableClient.from_connection_string(connection, name, **patience()))
    history = History(table=table, ring=ring)
    schedules = ScheduleStore(table=table, history=history)
    manage = ManageSchedules(schedules=schedules, start_filter=StartFilter(), tasks=NoTasks)
    return Rooms(
        agenda=Agenda(table=table),
        history=history,
        schedules=schedules,
        manage=manage,
        daily=Daily(
            schedules=schedules,
            key_values=KeyValueStore(table=table),
            certificate_days=lambda _: {},
            audit=AuditStore(table=table),
        ),
    )


def definition(**said: Any) -> Definition:
    """Return a definition that differs from the usual one in what is said."""
    usual = {"name": "Every hour", "cron": "0 * * * *", "zone": "Europe/Berlin", "task_id": APP1}
    return Definition.read(**{**usual, "startup_state": "started", **said})


def claimed(due: Entry, owner: str = "a tick") -> Entry:
    return saying(
        due, claim=Claim(owner=owner, until=due.due_at + timedelta(seconds=45)), attempt=due.tries.attempt + 1
    )


def a_run(due: Entry, **changed: Any) -> Run:
    started = Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=due.due_at,
        outcome=RunOutcome.STARTED,
        started=due.due_at + timedelta(milliseconds=250),
        attempt=1,
        execution_id=str(uuid.uuid4()),
    )
    return replace(started, **changed)


def dealt_with(due: Entry) -> Ending:
    return Ending(entry=due, run=a_run(due), next_instant=due.due_at + timedelta(hours=1))


def every(number: int) -> Match:
    """Match every so manieth transaction."""
    seen = count(1)
    return lambda request: TRANSACTION in request.path and next(seen) % number == 0


def second(text: str) -> Match:
    """Match the second request whose path holds the text."""
    seen = count(1)
    return lambda request: text in request.path and next(seen) == 2


def _entry_of(key: str, row: Row) -> tuple[object, ...]:
    return f"due:{row['due']}:{key.removeprefix('schedule:')}", *_said(row)


def _said(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in ("name", "cron", "zone", "taskId", "seq"))
