"""Whoever changes a schedule in whatever state its entry is: a row tells of each occurrence, the newest one last."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sandbox.azurite import Azurite
from sandbox.stand_in import StandIn
from sandbox.ticking import CONNECTIONS, TIMEOUT, SetClock, Site, at, new_table
from shared.core.entry import Claim
from shared.core.runs import Run, RunOutcome
from shared.core.schedules import Schedule
from shared.storage import rows
from shared.storage.transaction import Operation
from tests.integration.conftest import OpenTasks
from tests.saying import saying

START = "/start/synchronous"
FIVE = timedelta(seconds=5)
CHANGED_AT = at("09:01:12")
DEAD = "a tick that died"

Change = Callable[[Site, Schedule], object]


@pytest.fixture
def site(azurite: Azurite, sense: StandIn, open_tasks: OpenTasks) -> Iterator[Site]:
    sense.settings(reloadMs=0, triggerMs=0)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        tasks = open_tasks(max_connections=CONNECTIONS, timeout_seconds=TIMEOUT.seconds)
        yield Site(
            table=new_table(azurite.connection), sense=sense, tasks=tasks, pool=pool, clock=SetClock(at("09:00:10"))
        )


def edit(**changes: str) -> Change:
    def edited(site: Site, schedule: Schedule) -> None:
        definition = saying(schedule.definition, **changes)
        if changes.get("task_id") == "another":
            definition = saying(definition, task_id=site.new_task())
        site.manage.replace(schedule.id, definition, site.clock.time)

    return edited


def stop(site: Site, schedule: Schedule) -> None:
    site.manage.stop(schedule.id, site.clock.time)


def start(site: Site, schedule: Schedule) -> None:
    site.manage.activate(schedule.id, site.clock.time)


def restart(site: Site, schedule: Schedule) -> None:
    stop(site, schedule)
    start(site, schedule)


def restart_all(site: Site, _: Schedule) -> None:
    site.manage.stop_all(site.clock.time)
    site.manage.activate_all(site.clock.time)


# With each, whether it goes on by its old rule.
CHANGES: dict[str, tuple[Change, bool]] = {
    "renamed": (edit(name="Another"), True),
    "another task": (edit(task_id="another"), True),
    "another expression": (edit(cron="30 12 * * *"), False),
    "another zone": (edit(zone="Asia/Kolkata"), False),
    "stopped": (stop, False),
    "stopped by a PUT": (edit(startup_state="stopped"), False),
    "stopped and started": (restart, False),
    "all stopped and started": (restart_all, False),
}


def while_it_starts(site: Site, schedule: Schedule, change: Change) -> None:
    """Change it at 9:01:12 while the start of 9:01:00 is under way."""
    site.sense.fault("delay", path=START, delayMs=500, count=1)
    with ThreadPoolExecutor(1) as ticks:
        ticking = ticks.submit(site.tick, at("09:01:00"))
        site.wait_for_claim(schedule, ticking)
        site.clock.time = CHANGED_AT
        change(site, schedule)
        ticking.result()


def while_a_dead_tick_has_it(site: Site, schedule: Schedule, change: Change) -> None:
    claimed(site, schedule, tried_since=at("09:01:00"))
    site.clock.time = CHANGED_AT
    change(site, schedule)


def while_it_is_unanswered(site: Site, schedule: Schedule, change: Change) -> None:
    claimed(site, schedule, claim=None, tried_since=at("09:01:00"), last_error="No answer.")
    site.clock.time = CHANGED_AT
    change(site, schedule)


def while_it_waits_for_another_try(site: Site, schedule: Schedule, change: Change) -> None:
    claimed(site, schedule, claim=None, last_error="No connection.", not_before=at("09:02:00"))
    site.clock.time = CHANGED_AT
    change(site, schedule)


def while_it_is_found_to_be_missed(site: Site, schedule: Schedule, change: Change) -> None:
    claimed(site, schedule, attempt=0)
    site.clock.time = CHANGED_AT
    change(site, schedule)


def while_it_is_overdue(site: Site, schedule: Schedule, change: Change) -> None:
    site.clock.time = CHANGED_AT
    change(site, schedule)


def before_it_is_moved(site: Site, schedule: Schedule, change: Change) -> None:
    """Change it when its run is recorded, and its entry stands there yet."""
    claimed(site, schedule, tried_since=at("09:01:00"))
    due = site.entry(schedule)
    run = Run(schedule_id=schedule.id, seq=due.seq, due=due.due_at, outcome=RunOutcome.STARTED, attempt=1)
    site.history.record([run])
    site.clock.time = CHANGED_AT
    change(site, schedule)


def claimed(site: Site, schedule: Schedule, **changes: object) -> None:
    due = site.entry(schedule)
    dead = saying(due, claim=Claim(owner=DEAD, until=at("09:01:17")), attempt=1, occurrence=due.due_at)
    dead = saying(dead, **changes)
    site.table.commit([Operation(kind="merge", row=rows.entry_row(dead), etag=due.etag)])


PHASES = [
    while_it_starts,
    while_a_dead_tick_has_it,
    while_it_is_unanswered,
    while_it_waits_for_another_try,
    while_it_is_found_to_be_missed,
    while_it_is_overdue,
    before_it_is_moved,
]


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__.replace("_", " "))
@pytest.mark.parametrize("name", CHANGES)
def test_each_occurrence_is_told(name: str, phase: Callable[[Site, Schedule, Change], None], site: Site) -> None:
    change, goes_on = CHANGES[name]
    schedule = site.schedule("*/5 * * * * *")
    phase(site, schedule, change)
    if site.now(schedule).definition.rule == schedule.definition.rule:
        site.tick(max(site.clock.time, at("09:02:00")))

    restarted = [run for run in site.runs(schedule) if run.due > at("09:01:55")]
    told = [run for run in site.runs(schedule) if run not in restarted]
    if goes_on:
        # What is told by one row from within the minute to the next one is told of all in between.
        told, last = [*told, *restarted], restarted[-1].due
    else:
        last = at("09:01:10")
    assert covered(told) == list(every_five_seconds(until=last))
    assert site.now(schedule).last_run == site.runs(schedule)[-1]


def covered(runs: list[Run]) -> list[datetime]:
    """Return the occurrences that rows tell of, each with as many before it as it counts."""
    found: list[datetime] = []
    for run in runs:
        others = run.missed_count - (run.outcome is RunOutcome.MISSED)
        found += [run.due - back * FIVE for back in range(others, -1, -1)]
    return found


def every_five_seconds(until: datetime) -> Iterator[datetime]:
    instant = at("09:01:00")
    while instant <= until:
        yield instant
        instant += FIVE


def test_a_rename_costs_no_try(site: Site) -> None:
    """The start of the minute fails while its schedule is renamed; it is tried again all the same."""
    schedule = site.schedule("1 9 * * *")
    site.sense.fault("status", path=START, status=503, delayMs=500, count=1)
    with ThreadPoolExecutor(1) as ticks:
        ticking = ticks.submit(site.tick, at("09:01:00"))
        site.wait_for_claim(schedule, ticking)
        edit(name="Another")(site, schedule)
        ticking.result()
    site.tick(at("09:02:00"))

    [run] = site.runs(schedule)
    assert (run.outcome, run.due) == (RunOutcome.STARTED, at("09:01:00"))
    assert site.now(schedule).definition.target.name == site.entry(schedule).target.name == "Another"


def test_a_deleted_one_leaves_nothing_but_what_its_tick_tells(site: Site) -> None:
    schedule = site.schedule("*/5 * * * * *")
    while_it_starts(site, schedule, lambda site, schedule: site.manage.delete(schedule.id, CHANGED_AT))

    assert site.kept.one(schedule.id) is None
    assert site.kept.entries() == []


# --- rules of zones that change: five past nine by the rules of now, another minute by those of then


def with_old_rules(site: Site, cron: str, instant: datetime, **columns: object) -> Schedule:
    schedule = site.schedule(cron)
    due = site.entry(schedule)
    old = replace(due, due_at=instant)
    stands = replace(site.now(schedule), due_at=instant)
    site.table.commit(
        [
            Operation(kind="delete", row=rows.entry_row(due), etag=due.etag),
            Operation(kind="insert", row={**rows.entry_row(old), **columns}),  # type: ignore[dict-item]
            Operation(kind="replace", row=rows.schedule_row(stands), etag=stands.etag),
        ]
    )
    return schedule


@pytest.mark.parametrize("since", [{}, {"since": ""}], ids=["", "made by the version before"])
@pytest.mark.parametrize(
    ("catch_up", "outcome"), [(60, RunOutcome.STARTED), (10, RunOutcome.MISSED)], ids=["in time", "too late"]
)
def test_what_new_rules_have_put_before_now_is_told(
    catch_up: int, outcome: RunOutcome, since: dict[str, object], site: Site
) -> None:
    site = replace(site, catch_up=timedelta(minutes=catch_up))
    schedule = with_old_rules(site, "5 9 * * *", at("09:30:00"), **since)
    site.tick(at("09:30:00"))

    [run] = site.runs(schedule)
    assert (run.due, run.outcome, run.seq) == (at("09:05:00"), outcome, 0)
    assert site.starts(schedule) == (outcome is RunOutcome.STARTED)
    assert site.now(schedule).due_at == at("09:05:00") + timedelta(days=1)


def test_of_several_the_newest_is_started_and_the_others_are_counted(site: Site) -> None:
    schedule = with_old_rules(site, "5,15,25 9 * * *", at("09:30:00"))
    site.tick(at("09:30:00"))

    [run] = site.runs(schedule)
    assert (run.due, run.outcome, run.missed_count) == (at("09:25:00"), RunOutcome.STARTED, 2)


def test_an_instant_that_is_one_still_does_not_hide_the_one_before_it(site: Site) -> None:
    schedule = with_old_rules(site, "5,30 9 * * *", at("09:30:00"))
    site.tick(at("09:30:00"))

    [run] = site.runs(schedule)
    assert (run.due, run.missed_count) == (at("09:30:00"), 1)


@pytest.mark.parametrize("change", [stop, edit(cron="30 12 * * *")])
def test_who_changes_it_before_its_old_instant_leaves_it_told(change: Change, site: Site) -> None:
    schedule = with_old_rules(site, "5 9 * * *", at("09:30:00"))
    site.clock.time = at("09:20:00")
    change(site, schedule)

    [run] = site.runs(schedule)
    assert (run.due, run.outcome, run.missed_count) == (at("09:05:00"), RunOutcome.MISSED, 1)
    assert site.now(schedule).last_run == run
