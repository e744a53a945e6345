"""What a tick starts, and what it writes down, whatever the clock and the timer do."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.azurite import Azurite
from sandbox.stand_in import StandIn
from sandbox.ticking import CONNECTIONS, TIMEOUT, SetClock, Site, at, new_table
from shared.core.entry import UNSURE, Claim
from shared.core.runs import RunOutcome
from shared.core.schedules import State
from shared.core.tasks import StartFilter
from shared.core.tick.state import UNRECORDED_EACH
from shared.storage import rows
from shared.storage.agenda import Agenda
from shared.storage.pool import TIME
from shared.storage.transaction import Operation
from shared.use_cases.tick.run_tick import RunTick
from tests.integration.conftest import OpenTasks
from tests.saying import saying

DAY = timedelta(days=1)
START = "/start/synchronous"

OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(azurite: Azurite, sense: StandIn, open_tasks: OpenTasks) -> Iterator[OpenSite]:
    sense.settings(reloadMs=0, triggerMs=0)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        tasks = open_tasks(max_connections=CONNECTIONS, timeout_seconds=TIMEOUT.seconds)

        def opened(**changes: object) -> Site:
            site = Site(
                table=new_table(azurite.connection), sense=sense, tasks=tasks, pool=pool, clock=SetClock(at("09:00:10"))
            )
            return replace(site, **changes)  # type: ignore[arg-type]

        yield opened


@pytest.fixture
def site(open_site: OpenSite) -> Site:
    return open_site()


def told(site: Site, schedule: object) -> list[tuple[datetime, str, int]]:
    return [(run.due, run.outcome.value, run.missed_count) for run in site.runs(schedule)]  # type: ignore[arg-type]


def test_it_starts_what_is_due_and_nothing_else(site: Site) -> None:
    due, later = site.schedule("1 9 * * *"), site.schedule("2 9 * * *")
    tick = site.tick(at("09:01:00.020"))

    assert (site.starts(due), site.starts(later)) == (1, 0)
    assert (tick["started"], tick["problem"]) == (1, "")
    [run] = site.runs(due)
    [start] = site.sense.starts()
    assert (run.due, run.outcome, run.attempt, run.missed_count) == (at("09:01:00"), RunOutcome.STARTED, 1, 0)
    assert (run.execution_id, run.reason) == (start["executionId"], None)
    assert site.now(due).due_at == at("09:01:00") + DAY
    assert site.now(due).last_run == run


def test_a_tick_with_nothing_due_writes_its_heartbeat_and_ends(site: Site) -> None:
    site.schedule("2 9 * * *")
    site.tick(at("09:01:00"))

    assert site.clock.slept == []
    heartbeat = site.table.row(rows.SCHEDULES, rows.HEARTBEAT)
    assert heartbeat is not None
    assert heartbeat.row["begun"] == "2026-03-02T09:01:00.000Z"


@pytest.mark.parametrize("begun", ["09:00:59.993", "09:01:00.000", "09:01:31.500", "09:01:59.900"])
def test_the_minute_is_served_whenever_in_it_the_timer_fires(begun: str, site: Site) -> None:
    schedule = site.schedule("1 9 * * *")
    site.tick(at(begun))

    [run] = site.runs(schedule)
    assert run.due == at("09:01:00")
    assert run.started is not None
    assert run.started >= at("09:01:00")


def test_seconds_are_started_on_their_second(site: Site) -> None:
    schedule = site.schedule("*/5 * * * * *")
    site.tick(at("09:00:59.995"))

    runs = site.runs(schedule)
    assert [run.due for run in runs] == [at("09:01:00") + timedelta(seconds=5 * n) for n in range(12)]
    assert all(run.started == run.due and run.missed_count == 0 for run in runs)
    assert site.now(schedule).due_at == at("09:02:00")
    assert site.starts(schedule) == 12


def test_a_new_schedule_with_seconds_counts_from_the_end_of_the_running_minute(site: Site) -> None:
    site.clock.time = at("09:00:30")
    assert site.schedule("*/5 * * * * *").due_at == at("09:01:00")

    # The next minute's tick may have read its agenda already.
    site.clock.time = at("09:00:58")
    assert site.schedule("*/5 * * * * *").due_at == at("09:02:00")
    assert site.schedule("* * * * *").due_at == at("09:01:00")


def test_minutes_without_a_tick_are_caught_up_once_and_counted(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    site.tick(at("09:01:00"))
    site.tick(at("09:04:30"))
    site.tick(at("09:05:00"))

    assert told(site, schedule) == [
        (at("09:01:00"), "started", 0),
        (at("09:04:00"), "started", 2),
        (at("09:05:00"), "started", 0),
    ]


@pytest.mark.parametrize(
    ("cron", "due", "outcome", "missed"),
    [
        ("1 9 * * *", at("09:01:00") + 3 * DAY, "started", 3),
        ("2 9 * * *", at("09:02:00") + 2 * DAY, "missed", 3),
        ("0 * * * *", at("09:00:00") + 3 * DAY, "started", 71),
        ("* * * * *", at("09:01:00") + 3 * DAY, "started", 100),
        ("*/5 * * * * *", at("09:01:00") + 3 * DAY, "started", 100),
        ("0 9 2 3 *", at("09:00:00"), None, 0),
    ],
)
def test_after_three_days_each_is_started_at_most_once(
    cron: str, due: datetime, outcome: str | None, missed: int, site: Site
) -> None:
    schedule = site.schedule(cron)
    site.tick(at("09:01:00") + 3 * DAY)

    # One with seconds goes on in its minute.
    assert told(site, schedule)[:1] == ([(due, outcome, missed)] if outcome else [])
    assert site.starts(schedule) == (12 if cron.startswith("*/5") else outcome == "started")


def test_what_is_too_late_is_told_as_missed_and_the_schedule_goes_on(site: Site) -> None:
    schedule = site.schedule("1 9 * * *")
    site.tick(at("10:01:01"))

    [run] = site.runs(schedule)
    assert (run.outcome, run.missed_count, run.started) == (RunOutcome.MISSED, 1, None)
    assert run.reason == "Not started within SCHEDULE_CATCH_UP_SECONDS. Nothing started it in time."
    assert site.now(schedule).due_at == at("09:01:00") + DAY


@pytest.mark.parametrize(
    ("begun", "outcome"), [("09:01:00.5", "started"), ("09:01:59", "started"), ("09:02:00", "missed")]
)
def test_without_catch_up_an_occurrence_belongs_to_its_minute(begun: str, outcome: str, open_site: OpenSite) -> None:
    site = open_site(catch_up=timedelta(0))
    schedule = site.schedule("1 9 * * *")
    site.tick(at(begun))

    assert [run.outcome.value for run in site.runs(schedule)] == [outcome]


def test_a_clock_set_back_starts_nothing_twice(site: Site) -> None:
    hourly, often = site.schedule("0 * * * *"), site.schedule("* * * * *")
    site.tick(at("10:00:00"))
    site.tick(at("09:00:30"))
    site.tick(at("09:59:00"))
    site.tick(at("10:00:00"))
    site.tick(at("10:01:00"))

    assert [run.due for run in site.runs(hourly)] == [at("10:00:00")]
    assert [run.due for run in site.runs(often)] == [at("10:00:00"), at("10:01:00")]


def test_a_schedule_restarted_after_the_clock_was_set_back_does_not_repeat_itself(site: Site) -> None:
    schedule = site.schedule("0 10 * * *")
    site.tick(at("10:00:00"))
    site.manage.stop(schedule.id, at("09:59:00"))

    assert site.manage.activate(schedule.id, at("09:59:10")).due_at == at("10:00:00") + DAY


def test_a_tick_whose_clock_is_set_back_while_it_waits_ends(site: Site) -> None:
    class SetBack(SetClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds - 3600)

    schedule = site.schedule("30 * * * * *")
    clock = SetBack(at("09:01:00"))
    site.tick(clock=clock)

    assert len(clock.slept) == 1
    assert site.runs(schedule) == []


def test_a_clock_far_ahead_of_storage_starts_nothing_and_says_so(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    ahead = datetime.now(tz=site.clock.time.tzinfo) + timedelta(seconds=45)
    tick = site.tick(ahead)

    assert "ahead of storage" in tick["problem"]
    assert site.runs(schedule) == []


def test_a_host_far_ahead_of_storage_starts_nothing_though_its_ticks_go_by_storages_clock(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    machine = SetClock(datetime.now(UTC) + timedelta(seconds=45))
    tick = RunTick(by=site.by(SetClock(at("09:01:00")), machine)).run()

    assert "ahead of storage" in tick["problem"]
    assert site.runs(schedule) == []


def test_a_host_a_little_ahead_or_far_behind_ticks_by_storages_clock(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    for minute, off in enumerate((timedelta(seconds=20), timedelta(seconds=-60), timedelta(hours=-3)), start=1):
        machine = SetClock(datetime.now(UTC) + off)
        tick = RunTick(by=site.by(SetClock(at(f"09:0{minute}:00")), machine)).run()
        assert tick["problem"] == ""

    assert [run.due for run in site.runs(schedule)] == [at(f"09:0{minute}:00") for minute in (1, 2, 3)]


def test_every_answer_of_storage_tells_its_time(site: Site) -> None:
    site.schedule("* * * * *")

    now = datetime.now(UTC)
    earliest, latest = (TIME.nearest(now + off, time.monotonic()) for off in (-timedelta(days=1), timedelta(days=1)))
    assert earliest - timedelta(seconds=0.1) <= datetime.now(UTC) <= latest + timedelta(seconds=0.1)
    assert latest - earliest <= timedelta(seconds=3)


@pytest.mark.parametrize("off", [timedelta(seconds=-20), timedelta(seconds=60)])
def test_a_start_that_a_host_with_another_clock_has_sent_is_not_sent_again(off: timedelta, site: Site) -> None:
    """This process dates what Sense tells, and its clock is `off` behind storage's, by which tries are put down."""
    now = datetime.now(UTC)
    site.clock.time = now - timedelta(hours=1)
    due_at = now - timedelta(minutes=1)
    schedule = site.schedule(f"{due_at.minute} {due_at.hour} * * *")
    due, execution_id = site.entry(schedule), site.tasks.start(schedule.definition.target.task_id)
    sent = datetime.now(UTC) + off
    dead = saying(due, claim=Claim(owner="dead", until=sent), attempt=1, occurrence=due.due_at, tried_since=sent)
    site.table.commit([Operation(kind="merge", row=rows.entry_row(dead), etag=due.etag)])
    machine = SetClock(datetime.now(UTC) + timedelta(seconds=5))
    RunTick(by=site.by(SetClock(machine.time + off), machine)).run()

    [run] = site.runs(schedule)
    assert (run.execution_id, site.starts(schedule)) == (execution_id, 1)


def test_two_ticks_of_the_same_minute_share_what_is_due(site: Site) -> None:
    class OnlyToTheEnd(SetClock):
        """One that leaps to the other's lease would take over from a tick that is alive."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 60)

    schedules = [site.schedule("* * * * *", task_id=None) for _ in range(5)]
    for minute in range(20):
        now = at("09:01:00") + minute * timedelta(minutes=1)
        with ThreadPoolExecutor(2) as ticks:
            list(ticks.map(lambda _, now=now: site.tick(clock=OnlyToTheEnd(now)), range(2)))

    for schedule in schedules:
        assert [run.due for run in site.runs(schedule)] == [
            at("09:01:00") + minute * timedelta(minutes=1) for minute in range(20)
        ]
        assert site.starts(schedule) == 20


def test_a_row_with_a_broken_zone_hinders_no_other(site: Site) -> None:
    poisoned, good = site.schedule("* * * * *"), [site.schedule("* * * * *") for _ in range(3)]
    due = site.entry(poisoned)
    site.table.commit([Operation(kind="merge", row={**rows.entry_row(due), "zone": "Mars/Olympus"}, etag=due.etag)])
    site.tick(at("09:01:00"))

    assert [site.starts(schedule) for schedule in good] == [1, 1, 1]
    left = site.now(poisoned)
    assert (left.state, left.due_at, site.starts(poisoned)) == (State.STOPPED, None, 0)
    assert left.problem.startswith("timezone: 'Mars/Olympus' is no IANA time zone")
    assert told(site, poisoned) == [(at("09:01:00"), "failed", 0)]


def test_an_entry_that_cant_be_read_hinders_no_other_and_is_started_once_it_can(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    broken, good = site.schedule("* * * * *"), [site.schedule("*/20 * * * * *") for _ in range(3)]
    due = site.entry(broken)
    key = rows.entry_key(due.due_at, due.schedule_id)
    site.table.commit([Operation(kind="merge", row={**rows.at_key(key), "attempt": "1"}, etag=due.etag)])
    site.tick(at("09:01:00"))
    site.tick(at("09:02:00"))
    lines = [vars(each) for each in caplog.records if vars(each).get("action") == "row_unreadable"]

    # Each tick tells of it once, however often it reads it.
    assert [line["key"] for line in lines] == [key, key]
    assert [site.starts(schedule) for schedule in (broken, *good)] == [0, 6, 6, 6]
    assert (site.now(broken).state, told(site, broken)) == (State.ACTIVE, [])
    assert site.now(broken).problem.startswith(f"The row {key} in storage can't be read (attempt is no whole number")
    last = Agenda(table=site.table).last_beat()
    assert last is not None
    assert last.unreadable == 1

    site.table.commit([Operation(kind="merge", row={**rows.at_key(key), "attempt": 0})])
    site.tick(at("09:03:00"))
    assert (site.starts(broken), site.now(broken).problem) == (1, "")
    assert told(site, broken) == [(at("09:03:00"), "started", 2)]
    last = Agenda(table=site.table).last_beat()
    assert last is not None
    assert last.unreadable == 0


def test_an_entry_that_new_zone_rules_have_moved_is_moved_without_a_start(site: Site) -> None:
    schedule = site.schedule("0 10 * * *")
    due = site.entry(schedule)
    wrong = replace(due, due_at=at("09:30:00"))
    moved = replace(site.now(schedule), due_at=wrong.due_at)
    site.table.commit(
        [
            Operation(kind="delete", row=rows.entry_row(due), etag=due.etag),
            Operation(kind="insert", row=rows.entry_row(wrong)),
            Operation(kind="replace", row=rows.schedule_row(moved), etag=moved.etag),
        ]
    )
    site.tick(at("09:30:00"))

    assert (site.starts(schedule), site.runs(schedule), site.now(schedule).due_at) == (0, [], at("10:00:00"))


def test_what_sense_refuses_is_told_and_not_tried_again(site: Site) -> None:
    unknown = site.schedule("* * * * *", task_id="00000000-0000-4000-8000-000000000000")
    disabled = site.schedule("* * * * *", task_id=site.new_task(enabled=False))
    site.tick(at("09:01:00"))

    [refused], [not_started] = site.runs(unknown), site.runs(disabled)
    assert (refused.outcome, not_started.outcome) == (RunOutcome.FAILED, RunOutcome.NOT_STARTED)
    assert "Cannot find a task" in (refused.reason or "")
    assert (not_started.reason or "").startswith("Sense did not start it")
    assert site.now(unknown).due_at == at("09:02:00")


def test_a_filter_that_was_tightened_denies_what_is_due(open_site: OpenSite) -> None:
    loose = open_site()
    listed, tagged, other = (
        loose.schedule("* * * * *", task_id=loose.new_task(**about))
        for about in ({}, {"tags": [{"name": "nightly"}]}, {"tags": [{"name": "Nightly"}]})
    )
    tight = replace(
        loose,
        start_filter=StartFilter(
            task_ids=frozenset({listed.definition.target.task_id}), tags=frozenset({"nightly"}), properties=frozenset()
        ),
    )
    tick = tight.tick(at("09:01:00"))

    assert [tight.starts(schedule) for schedule in (listed, tagged, other)] == [1, 1, 0]
    assert (tick["started"], tick["denied"]) == (2, 1)
    assert told(tight, other) == [(at("09:01:00"), "denied", 0)]
    assert tight.now(other).due_at == at("09:02:00")


def test_a_start_whose_answer_was_lost_is_found_in_sense(site: Site) -> None:
    schedule = site.schedule("0 * * * *")
    site.sense.fault("resetAfter", path=START, count=1)
    begun = datetime.now(tz=site.clock.time.tzinfo)
    assert site.tick(at("10:00:00"))["retried"] == 1
    assert site.runs(schedule) == []
    entry = site.entry(schedule)
    assert (entry.tries.attempt, entry.tries.not_before, entry.tries.tried_since) == (1, at("10:01:00"), at("10:00:00"))
    site.tick(at("10:01:00"))

    [run] = site.runs(schedule)
    [start] = site.sense.starts()
    assert (run.due, run.outcome, run.execution_id) == (at("10:00:00"), RunOutcome.STARTED, start["executionId"])
    assert run.started is not None
    assert abs(run.started - begun) < timedelta(seconds=5)


def test_a_start_that_never_reached_sense_is_sent_again(site: Site) -> None:
    schedule = site.schedule("0 * * * *")
    site.sense.fault("reset", path=START, count=1)
    site.tick(at("10:00:00"))
    site.tick(at("10:01:00"))

    [run] = site.runs(schedule)
    assert (run.due, run.attempt, run.started) == (at("10:00:00"), 2, at("10:01:00"))
    assert site.starts(schedule) == 1


def test_a_busy_sense_is_asked_again_until_the_window_ends(site: Site) -> None:
    schedule = site.schedule("0 10 * * *")
    site.sense.fault("status", path=START, status=503)
    site.tick(at("10:00:00"))
    for minute in (1, 2, 59):
        site.tick(at(f"10:{minute:02d}:00"))
    assert (site.runs(schedule), site.entry(schedule).tries.attempt) == ([], 4)
    site.tick(at("11:00:01"))

    [run] = site.runs(schedule)
    assert (run.outcome, run.attempt, run.missed_count) == (RunOutcome.MISSED, 4, 1)
    assert "503" in (run.reason or "")
    assert site.now(schedule).due_at == at("10:00:00") + DAY


def test_a_later_occurrence_overtakes_one_that_waits(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    site.sense.fault("status", path=START, status=503)
    for minute in (1, 2, 3):
        site.tick(at(f"09:{minute:02d}:00"))
    site.sense.no_faults()
    site.tick(at("09:04:00"))

    assert told(site, schedule) == [(at("09:04:00"), "started", 3)]


def test_sense_out_of_reach_is_given_up_and_then_asked_by_one(site: Site) -> None:
    schedules = [site.schedule("* * * * *") for _ in range(20)]
    site.sense.fault("refuse")
    first = site.tick(at("09:01:00"))
    tried = sum(site.entry(schedule).tries.attempt for schedule in schedules)
    # Those that were on their way when the last hope went are tried, and no more.
    assert CONNECTIONS <= first["retried"] == tried < (UNRECORDED_EACH + 1) * CONNECTIONS
    second = site.tick(at("09:02:00"))
    assert sum(site.entry(schedule).tries.attempt for schedule in schedules) <= tried + 1
    assert second["started"] == 0
    site.sense.no_faults()
    third = site.tick(at("09:03:00"))

    assert (third["started"], third["retried"]) == (20, 0)
    assert {tuple(told(site, schedule)) for schedule in schedules} == {((at("09:03:00"), "started", 2),)}


def test_a_dead_ticks_claim_is_taken_over_when_its_lease_has_ended(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    due = site.entry(schedule)
    lease = at("09:01:17")
    dead = saying(
        due, claim=Claim(owner="dead", until=lease), attempt=1, occurrence=due.due_at, tried_since=at("09:01:00")
    )
    site.table.commit([Operation(kind="merge", row={**rows.entry_row(dead)}, etag=due.etag)])
    site.tick(at("09:01:02"))

    [run] = site.runs(schedule)
    assert (run.due, run.attempt, run.started) == (at("09:01:00"), 2, lease + UNSURE)


def test_a_dead_ticks_start_is_not_sent_again(site: Site) -> None:
    schedule = site.schedule("0 9 * * *")
    site.clock.time = at("09:00:00") + DAY
    due, task_id = site.entry(schedule), schedule.definition.target.task_id
    execution_id = site.tasks.start(task_id)
    dead = saying(
        due, claim=Claim(owner="dead", until=due.due_at), attempt=1, occurrence=due.due_at, tried_since=due.due_at
    )
    site.table.commit([Operation(kind="merge", row={**rows.entry_row(dead)}, etag=due.etag)])
    site.tick()

    [run] = site.runs(schedule)
    assert (run.due, run.execution_id, site.starts(schedule)) == (due.due_at, execution_id, 1)


def test_what_a_dead_tick_has_told_is_only_moved(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    site.tick(at("09:01:00"))
    [run] = site.runs(schedule)
    due = site.entry(schedule)
    again = replace(run, seq=due.seq, due=due.due_at)
    site.history.record([again])
    dead = saying(
        due, claim=Claim(owner="dead", until=due.due_at), attempt=1, occurrence=due.due_at, tried_since=due.due_at
    )
    site.table.commit([Operation(kind="merge", row={**rows.entry_row(dead)}, etag=due.etag)])
    site.tick(at("09:02:00"))

    assert [each.due for each in site.runs(schedule)] == [at("09:01:00"), at("09:02:00")]
    assert (site.starts(schedule), site.now(schedule).due_at) == (1, at("09:03:00"))


def test_a_lease_of_a_clock_that_was_set_back_is_void(site: Site) -> None:
    schedule = site.schedule("* * * * *")
    due = site.entry(schedule)
    dead = saying(due, claim=Claim(owner="dead", until=at("10:00:00")), attempt=1, occurrence=due.due_at)
    site.table.commit([Operation(kind="merge", row={**rows.entry_row(dead)}, etag=due.etag)])
    site.tick(at("09:01:00"))

    assert site.starts(schedule) == 1


@pytest.mark.parametrize("change", ["stop", "delete", "replace"])
def test_a_change_while_sense_answers_stands_and_the_start_is_told(change: str, site: Site) -> None:
    schedule = site.schedule("* * * * *")
    site.sense.fault("delay", path=START, delayMs=600, count=1)
    with ThreadPoolExecutor(1) as ticks:
        ticking = ticks.submit(site.tick, at("09:01:00"))
        site.wait_for_claim(schedule, ticking)
        match change:
            case "stop":
                site.manage.stop(schedule.id, at("09:01:00"))
            case "delete":
                site.manage.delete(schedule.id, at("09:01:00"))
            case "replace":
                site.manage.replace(schedule.id, saying(schedule.definition, cron="0 12 * * *"), at("09:01:00"))
        ticking.result()

    assert site.starts(schedule) == 1
    recorded = site.history.recorded(schedule.id, 0)
    assert recorded is not None
    assert (recorded.outcome, recorded.due) == (RunOutcome.STARTED, at("09:01:00"))
    left = site.kept.one(schedule.id)
    expected = {"stop": (State.STOPPED, None), "replace": (State.ACTIVE, at("12:00:00")), "delete": None}
    assert (left and (left.state, left.due_at)) == expected[change]
