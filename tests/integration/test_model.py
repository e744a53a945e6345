"""The real store and the real tick, against a model: each occurrence is told once, whatever people and crashes do.

`FOOTMAN_MODEL_RUNS` is how many lives are tried; `python3 dev.py faults model` tries 500.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from sandbox.azurite import Azurite
from sandbox.stand_in import StandIn
from sandbox.ticking import CONNECTIONS, SetClock, Site, at, new_table
from shared.core.cron import MINUTE, Cron, next_after
from shared.core.entry import Entry
from shared.core.mending import mended
from shared.core.runs import RunOutcome
from shared.core.schedules import Change
from shared.core.unreadable import readable
from shared.core.zones import Zone
from shared.storage.clock import StorageClock, StoragesTime
from shared.storage.table import Table
from shared.use_cases.tick.run_tick import RunTick
from tests.integration.conftest import OpenTasks
from tests.saying import saying

RUNS = int(os.environ.get("FOOTMAN_MODEL_RUNS", "6"))
UTC_ZONE = Zone.parse("UTC")
CRONS = st.sampled_from(["* * * * *", "*/5 * * * *", "7,37 * * * *", "0 * * * *"])
# A row counts no more than a hundred; so long nothing is left alone.
LONGEST = timedelta(minutes=90)
LEASE_OVER = 2 * MINUTE
CHANGES = st.sampled_from(
    ["rename", "give_another_task", "plan_anew", "stop", "restart", "stop_all_and_start_all"],
)


class Died(BaseException):
    """The process ended here."""


@dataclass
class Model:
    """What a schedule comes to, were the world simple: occurrences after `since` are told up to when somebody looks."""

    id: str
    cron: str
    since: datetime | None
    task_ids: set[str]
    told: int = 0

    def look(self, now: datetime) -> None:
        """Tell of what was due until now."""
        while self.since and (due := next_after(Cron.parse(self.cron), UTC_ZONE, self.since)) and due <= now:
            self.told, self.since = self.told + 1, due

    def stop(self, now: datetime) -> None:
        self.look(now)
        self.since = None

    def start(self, now: datetime) -> None:
        self.since = self.since or now

    def edit(self, cron: str, now: datetime) -> None:
        self.look(now)
        self.cron, self.since = cron, self.since and now


@dataclass
class Behind(SetClock):
    """The clock of a host's machine that is slow; what storage has told puts its ticks right."""

    off: timedelta = MINUTE

    def __post_init__(self) -> None:
        told = StoragesTime()
        told.hear(format_datetime(self.time + self.off, usegmt=True), sent=self.monotonic(), came=self.monotonic())
        self.by_storage = StorageClock(machine=self, storage=told)


class Mortal(Table):
    """The table, in a process that ends at a commit: before it, or just after."""

    def __init__(self, table: Table, at: int, *, after: bool) -> None:
        super().__init__(table._open)  # noqa: SLF001 - it is the same table, seen from a process that dies
        self._left, self._after = at, after

    def commit(self, *arguments: Any, **named: Any) -> Any:
        self._left -= 1
        if self._left < 0 and not self._after:
            raise Died
        done = super().commit(*arguments, **named)
        if self._left < 0:
            raise Died
        return done


class Lives(RuleBasedStateMachine):
    """Schedules, the people who change them, and ticks of which some die."""

    models = Bundle("models")

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site
        self.site.clock.time = at("09:00:30")
        self.alive: list[Model] = []

    @property
    def now(self) -> datetime:
        return self.site.clock.time

    @rule(target=models, cron=CRONS)
    def create(self, cron: str) -> Model:
        schedule = self.site.schedule(cron)
        model = Model(id=schedule.id, cron=cron, since=self.now, task_ids={schedule.definition.target.task_id})
        self.alive.append(model)
        return model

    @rule(model=models)
    def stop(self, model: Model) -> None:
        self.site.manage.stop(model.id, self.now)
        model.stop(self.now)

    @rule(model=models)
    def start(self, model: Model) -> None:
        self.site.manage.activate(model.id, self.now)
        model.start(self.now)

    @rule(model=models, cron=CRONS)
    def edit(self, model: Model, cron: str) -> None:
        said = self.site.manage.one(model.id).definition
        self.site.manage.replace(model.id, saying(said, cron=cron), self.now)
        if cron != model.cron:
            model.edit(cron, self.now)

    @rule(model=models, do=CHANGES, minutes=st.integers(0, 3))
    def change_while_it_starts(self, model: Model, do: str, minutes: int) -> None:
        """Change a schedule while the starts of a tick are under way, some minutes after it began."""
        with self.a_tick_under_way(model):
            self.site.clock.time += minutes * MINUTE
            getattr(self, do)(model)
        self.tick()

    @rule(model=models)
    def a_host_behind_ticks_while_it_starts(self, model: Model) -> None:
        with self.a_tick_under_way(model):
            clock = Behind(self.now - MINUTE)
            RunTick(by=self.site.by(clock.by_storage)).run()
        self.tick()

    @contextmanager
    def a_tick_under_way(self, model: Model) -> Iterator[None]:
        """Run a tick that has claimed what is due of the schedule, if anything is, and waits for Sense."""
        due = self.site.kept.entry(self.site.manage.one(model.id))
        for task_id in model.task_ids:
            self.site.sense.fault("delay", path=f"{task_id}/start", delayMs=200, count=1)
        with ThreadPoolExecutor(1) as ticks:
            ticking = ticks.submit(self.site.tick)
            while isinstance(due, Entry) and not ticking.done():
                there = self.site.kept.entry(self.site.manage.one(model.id))
                if not isinstance(there, Entry) or there.etag != due.etag:
                    break
            yield
            ticking.result()
        self.site.sense.no_faults()

    def rename(self, model: Model) -> None:
        said = self.site.manage.one(model.id).definition
        self.site.manage.replace(model.id, saying(said, name=f"{said.target.name}!"), self.now)

    def give_another_task(self, model: Model) -> None:
        said = self.site.manage.one(model.id).definition
        task_id = self.site.new_task()
        model.task_ids.add(task_id)
        self.site.manage.replace(model.id, saying(said, task_id=task_id), self.now)

    def plan_anew(self, model: Model) -> None:
        said = self.site.manage.one(model.id).definition
        cron = "*/3 * * * *" if model.cron != "*/3 * * * *" else "* * * * *"
        self.site.manage.replace(model.id, saying(said, cron=cron), self.now)
        model.edit(cron, self.now)

    def stop_all_and_start_all(self, _: Model) -> None:
        self.site.manage.stop_all(self.now)
        self.site.manage.activate_all(self.now)
        for each in self.alive:
            each.stop(self.now)
            each.start(self.now)

    def restart(self, model: Model) -> None:
        self.stop(model)
        self.start(model)

    @rule(model=models, minutes=st.integers(1, 30), daily=st.booleans())
    def its_zone_gets_new_rules(self, model: Model, minutes: int, daily: bool) -> None:  # noqa: FBT001 - as below
        """Let its entry stand later, where rules of then have put it, until a tick or the daily job finds out."""
        schedule = self.site.manage.one(model.id)
        due = self.site.kept.entry(schedule)
        if not isinstance(due, Entry) or due.claim or due.tries.attempt or due.due_at <= self.now:
            return
        later = due.due_at + minutes * MINUTE
        self.site.kept.apply(
            Change(
                before=schedule,
                after=replace(schedule, due_at=later),
                entry_before=due,
                entry_after=replace(due, due_at=later),
            )
        )
        if daily:
            # In time for it to leave a tick's hands alone; what it moves back may be overdue.
            self.site.clock.time = max(self.now, later - 5 * MINUTE)
            for change in mended(self.site.manage.one(model.id), [self.site.entry(schedule)], self.now):
                self.site.kept.apply(change)
        self.site.clock.time = later
        self.tick()

    @rule(model=consumes(models))
    def delete(self, model: Model) -> None:
        self.site.manage.delete(model.id, self.now)
        self.alive.remove(model)

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes: int) -> None:
        oldest = min((model.since for model in self.alive if model.since), default=self.now)
        if self.now + minutes * MINUTE - oldest > LONGEST:
            self.tick()
        self.site.clock.time += minutes * MINUTE

    @rule()
    def tick(self) -> None:
        self.site.tick()
        for model in self.alive:
            model.look(self.now)

    @rule(at=st.integers(0, 6), after=st.booleans())
    def crash_and_recover(self, at: int, after: bool) -> None:  # noqa: FBT001 - drawn by name
        mortal = replace(self.site, table=Mortal(self.site.table, at, after=after))
        try:
            mortal.tick(clock=SetClock(self.now))
        except Died:
            self.site.clock.time += LEASE_OVER
            # A due row that a dead tick gave back for the next minute is in time one minute later.
            self.tick()
            self.site.clock.time += MINUTE
        self.tick()

    @invariant()
    def each_occurrence_that_was_looked_at_is_told_once(self) -> None:
        for model in self.alive:
            runs = self.site.kept.runs(self.site.manage.one(model.id), 1000)
            told = sum(run.missed_count + (run.outcome is not RunOutcome.MISSED) for run in runs)
            assert told == model.told, (model, runs)

    @invariant()
    def what_is_started_has_one_entry_and_what_is_not_has_none(self) -> None:
        entries = sorted(readable(entry).schedule_id for entry in self.site.kept.entries())
        assert entries == sorted(model.id for model in self.alive if model.since)

    @invariant()
    def each_start_is_told_by_a_row_of_its_own(self) -> None:
        seen = Counter(start["taskId"] for start in self.site.sense.starts())
        for model in self.alive:
            runs = self.site.kept.runs(self.site.manage.one(model.id), 1000)
            told = sum(run.outcome is RunOutcome.STARTED for run in runs)
            assert sum(seen[task_id] for task_id in model.task_ids) == told <= model.told, (model, runs)

    @invariant()
    def the_newest_run_is_the_last(self) -> None:
        for model in self.alive:
            schedule = self.site.manage.one(model.id)
            assert schedule.last_run == next(iter(self.site.kept.runs(schedule, 1)), None)


@pytest.fixture
def opened(azurite: Azurite, sense: StandIn, open_tasks: OpenTasks) -> Iterator[Callable[[], Site]]:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        tasks = open_tasks()
        yield lambda: Site(
            table=new_table(azurite.connection), sense=sense, tasks=tasks, pool=pool, clock=SetClock(at("09:00"))
        )


def test_every_life_agrees_with_the_model(opened: Callable[[], Site]) -> None:
    run_state_machine_as_test(
        lambda: Lives(opened()),  # type: ignore[arg-type]  # it calls what it is given
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=15,
            deadline=None,
            derandomize=RUNS < 100,
            database=None,
            # Each step asks storage and Sense: to make a failing life shorter would take longer than to read it.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
