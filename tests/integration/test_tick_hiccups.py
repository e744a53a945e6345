"""One hiccup of storage does not cost a tick: what is due in its minute is started in it, and what is not says why."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.azurite import Azurite
from sandbox.faulty.faults import Match
from sandbox.faulty.messages import answer
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from sandbox.stand_in import StandIn
from sandbox.ticking import CONNECTIONS, TIMEOUT, SetClock, Site, at, new_table
from shared.core.errors import StorageDenied, StorageError
from shared.core.tick.state import UNRECORDED_EACH
from shared.storage.agenda import Agenda
from shared.use_cases.tick.run_tick import RunTick
from tests.integration.conftest import OpenTasks

MINUTE = timedelta(minutes=1)
PAGE = answer("200 OK", "<html><body>Please log in</body></html>", "text/html")
NOT_LET_IN = answer("403 Forbidden", "", **{"x-ms-error-code": "AuthorizationFailure"})


@pytest.fixture(scope="module")
def storage(azurite: Azurite) -> Iterator[FaultyStorage]:
    with start_faulty_storage(azurite.connection) as storage:
        yield storage


@pytest.fixture
def site(storage: FaultyStorage, sense: StandIn, open_tasks: OpenTasks) -> Iterator[Site]:
    """A site that starts nothing after its minute, on storage that fails on demand."""
    storage.no_faults()
    storage.forget()
    sense.settings(reloadMs=0, triggerMs=0)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        tasks = open_tasks(max_connections=CONNECTIONS, timeout_seconds=TIMEOUT.seconds)
        yield Site(
            table=new_table(storage.connection),
            sense=sense,
            tasks=tasks,
            pool=pool,
            clock=SetClock(at("09:00:10")),
            catch_up=timedelta(0),
        )


class Behind(Agenda):
    """The agenda of a storage whose clock is an hour behind the test's."""

    def beat(self, told: Any) -> datetime:
        super().beat(told)
        return at("08:01:00")


FIRST, AGENDA = "RowKey='heartbeat'", "?$filter"
HICCUPS: dict[str, tuple[Match, dict[str, Any]]] = {
    "the first mark is reset": (FIRST, {"kind": "refuse", "count": 1}),
    "the first mark is reset for seconds": (FIRST, {"kind": "refuse", "count": 12}),
    "the first mark hangs": (FIRST, {"kind": "hang", "count": 1}),
    "the first mark is a page": (FIRST, {"kind": "answer", "answer": PAGE, "count": 9}),
    "the agenda is reset for seconds": (AGENDA, {"kind": "refuse", "count": 12}),
    "the agenda is a page": (AGENDA, {"kind": "answer", "answer": answer("200 OK", "{}"), "count": 9}),
    "the last mark is reset for seconds": ('"ended"', {"kind": "refuse", "count": 12}),
}


@pytest.mark.parametrize("hiccup", HICCUPS)
def test_a_tick_outlives_a_hiccup_in_its_minute(hiccup: str, storage: FaultyStorage, site: Site) -> None:
    schedule = site.schedule("1 9 * * *")
    match, fault = HICCUPS[hiccup]
    storage.fault(match=match, **fault)

    told = site.tick(at("09:01:00"))

    assert (told["started"], site.starts(schedule)) == (1, 1)
    [run] = site.runs(schedule)
    assert run.started is not None
    assert run.started < at("09:01:00") + MINUTE


def test_a_tick_whose_connections_died_in_silence_starts_in_its_minute(storage: FaultyStorage, site: Site) -> None:
    schedule = site.schedule("1 9 * * *")
    storage.strand()

    site.tick(at("09:01:00"))

    assert site.starts(schedule) == 1


def test_a_tick_that_is_not_let_in_does_not_wait_for_its_minute_to_end(storage: FaultyStorage, site: Site) -> None:
    storage.fault("answer", answer=NOT_LET_IN)

    with pytest.raises(StorageDenied):
        site.tick(at("09:01:00"))

    assert site.clock.slept == []


def test_what_storage_held_up_is_told_so(storage: FaultyStorage, site: Site) -> None:
    schedule = site.schedule("1 9 * * *")
    ticks = RunTick(by=site.by(site.clock))
    storage.fault("answer", answer=NOT_LET_IN)
    site.clock.time = at("09:01:00")
    with suppress(StorageError):
        ticks.run()
    storage.no_faults()
    site.clock.time = at("09:02:00")
    ticks.run()

    [run] = site.runs(schedule)
    assert run.reason is not None
    assert (
        "The tick of 2026-03-02T09:01:00Z was held up: Table storage answered 403 (AuthorizationFailure)" in run.reason
    )


def test_what_a_clock_held_up_is_told_so(site: Site) -> None:
    schedule = site.schedule("1 9 * * *")
    by = site.by(site.clock)
    ahead = RunTick(by=replace(by, agenda=Behind(table=site.table)))
    site.clock.time = at("09:01:00")
    ahead.run()
    site.clock.time = at("09:02:00")
    RunTick(by=by).run()

    [run] = site.runs(schedule)
    assert "ahead of storage's" in (run.reason or "")


def test_what_sense_held_up_is_told_so_also_of_what_was_never_tried(site: Site) -> None:
    # What is handed to the connections at first may all have failed before the tick hears of it; of these one for each
    # connection may make place for another. What goes beyond both surely waits until Sense is out of reach.
    tried_at_most = (UNRECORDED_EACH + 1) * CONNECTIONS
    schedules = [site.schedule("1 9 * * *") for _ in range(tried_at_most + CONNECTIONS)]
    ticks = RunTick(by=site.by(site.clock))
    site.sense.fault("refuse")
    site.clock.time = at("09:01:00")
    ticks.run()
    site.sense.no_faults()
    site.clock.time = at("09:02:00")
    ticks.run()

    reasons = [run.reason or "" for schedule in schedules for run in site.runs(schedule)]
    assert len(reasons) == len(schedules)
    assert [reason for reason in reasons if "annot reach" not in reason and "ended the connection" not in reason] == []
    never_tried = ["The tick of 2026-03-02T09:01:00Z was held up" in reason for reason in reasons]
    assert sum(never_tried) >= len(schedules) - tried_at_most


def test_of_what_another_process_did_nothing_is_said(site: Site) -> None:
    schedule = site.schedule("1 9 * * *")

    site.tick(at("09:02:00"))

    [run] = site.runs(schedule)
    assert run.reason == "Not started within SCHEDULE_CATCH_UP_SECONDS. Nothing started it in time."


def test_a_quiet_tick_asks_storage_for_three_things(storage: FaultyStorage, site: Site) -> None:
    site.tick(at("09:01:00"))
    storage.forget()

    site.tick(at("09:02:00"))

    assert [method for method, _, _ in storage.requests] == ["PATCH", "GET", "PATCH"]
