"""What becomes of entries that a tick has claimed, as a table for each rule."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.core.endings import Ending, Trouble, broken, denied, missed
from shared.core.endings import ended as end_of
from shared.core.entry import Broken, Decision, Entry, Miss, Replan, Start
from shared.core.errors import QrsBusy
from shared.core.runs import Run, RunOutcome
from shared.core.tasks import StartFilter, Task, TaskQuery
from shared.core.tick import claiming
from shared.core.tick.claiming import Known, Plan, Settled
from shared.core.tries import Try
from tests.saying import saying
from tests.unit.builders import (
    DAY,
    EXECUTION,
    HOUR,
    MINUTE,
    NINE,
    OTHER_TASK,
    SECOND,
    TASK,
    TEN,
    a_claim,
    a_due,
    a_run,
    a_schedule,
    an_execution,
)

NOW = NINE + 20 * SECOND
OPEN, NOTHING = StartFilter(), StartFilter(task_ids=frozenset(), tags=frozenset(), properties=frozenset())
LISTED = StartFilter(task_ids=frozenset({TASK}), tags=frozenset(), properties=frozenset())
TAGGED = StartFilter(task_ids=frozenset(), tags=frozenset({"nightly"}), properties=frozenset())
START, MISS, REPLAN, BROKEN = Start(occurrence=NINE), Miss(occurrence=NINE), Replan(instant=TEN), Broken(reason="?")
UNDER_WAY: dict[str, Any] = {"tried_since": NINE, "attempt": 1, "occurrence": NINE}


def a_task(**changes: Any) -> Task:
    return replace(Task(id=TASK, name="Sales"), **changes)


def a_plan(decision: Decision = START, **found: Any) -> Plan:
    due = a_due(**found)
    return Plan(found=due, entry=replace(due, claim=a_claim(), etag="due 2"), decision=decision)


def settle(plan: Plan, start_filter: StartFilter = OPEN, **known: Any) -> Try | Ending | Entry:
    return claiming.settle(plan, Known(**known), NOW, start_filter)


@pytest.mark.parametrize(
    ("now", "catch_up", "earliest"),
    [
        (NOW, timedelta(0), NINE),
        (NINE, timedelta(0), NINE),
        (NOW, 10 * SECOND, NINE),
        (NOW, HOUR, NOW - HOUR),
        (NINE + timedelta(microseconds=1), timedelta(0), NINE),
    ],
)
def test_what_is_due_in_the_running_minute_is_never_too_late(
    now: datetime, catch_up: timedelta, earliest: datetime
) -> None:
    assert claiming.earliest_start(now, catch_up) == earliest


@pytest.mark.parametrize(
    ("instant", "catch_up", "decision"),
    [
        (NINE, timedelta(0), START),
        (NINE - DAY, HOUR, START),
        (NINE - 2 * HOUR, 40 * MINUTE, Start(occurrence=NINE)),
    ],
)
def test_each_entry_is_decided_about_and_claimed(instant: datetime, catch_up: timedelta, decision: Decision) -> None:
    [plan] = claiming.plans_of([a_due(due_at=instant)], NOW, catch_up, a_claim())

    assert (plan.found, plan.decision) == (a_due(due_at=instant), decision)
    assert plan.entry == a_due(due_at=instant, claim=a_claim(), attempt=1, occurrence=NINE, tried_since=NOW)


def test_what_is_before_the_catch_up_is_missed() -> None:
    [plan] = claiming.plans_of([a_due(cron="0 9 * * *")], TEN, 59 * MINUTE, a_claim())

    assert plan.decision == MISS


def test_of_what_was_wanted_those_are_ours_that_storage_let_us_claim() -> None:
    mine, theirs = a_plan(schedule_id="mine"), a_plan(schedule_id="theirs")
    stored = replace(mine.entry, etag="due 3")

    assert claiming.won([mine, theirs], [stored]) == [replace(mine, entry=stored)]


@pytest.mark.parametrize(
    ("plan", "start_filter", "expected"),
    [
        (a_plan(), OPEN, False),
        (a_plan(), LISTED, False),
        (a_plan(task_id=TASK.upper()), LISTED, False),
        (a_plan(task_id=OTHER_TASK), LISTED, True),
        (a_plan(), NOTHING, True),
        (a_plan(MISS), NOTHING, False),
        (a_plan(REPLAN), NOTHING, False),
        (a_plan(BROKEN), NOTHING, False),
        (a_plan(**UNDER_WAY), OPEN, True),
        (a_plan(MISS, **UNDER_WAY), OPEN, True),
        (a_plan(REPLAN, **UNDER_WAY), OPEN, True),
        (a_plan(BROKEN, **UNDER_WAY), OPEN, False),
    ],
)
def test_sense_is_asked_about_what_may_be_under_way_and_what_the_filter_does_not_list(
    plan: Plan, start_filter: StartFilter, *, expected: bool
) -> None:
    assert claiming.needs_a_look(plan, start_filter) is expected


def test_sense_is_asked_about_each_task_once() -> None:
    plans = [a_plan(task_id=OTHER_TASK), a_plan(), a_plan(task_id=TASK.upper())]

    assert claiming.look_up(plans) == TaskQuery(task_ids=(OTHER_TASK, TASK))


@pytest.mark.parametrize(("seq", "numbers"), [(0, []), (1, [0]), (2, [1, 0]), (7, [6, 5])])
def test_the_start_before_is_one_of_the_two_last_numbers(seq: int, numbers: list[int]) -> None:
    assert list(claiming.numbers_before(a_due(seq=seq))) == numbers


def test_an_execution_is_dated_by_the_clock_of_ticks() -> None:
    task = a_task(last_execution=an_execution(NINE))

    assert claiming.dated(task, -MINUTE) == a_task(last_execution=an_execution(NINE - MINUTE))
    assert claiming.dated(a_task(), MINUTE) == a_task()


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (a_plan(REPLAN), True),
        (a_plan(REPLAN, since=NINE - HOUR), False),
        (a_plan(REPLAN, **UNDER_WAY), False),
        (a_plan(), False),
        (a_plan(MISS), False),
    ],
)
def test_of_an_entry_of_the_version_before_its_schedule_says_since_when_it_counts(
    plan: Plan, *, expected: bool
) -> None:
    assert plan.needs_schedule is expected


class TestSettle:
    @pytest.mark.parametrize(
        ("start_filter", "task", "is_started"),
        [
            (OPEN, None, True),
            (LISTED, None, True),
            (NOTHING, None, False),
            (NOTHING, a_task(), False),
            (TAGGED, a_task(tags=frozenset({"nightly"})), True),
            (TAGGED, a_task(tags=frozenset({"daily"})), False),
            (TAGGED, None, False),
        ],
    )
    def test_what_the_filter_allows_is_started_and_the_rest_denied(
        self, start_filter: StartFilter, task: Task | None, *, is_started: bool
    ) -> None:
        plan = a_plan()

        assert settle(plan, start_filter, task=task) == (
            Try(entry=plan.entry, occurrence=NINE) if is_started else end_of(plan.entry, denied(plan.found, NINE))
        )

    @pytest.mark.parametrize("trouble", [None, Trouble(minute=NINE, earliest=NINE, text="No storage.")])
    def test_what_is_too_late_is_missed_for_what_held_it_up(self, trouble: Trouble | None) -> None:
        plan = a_plan(MISS)

        assert settle(plan, trouble=trouble) == end_of(plan.entry, missed(plan.found, NINE, trouble))

    def test_what_can_not_be_evaluated_ends_though_it_may_be_under_way(self) -> None:
        for plan in (a_plan(BROKEN), a_plan(BROKEN, **UNDER_WAY)):
            assert settle(plan, recorded=a_run()) == broken(plan.entry, "?")

    def test_new_rules_of_a_zone_give_it_another_instant_without_a_run(self) -> None:
        plan = a_plan(REPLAN)

        assert settle(plan) == Ending(entry=plan.entry, run=None, next_instant=TEN)

    def test_of_an_entry_of_the_version_before_the_occurrence_that_new_rules_put_earlier_comes_first(self) -> None:
        plan = a_plan(REPLAN, due_at=NINE + 30 * MINUTE)
        schedule = a_schedule(created=NINE - DAY, last_due=NINE - HOUR)

        assert settle(plan, schedule=schedule) == Ending(entry=plan.entry, run=None, next_instant=NINE)


class TestUnderWay:
    """An entry of which a start may have reached Sense at nine."""

    def test_a_run_that_a_dead_tick_recorded_stands(self) -> None:
        plan = a_plan(**UNDER_WAY)
        newer = a_task(last_execution=an_execution(NINE + SECOND, id="another"))

        assert settle(plan, recorded=a_run(), task=newer) == end_of(plan.entry, a_run())

    @pytest.mark.parametrize("decision", [START, MISS, REPLAN])
    def test_an_execution_that_began_since_is_its_start(self, decision: Decision) -> None:
        found = settle(a_plan(decision, **UNDER_WAY), task=a_task(last_execution=an_execution(NINE)), before=None)

        assert isinstance(found, Ending)
        assert found.run
        assert (found.run.outcome, found.run.execution_id) == (RunOutcome.STARTED, EXECUTION)

    def test_of_a_start_that_the_version_before_tried_later_nothing_is_said_that_is_not_due_yet(self) -> None:
        plan = a_plan(**UNDER_WAY, cron="* * * * *")
        known = Known(task=a_task(last_execution=an_execution(NINE + 5 * MINUTE)))

        [end] = claiming.settled([plan], {plan.entry.schedule_id: known}, NINE + 3 * MINUTE, OPEN).endings
        assert end.run
        assert end.run.due == NINE + 3 * MINUTE

    @pytest.mark.parametrize(
        ("task", "before"),
        [
            (None, None),
            (a_task(), None),
            (a_task(last_execution=an_execution(NINE - MINUTE)), None),
            (a_task(last_execution=an_execution(NINE)), a_run(seq=6)),
            (a_task(last_execution=an_execution(NINE, id=None)), a_run(seq=6, execution_id=None)),
        ],
    )
    def test_without_news_of_it_the_entry_goes_back_as_it_was_found(
        self, task: Task | None, before: Run | None
    ) -> None:
        plan = a_plan(**UNDER_WAY)

        assert settle(plan, task=task, before=before) == saying(
            plan.found, claim=a_claim(), etag="due 2", tried_since=None
        )


def test_entries_are_settled_by_what_is_known_of_each() -> None:
    start, miss, back = (
        a_plan(schedule_id="a"),
        a_plan(MISS, schedule_id="b"),
        a_plan(schedule_id="c", **UNDER_WAY),
    )
    trouble = Trouble(minute=NINE, earliest=NINE, text="No storage.")
    found = claiming.settled([start, miss, back], {"b": Known(trouble=trouble)}, NOW, OPEN)

    assert found == Settled(
        tries=(Try(entry=start.entry, occurrence=NINE),),
        endings=(end_of(miss.entry, missed(miss.found, NINE, trouble)),),
        untried=(saying(back.found, claim=a_claim(), etag="due 2", tried_since=None),),
    )
    assert found.count == 3


def test_what_sense_could_not_be_asked_about_is_postponed() -> None:
    rest, error = Settled(tries=(Try(entry=a_due(), occurrence=NINE),)), QrsBusy("Too many.")
    found = claiming.postponed(rest, [a_plan(**UNDER_WAY)], error)

    waiting = a_due(claim=a_claim(), etag="due 2", last_error="Too many.", **UNDER_WAY)
    assert found == replace(rest, postponed=(waiting,), error=error)
    assert (found.count, found.has_asked) == (2, False)
