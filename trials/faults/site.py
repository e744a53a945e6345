"""A site for trials: storage, a stand-in for Sense, and schedules with a task of their own each."""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sandbox.azurite import start_azurite
from sandbox.run import sense_settings
from sandbox.stand_in import StandIn, start_stand_in
from shared.core.cron import MINUTE, SECOND, Cron, next_after
from shared.core.entry import Claim, Entry
from shared.core.errors import StorageConflict
from shared.core.rules import read
from shared.core.runs import Run
from shared.core.schedule_changes import created
from shared.core.schedules import Change, Definition
from shared.core.unreadable import readable
from shared.core.zones import Zone
from shared.storage import rows, run_rows
from shared.storage.account import open_table
from shared.storage.agenda import Agenda
from shared.storage.batches import batches
from shared.storage.history import History
from shared.storage.schedules import ScheduleStore
from shared.storage.table import Table
from shared.storage.transaction import Operation
from trials.faults.accounting import Account, Audit, Seen, audit

# A start takes as long as over a network, and a task can soon be started again.
LATENCY_MS, RELOAD_MS = 20, 10
RING = 1000
# Long before the intended occurrence, but after the one before it.
BEFORE = timedelta(seconds=30)
LONG_AGO = timedelta(hours=1)
# A host is ready well before the minute in which a trial begins.
TO_SET_UP = timedelta(seconds=5)
# Past the last occurrence of a minute, before the first of the next.
BEFORE_ITS_END = timedelta(seconds=2)
# Nothing may become due during an audit.
QUIET = timedelta(seconds=2)
NO_ZONE = "Mars/Olympus"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A schedule of a trial: its occurrences count from `since`, in UTC."""

    schedule_id: str
    task_id: str
    cron: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How many of some schedules are due and unclaimed, how many a tick has claimed, and how many have moved on."""

    free: int
    in_hand: int
    moved_on: int


class Site:
    """Storage and Sense, and what they contain."""

    def __init__(self, sense: StandIn, connection: str, tasks: Sequence[str]) -> None:
        self.sense = sense
        self.settings = sense_settings(sense) | {"STORAGE_CONNECTION": connection}
        self.table = Table(lambda: open_table(connection=connection, url=None, client_id=None))
        self.schedules = ScheduleStore(table=self.table, history=History(table=self.table, ring=RING))
        self.agenda = Agenda(table=self.table)
        self._tasks = iter(tasks)

    def task(self) -> str:
        """Return the id of a task that no schedule has yet."""
        return next(self._tasks)

    def plan(self, count: int, cron: str, since: datetime) -> list[Planned]:
        """Store started schedules, each with its own task, whose first occurrence is the first one from `since` on."""
        planned = [
            Planned(schedule_id=str(uuid.uuid4()), task_id=self.task(), cron=cron, since=since) for _ in range(count)
        ]
        for change in self.schedules.apply_many([_made(each) for each in planned]):
            # On a busy machine, storage may have stored it without answering in time.
            with suppress(StorageConflict):
                self.schedules.apply(change)
        return planned

    def entries(self, planned: Sequence[Planned]) -> dict[str, Entry]:
        """Return the entries of these on the agenda; two entries of one schedule are an error in themselves."""
        schedule_ids = {each.schedule_id for each in planned}
        found = [due for due in map(readable, self.schedules.entries()) if due.schedule_id in schedule_ids]
        entries = {due.schedule_id: due for due in found}
        assert len(entries) == len(found), "a schedule has two entries on the agenda"
        return entries

    def due(self, planned: Sequence[Planned], until: datetime) -> list[Entry]:
        """Return the entries of these that are due by then; a tick may be running."""
        schedule_ids = {each.schedule_id for each in planned}
        # The agenda returns what is before the end, and what is due in the current second must be included.
        end = until.replace(microsecond=0) + SECOND
        return [due for due in self.agenda.until(end) if due.schedule_id in schedule_ids]

    def is_quiet(self, planned: Sequence[Planned]) -> bool:
        """Return whether none of these is due, or will be during an audit."""
        asked = utc_now()
        return not self.due(planned, asked + QUIET) and utc_now() < asked + QUIET / 2

    def standing(self, planned: Sequence[Planned], now: datetime) -> Standing:
        """Count the entries of these by their state."""
        left = self.due(planned, now)
        free = sum(due.claim is None or due.claim.until <= now for due in left)
        return Standing(free=free, in_hand=len(left) - free, moved_on=len(planned) - len(left))

    def runs(self) -> dict[str, list[Run]]:
        """Return all history, by schedule and in the order of numbers."""
        found: dict[str, list[Run]] = defaultdict(list)
        for stored in self.table.rows(run_rows.HISTORY, "0", "g"):
            run = run_rows.run(stored.row)
            found[run.schedule_id].append(run)
        return {schedule_id: sorted(runs, key=lambda run: run.seq) for schedule_id, runs in found.items()}

    def seen(self) -> dict[str, list[Seen]]:
        """Return the starts that Sense saw, by task."""
        found: dict[str, list[Seen]] = defaultdict(list)
        for start in self.sense.starts():
            at = datetime.fromisoformat(start["at"])
            found[start["taskId"]].append(Seen(execution_id=start["executionId"], at=at))
        return found

    def accounts(self, planned: Sequence[Planned], until: datetime) -> list[Account]:
        """Return everything known about these; their occurrences until then should be finished."""
        entries, runs, seen = self.entries(planned), self.runs(), self.seen()
        return [
            Account(
                schedule_id=each.schedule_id,
                cron=each.cron,
                zone="UTC",
                since=each.since,
                until=until,
                runs=runs.get(each.schedule_id, []),
                entry=entries.get(each.schedule_id),
                seen=seen.get(each.task_id, []),
            )
            for each in planned
        ]

    def audit(self, planned: Sequence[Planned], until: datetime) -> Audit:
        """Audit these; their occurrences until then should be finished."""
        return audit(self.accounts(planned, until))

    def let_time_pass(self, planned: Sequence[Planned]) -> None:
        """Make leases and pauses end at once, which otherwise takes up to a minute; no tick may be running."""
        held = [due for due in self.entries(planned).values() if due.claim or due.tries.not_before]
        self.agenda.give_back([_freed(due) for due in held])

    def spoil(self, planned: Planned) -> None:
        """Give a schedule and its entry a zone that does not exist, as a new edition of the rules might."""
        before = self.schedules.one(planned.schedule_id)
        entry = self.entries([planned])[planned.schedule_id]
        assert before is not None, planned
        rule = read(entry.rule.expression, NO_ZONE)
        after = replace(before, definition=replace(before.definition, rule=rule))
        change = Change(before=before, after=after, entry_before=entry, entry_after=replace(entry, rule=rule))
        self.schedules.apply(change)

    def clear(self) -> None:
        """Delete all schedules and entries, and end all faults of Sense."""
        self.sense.no_faults()
        stored = list(self.table.rows(rows.SCHEDULES, "a", "z"))
        for batch in batches(stored, 1):
            self.table.commit([Operation(kind="delete", row=each.row) for each in batch])


@contextmanager
def open_site(tasks: int) -> Iterator[Site]:
    """Run storage and a stand-in with so many tasks."""
    with ExitStack() as stack:
        storage, sense = stack.enter_context(start_azurite()), stack.enter_context(start_stand_in(latency=LATENCY_MS))
        sense.settings(reloadMs=RELOAD_MS)
        ids = [str(uuid.uuid4()) for _ in range(tasks)]
        sense.tasks([{"id": task_id, "name": f"Trial {number}"} for number, task_id in enumerate(ids)])
        yield Site(sense, storage.connection, ids)


def utc_now() -> datetime:
    return datetime.now(UTC)


def sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - utc_now()).total_seconds()))


def minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def next_minute(now: datetime) -> datetime:
    return minute_of(now) + MINUTE


def first_minute() -> datetime:
    """Return the beginning of the minute in which a trial may begin."""
    return next_minute(utc_now() + TO_SET_UP)


def once_a_day(at: datetime) -> str:
    """Return the expression for that minute, so that a trial never sees a second occurrence."""
    return f"{at.minute} {at.hour} * * *"


def _freed(due: Entry) -> Entry:
    return replace(due, claim=_over(due), tries=replace(due.tries, not_before=None))


def _over(due: Entry) -> Claim | None:
    return replace(due.claim, until=due.claim.until - LONG_AGO) if due.claim else None


def _made(planned: Planned) -> Change:
    definition = Definition.read(
        name=f"Trial {planned.task_id}",
        cron=planned.cron,
        zone="UTC",
        task_id=planned.task_id,
        startup_state="start",
    )
    change = created(planned.schedule_id, definition, planned.since - BEFORE)
    first = next_after(Cron.parse(planned.cron), Zone.parse("UTC"), planned.since - SECOND)
    assert change.after is not None, "created makes a schedule"
    assert change.entry_after is not None, "it is started"
    return replace(
        change,
        after=replace(change.after, due_at=first),
        entry_after=replace(change.entry_after, due_at=first or planned.since),
    )
