"""That a tick does what was decided: with an agenda, a history and Sense in memory, by a clock that the test sets."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import QrsBusy, QrsUnreachable, StorageDenied, StorageError
from shared.core.runs import RunOutcome
from shared.core.tasks import StartFilter, Task
from shared.use_cases.tick.minute import Minute
from shared.use_cases.tick.run_tick import RunTick
from tests.unit.builders import (
    DAY,
    EXECUTION,
    HOUR,
    MILLISECOND,
    MINUTE,
    NINE,
    SCHEDULE,
    SECOND,
    TASK,
    TEN,
    a_due,
    a_run,
    a_schedule,
    an_execution,
)
from tests.unit.tick_builders import CONNECTIONS, END, LEASE, MOST_UNRECORDED, TIMEOUT, WORTH_A_RECORD, entries
from tests.unit.tick_fakes import FakeClock, FakeTasks, World

UNDER_WAY: dict[str, Any] = {"attempt": 1, "occurrence": NINE, "tried_since": NINE}
NO_ANSWER = StorageError("Table storage gave no answer.")


@pytest.fixture
def world() -> World:
    return World()


def serve(world: World, begin: datetime = NINE) -> Minute:
    minute = Minute(world.by, begin)
    minute.serve()
    return minute


def busy(_: str) -> None:
    raise QrsBusy("Too many.")


def test_what_is_due_is_started_recorded_and_advances(world: World) -> None:
    world.keep(*entries(250), a_due(due_at=TEN))
    minute = serve(world)

    assert len(world.tasks.started) == len(world.runs) == minute.counts["started"] == 250
    assert {due.due_at for due in world.agenda.entries.values()} == {TEN}
    assert {due.seq for due in world.agenda.entries.values()} == {7, 8}
    assert (minute.waited, world.clock.slept) == (0, [])


def test_no_more_starts_are_unrecorded_than_a_crash_may_double(world: World) -> None:
    unrecorded = []
    world.tasks.on_start = lambda _: unrecorded.append(len(world.tasks.started) + 1 - len(world.runs))
    world.keep(*entries(100))
    serve(world)

    assert max(unrecorded) == MOST_UNRECORDED
    assert min(world.history.sizes) >= 100 % MOST_UNRECORDED


def test_schedules_with_seconds_are_started_on_their_second(world: World) -> None:
    world.keep(a_due(cron="*/20 * * * * *"))
    minute = serve(world)

    assert [run.started for run in world.runs] == [NINE, NINE + 20 * SECOND, NINE + 40 * SECOND]
    assert (minute.waited, world.clock.slept) == (40, [20, 20])


@pytest.mark.parametrize("now", [NINE - HOUR, END, END + HOUR])
def test_a_minute_that_is_not_open_starts_nothing(now: datetime, world: World) -> None:
    world.clock.time = now
    world.keep(a_due(due_at=NINE - DAY, cron="0 9 * * *"))
    serve(world)

    assert (world.tasks.started, world.agenda.calls) == ([], ["until"])


def test_those_that_failed_before_are_started_last(world: World) -> None:
    failed, fresh = entries(2, 0, last_error="No answer.", task_id="failed"), entries(6, 10, task_id="fresh")
    world.keep(*failed, *fresh)
    serve(world)

    assert world.tasks.started == ["fresh"] * 6 + ["failed"] * 2


def test_what_a_minute_has_left_does_not_keep_schedules_waiting_that_had_their_turn_longer_ago(world: World) -> None:
    world.tasks.on_start = lambda _: setattr(world.clock, "time", world.clock.time + 90 * MILLISECOND)
    world.keep(*entries(150, cron="0,59 * * * * *", due_at=NINE - SECOND, since=NINE - 2 * SECOND))
    world.keep(*entries(5, 5000, cron="* * * * *", since=NINE - MINUTE))
    late = serve(world).late

    waits = [run.late_seconds for run in world.runs if run.schedule_id >= "schedule 5000" and run.late_seconds]
    assert len(waits) == 5
    assert max(waits) < 1
    assert late > 150 * 0.09


class TestTheLastLook:
    @pytest.mark.parametrize(
        ("waits", "claims"),
        [(LEASE - TIMEOUT - 5 * SECOND, 1), (LEASE - TIMEOUT - 4 * SECOND, 2), (LEASE, 2)],
    )
    def test_a_start_whose_connection_comes_when_its_claim_may_end_is_not_sent_but_claimed_anew(
        self, waits: timedelta, claims: int, world: World
    ) -> None:
        world.tasks.on_start = lambda _: setattr(world.clock, "time", NINE + waits)
        world.keep(a_due())
        serve(world)

        assert [(run.started, run.attempt) for run in world.runs] == [(NINE + waits, 1)]
        assert (len(world.tasks.started), world.agenda.calls.count("claim")) == (1, claims)

    def test_what_was_handed_over_before_sense_was_out_of_reach_is_not_sent(self, world: World) -> None:
        def refuse(_: str) -> None:
            raise QrsUnreachable("No connection.")

        world.tasks.on_start = refuse
        world.keep(*entries(60))
        minute = serve(world)

        tried = [due for due in world.agenda.entries.values() if due.tries.attempt]
        assert CONNECTIONS <= len(tried) == minute.counts["retried"] <= MOST_UNRECORDED
        assert {due.claim for due in world.agenda.entries.values()} == {None}
        assert {due.tries.not_before for due in tried} == {END}
        assert world.by.troubles.of(NINE) is not None


class TestUnderWay:
    """An entry of which a tick that died may have sent a start at nine."""

    @pytest.mark.parametrize(
        ("before", "starts"),
        [(None, 0), (a_run(seq=6, execution_id="another"), 0), (a_run(seq=6), 1), (a_run(seq=5), 1)],
    )
    def test_an_execution_of_the_run_before_is_no_news(self, before: Any, starts: int, world: World) -> None:
        world.tasks.known = (Task(id=TASK, name="Sales", last_execution=an_execution(NINE)),)
        if before:
            world.history.record([before])
        world.keep(a_due(**UNDER_WAY))
        serve(world)

        assert len(world.tasks.started) == starts
        assert world.history.runs[SCHEDULE, 7].execution_id == ("execution 1" if starts else EXECUTION)

    def test_between_it_and_the_start_before_a_change_may_have_recorded_a_run(self, world: World) -> None:
        world.tasks.known = (Task(id=TASK, name="Sales", last_execution=an_execution(NINE)),)
        world.history.record([a_run(seq=6, outcome=RunOutcome.MISSED, started=None, execution_id=None)])
        world.history.record([a_run(seq=5)])
        world.keep(a_due(**UNDER_WAY))
        serve(world)

        assert len(world.tasks.started) == 1

    def test_what_history_knows_only_advances(self, world: World) -> None:
        world.history.record([a_run()])
        world.keep(a_due(**UNDER_WAY))
        serve(world)

        assert (world.tasks.started, world.runs) == ([], [a_run()])
        assert world.agenda.entries[SCHEDULE].due_at == TEN

    @pytest.mark.parametrize(("off", "starts"), [(timedelta(0), 1), (-MINUTE, 0)])
    def test_an_execution_is_dated_by_the_machine(self, off: timedelta, starts: int) -> None:
        world = World(clock=FakeClock(NINE), machine=FakeClock(NINE + off))
        last = an_execution(NINE - MINUTE)
        world.tasks.known = (Task(id=TASK, name="Sales", last_execution=last),)
        world.keep(a_due(**UNDER_WAY))
        serve(world)

        assert len(world.tasks.started) == starts

    def test_sense_out_of_reach_it_waits_for_the_next_minute_as_it_was(self, world: World) -> None:
        world.tasks.find_error = QrsUnreachable("No connection.")
        world.keep(a_due(**UNDER_WAY), *entries(3))
        minute = serve(world)

        back = world.agenda.entries[SCHEDULE]
        assert back == a_due(**UNDER_WAY, not_before=END, last_error="No connection.")
        assert (minute.counts["retried"], world.tasks.started) == (1, [])
        assert world.agenda.entries["schedule 0000"] == entries(1, occurrence=NINE)[0]

    def test_a_busy_sense_lets_the_others_be_started(self, world: World) -> None:
        world.tasks.find_error = QrsBusy("Too many.")
        world.keep(a_due(**UNDER_WAY), *entries(3))
        minute = serve(world)

        assert (minute.counts["started"], minute.counts["retried"]) == (3, 1)


def test_a_task_that_the_filter_does_not_allow_is_denied() -> None:
    tagged = Task(id=TASK, name="Sales", tags=frozenset({"nightly"}))
    for known, outcome in (((), RunOutcome.DENIED), ((tagged,), RunOutcome.STARTED)):
        nothing = StartFilter(task_ids=frozenset(), tags=frozenset({"nightly"}), properties=frozenset())
        world = World(start_filter=nothing, tasks=FakeTasks(known=known))
        world.keep(a_due())
        serve(world)

        assert [run.outcome for run in world.runs] == [outcome]


def test_what_was_missed_says_what_held_it_up(world: World) -> None:
    world.by.asking(NINE).note("Table storage gave no answer.")
    world.clock.time = NINE + 2 * HOUR
    world.keep(a_due(cron="0 9 * * *"))
    serve(world, NINE + 2 * HOUR)

    assert [run.outcome for run in world.runs] == [RunOutcome.MISSED]
    assert "Table storage gave no answer." in (world.runs[0].reason or "")


def test_an_entry_of_the_version_before_is_put_where_new_rules_have_it(world: World) -> None:
    world.agenda.schedules[SCHEDULE] = a_schedule(created=NINE - DAY, last_due=NINE - HOUR)
    world.clock.time = NINE + 30 * MINUTE
    world.keep(a_due(due_at=NINE + 30 * MINUTE))
    serve(world, NINE + 30 * MINUTE)

    assert [run.due for run in world.runs] == [NINE]


class TestRecording:
    def test_a_run_whose_claim_is_over_gives_way_to_what_another_tick_has_recorded(self, world: World) -> None:
        theirs = a_run(execution_id="theirs")

        def stand_still(_: str) -> None:
            world.clock.time += LEASE
            world.history.record([theirs])

        world.tasks.on_accept = stand_still
        world.keep(a_due())
        serve(world)

        assert world.runs == [theirs]

    def test_of_what_was_taken_away_while_it_was_tried_its_schedule_says_so(self, world: World) -> None:
        def take_away(_: str) -> None:
            world.agenda.entries.clear()
            raise QrsBusy("Too many.")

        world.tasks.on_start = take_away
        world.keep(a_due())
        serve(world)

        assert [run.outcome for run in world.agenda.last] == [RunOutcome.FAILED]
        assert world.agenda.last == world.runs

    def test_runs_share_transactions(self, world: World) -> None:
        world.keep(*entries(64))
        serve(world)

        assert min(world.history.sizes) >= WORTH_A_RECORD


class TestStorageTrouble:
    @pytest.mark.parametrize("call", ["until", "claim", "advance"])
    def test_a_step_that_storage_failed_is_done_again_a_second_later(self, call: str, world: World) -> None:
        world.keep(*entries(3))
        world.agenda.failures[call] = [NO_ANSWER]
        minute = serve(world)

        assert (minute.counts["started"], world.clock.slept) == (3, [1.0])
        assert {due.due_at for due in world.agenda.entries.values()} == {TEN}
        assert world.by.troubles.of(NINE) is not None

    def test_what_another_tick_has_claimed_is_read_again(self, world: World) -> None:
        world.keep(*entries(3))
        world.agenda.others = {"schedule 0001"}

        def finish(_: str) -> None:
            world.agenda.entries.pop("schedule 0001", None)

        world.tasks.on_start = finish
        serve(world)

        assert len(world.tasks.started) == 2
        assert world.agenda.calls.count("until") == 2

    def test_what_it_has_in_hand_it_tries_to_write_for_a_minute_longer(self, world: World) -> None:
        world.keep(a_due())
        world.agenda.failures["give_back"] = [NO_ANSWER] * 1000
        world.tasks.on_start = busy
        with pytest.raises(StorageError):
            serve(world)

        assert world.clock.time == END + 61 * SECOND

    def test_what_is_recorded_the_next_tick_advances(self, world: World) -> None:
        world.keep(a_due())
        world.agenda.failures["advance"] = [NO_ANSWER] * 1000
        minute = serve(world)

        assert (minute.counts["started"], len(world.runs)) == (1, 1)
        assert world.clock.time == END + 61 * SECOND

    def test_a_tick_that_has_nothing_in_hand_asks_until_its_minute_ends(self, world: World) -> None:
        world.agenda.failures["until"] = [NO_ANSWER] * 1000
        with pytest.raises(StorageError):
            serve(world)

        assert world.clock.time == END

    def test_a_tick_that_is_not_let_in_does_not_wait(self, world: World) -> None:
        world.agenda.failures["until"] = [StorageDenied("403")]
        with pytest.raises(StorageDenied):
            serve(world)

        assert world.clock.slept == []


class TestRunTick:
    def test_the_heartbeat_says_what_became_of_it(self, world: World) -> None:
        world.keep(a_due(due_at=NINE + 20 * SECOND, cron="20 0 9 * * *"))
        mark = RunTick(by=world.by).run()

        assert world.agenda.marks == [{"begun": "2026-11-23T09:00:00.000Z", "problem": ""}, mark]
        assert (mark["begun"], mark["ended"]) == ("2026-11-23T09:00:00.000Z", "2026-11-23T09:00:20.000Z")
        assert (mark["seconds"], mark["busy"], mark["started"], mark["retried"], mark["late"]) == (20, 0, 1, 0, 0)

    def test_the_heartbeat_says_how_late_the_latest_start_was(self, world: World) -> None:
        world.tasks.on_start = lambda _: setattr(world.clock, "time", world.clock.time + 1250 * MILLISECOND)
        world.keep(*entries(2))

        assert RunTick(by=world.by).run()["late"] == 2.5

    @pytest.mark.parametrize(("ahead", "starts"), [(30, 1), (31, 0), (-3600, 1)])
    def test_a_machine_far_ahead_of_storage_starts_nothing_and_says_so(self, ahead: int, starts: int) -> None:
        world = World(machine=FakeClock(NINE + timedelta(seconds=ahead)))
        world.keep(a_due())
        mark = RunTick(by=world.by).run()

        assert len(world.tasks.started) == starts
        assert mark["problem"] == (
            "" if starts else "The clock here is 31 s ahead of storage's, so nothing was started."
        )

    def test_a_clock_that_is_set_while_it_ticks_does_not_change_how_long_it_took(self) -> None:
        machine = FakeClock(runs=100.0)
        world = World(machine=machine)

        def step_back(_: str) -> None:
            machine.time, machine.runs = NINE - HOUR, 107.5

        world.tasks.on_start = step_back
        world.keep(a_due())

        assert RunTick(by=world.by).run()["seconds"] == 7.5
