"""Schedules on bad days, in short: `python3 dev.py faults` does the same at length, and by the clock."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.faulty.faults import TRANSACTION, Kind
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from sandbox.quiet import wait_for_quiet
from shared.core.runs import RunOutcome
from trials.faults.audit import killed
from trials.faults.crash import MOST_DOUBLED, Size, crash
from trials.faults.hosts import fired_by
from trials.faults.seconds import LATEST_SECONDS
from trials.faults.site import NO_ZONE, Planned, Site, minute_of, once_a_day, open_site, utc_now
from trials.faults.ticking import TickingHost, until
from trials.faults.troubles import by_chance

MINUTE = timedelta(minutes=1)
SETTINGS = {"QRS_TIMEOUT_SECONDS": "1"}
FAULTS = [{"kind": "refuse"}, {"kind": "hang"}, {"kind": "status", "status": 503}]


@pytest.fixture(scope="module")
def running_site() -> Iterator[Site]:
    with open_site(tasks=2000) as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Site:
    running_site.clear()
    return running_site


@pytest.fixture(scope="module")
def running_host(running_site: Site) -> Iterator[TickingHost]:
    with TickingHost(running_site.settings | SETTINGS) as host:
        yield host


@pytest.fixture
def host(running_host: TickingHost, site: Site) -> TickingHost:
    """Return a host that nobody kills, with nothing to do."""
    assert until(lambda: not running_host.is_ticking)
    assert site.schedules.all() == []
    return running_host


def this_minute() -> datetime:
    return minute_of(utc_now())


def due_now(site: Site, count: int) -> list[Planned]:
    minute = this_minute()  # asked for once: a new one may begin in between
    return site.plan(count, once_a_day(minute), minute)


def started_of(site: Site, planned: Sequence[Planned]) -> int:
    seen = site.seen()
    return sum(each.task_id in seen for each in planned)


def test_what_is_due_in_the_running_second_is_due(site: Site) -> None:
    minute = this_minute()
    planned = site.plan(1, once_a_day(minute), minute)

    before, within = minute - timedelta(microseconds=1), minute + timedelta(milliseconds=300)
    assert [len(site.due(planned, now)) for now in (before, minute, within)] == [0, 1, 1]


def test_a_killed_host_loses_nothing_and_doubles_few(site: Site) -> None:
    size = Size(rounds=2, once=100, frequent=20, in_a_hurry=True, longest_after=0.05)
    found = crash(site, size, random.Random(7))

    assert (found.wrong, found.lost) == ([], 0)
    assert found.started >= 100 + 20
    assert found.taken_over > 0, "nobody was killed in the midst of it"
    assert found.doubled <= MOST_DOUBLED


def test_two_hosts_start_each_occurrence_once(site: Site) -> None:
    found = fired_by(2, site, rounds=3, schedules=100)

    assert found.is_clean, found
    assert found.started == 300


def test_a_tick_fired_three_times_at_once_starts_each_occurrence_once(site: Site) -> None:
    planned = due_now(site, 60)
    with TickingHost(site.settings) as host:
        for _ in range(3):
            host.fire()
        assert until(lambda: not site.due(planned, utc_now()))
        host.kill()

    found = site.audit(planned, utc_now())
    assert found.is_clean, found
    assert found.started == 60


def test_each_change_has_exactly_one_record_though_hosts_are_killed(site: Site) -> None:
    count, problems = killed(site, 2, random.Random(7))

    assert problems == []
    assert count > 2


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"])
def test_after_an_outage_each_starts_once_and_counts_what_it_missed(
    fault: dict[str, Any], site: Site, host: TickingHost
) -> None:
    planned = [*due_now(site, 20), *site.plan(20, "* * * * *", this_minute() - 3 * MINUTE)]
    site.sense.fault(**fault)
    host.tick()
    waiting = site.due(planned, utc_now())
    assert started_of(site, planned) == 0
    assert len(waiting) == 40
    assert any(due.tries.last_error for due in waiting)

    site.sense.no_faults()
    site.let_time_pass(planned)
    assert host.tick_until(lambda: site.is_quiet(planned))
    found = site.audit(planned, utc_now())
    assert found.is_clean, found
    assert found.started >= 40
    assert found.overtaken >= 60


@pytest.fixture(scope="module")
def shaky(running_site: Site) -> Iterator[FaultyStorage]:
    with start_faulty_storage(running_site.settings["STORAGE_CONNECTION"]) as shaky:
        yield shaky


@pytest.fixture(scope="module")
def host_on_shaky_storage(running_site: Site, shaky: FaultyStorage) -> Iterator[TickingHost]:
    with TickingHost(running_site.settings | SETTINGS | {"STORAGE_CONNECTION": shaky.connection}) as host:
        yield host


A_WHILE = 3
STORAGE_FAULTS: dict[str, dict[str, Any]] = {
    "unreachable": {"kind": "refuse"},
    "throttled": {"kind": "busy"},
    "throttled by half": {"kind": "busy", "match": by_chance(0.5, "")},
    "losing answers": {"kind": "cut", "match": by_chance(0.5, TRANSACTION)},
    "slow": {"kind": "slow", "seconds": 0.5},
}


@pytest.mark.parametrize("fault", STORAGE_FAULTS)
def test_storage_in_trouble_loses_and_doubles_nothing(
    fault: str, site: Site, shaky: FaultyStorage, host_on_shaky_storage: TickingHost
) -> None:
    planned = [*due_now(site, 20), *site.plan(20, "* * * * *", this_minute() - 3 * MINUTE)]
    shaky.forget()
    shaky.fault(**STORAGE_FAULTS[fault])
    host_on_shaky_storage.fire()
    until(lambda: not host_on_shaky_storage.is_ticking, seconds=A_WHILE)
    assert shaky.requests
    shaky.no_faults()
    assert until(lambda: not host_on_shaky_storage.is_ticking)

    site.let_time_pass(planned)
    assert host_on_shaky_storage.tick_until(lambda: site.is_quiet(planned))
    found = site.audit(planned, utc_now())
    assert found.is_clean, found
    assert found.started >= 40


@pytest.mark.parametrize("kind", ["refuse", "cut", "hang", "busy"])
def test_a_tick_whose_first_request_fails_starts_all_the_same(
    kind: Kind, site: Site, shaky: FaultyStorage, host_on_shaky_storage: TickingHost
) -> None:
    planned = due_now(site, 20)
    shaky.fault(kind, count=1)
    host_on_shaky_storage.tick()
    shaky.no_faults()

    found = site.audit(planned, utc_now())
    assert found.is_clean, found
    assert found.started == 20


def test_a_task_that_never_answers_holds_up_nobody(site: Site, host: TickingHost) -> None:
    # Fewer than there are connections: as many in a row without an answer mean that Sense is away.
    hanging, others = due_now(site, 10), due_now(site, 100)
    for each in hanging:
        site.sense.fault("hang", path=each.task_id)
    host.tick()
    site.let_time_pass(hanging)
    more = due_now(site, 100)
    host.tick()

    assert started_of(site, [*others, *more]) == 200
    assert started_of(site, hanging) == 0
    assert {due.schedule_id for due in site.due(hanging, utc_now())} == {each.schedule_id for each in hanging}


def test_occurrences_within_a_minute_start_on_their_second(site: Site, host: TickingHost) -> None:
    host.tick()
    wait_for_quiet()
    first = utc_now().replace(microsecond=0) + timedelta(seconds=2)
    [planned] = site.plan(1, "* * * * * *", first)
    assert host.tick_until(lambda: len(site.runs().get(planned.schedule_id, [])) >= 3)

    runs = site.runs()[planned.schedule_id][:3]
    assert [run.due for run in runs] == [first + timedelta(seconds=number) for number in range(3)]
    assert [run for run in runs if (run.late_seconds or 0) > LATEST_SECONDS] == []


def test_a_row_with_a_broken_zone_stops_nobody_else(site: Site, host: TickingHost) -> None:
    planned = due_now(site, 50)
    broken, others = planned[20], [*planned[:20], *planned[21:]]
    site.spoil(broken)
    host.tick()

    found = site.audit(others, utc_now())
    assert (found.started, found.is_clean) == (49, True)
    [run] = site.runs()[broken.schedule_id]
    assert (run.outcome, run.execution_id) == (RunOutcome.FAILED, None)
    assert NO_ZONE in (run.reason or "")
    answer = requests.get(f"{host.host.url}/v4/schedules", params={"id": broken.schedule_id}, timeout=10).json()
    assert NO_ZONE in answer["problem"]
    assert answer["lastKnownState"] == "stopped"
    assert site.entries([broken]) == {}
