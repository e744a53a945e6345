"""Who is next when a connection to Sense is free: one connection or a few, and calls that end when the test says so."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Event, Lock

import pytest

from shared.turns import Lane, Turns

PATIENCE = 10


@dataclass
class Calls:
    """Calls that note when they begin, and go on until they are let go."""

    begun: list[str] = field(default_factory=list)
    gates: dict[str, Event] = field(default_factory=dict)
    noting: Lock = field(default_factory=Lock)
    is_over: bool = False

    def call(self, name: str) -> str:
        with self.noting:
            self.begun.append(name)
            gate = self.gates.setdefault(name, Event())
            if self.is_over:
                return name
        assert gate.wait(PATIENCE)
        return name

    def let_go(self, name: str, future: Future[str]) -> None:
        self.gates.setdefault(name, Event()).set()
        assert future.result(PATIENCE) == name

    def wait_for(self, count: int) -> list[str]:
        """Return what has begun when so many have."""
        for _ in range(PATIENCE * 100):
            with self.noting:
                if len(self.begun) >= count:
                    return list(self.begun)
            Event().wait(0.01)
        raise AssertionError(self.begun)


@pytest.fixture
def calls() -> Iterator[Calls]:
    calls = Calls()
    yield calls
    # What nobody let go, and what has not begun yet, would keep the threads of a pool, and Python waits for their end.
    with calls.noting:
        calls.is_over = True
    for gate in calls.gates.values():
        gate.set()


def submit(turns: Turns, lane: Lane, calls: Calls, name: str) -> Future[str]:
    calls.gates.setdefault(name, Event())
    return turns.lane(lane).submit(calls.call, name)


@pytest.mark.parametrize("lane", [lane for lane in Lane if lane is not Lane.BULK])
def test_every_other_lane_has_the_next_free_connection_beside_a_bulk(lane: Lane, calls: Calls) -> None:
    turns = Turns(2)
    bulk = [submit(turns, Lane.BULK, calls, f"bulk {number}") for number in range(6)]
    calls.wait_for(2)
    submit(turns, lane, calls, "other")

    calls.let_go("bulk 0", bulk[0])

    assert calls.wait_for(3)[2] == "other"


def test_of_four_connections_the_others_get_three_and_a_bulk_goes_on_with_one(calls: Calls) -> None:
    turns = Turns(4)
    bulk = [submit(turns, Lane.BULK, calls, f"bulk {number}") for number in range(12)]
    calls.wait_for(4)
    for number in range(12):
        submit(turns, Lane.TICK, calls, f"tick {number}")

    for number in range(4):
        calls.let_go(f"bulk {number}", bulk[number])
        calls.wait_for(5 + number)

    assert sorted(calls.begun[4:]) == ["bulk 4", "tick 0", "tick 1", "tick 2"]


def test_with_one_connection_the_lanes_take_turns(calls: Calls) -> None:
    turns = Turns(1)
    futures = {"bulk 0": submit(turns, Lane.BULK, calls, "bulk 0")}
    calls.wait_for(1)
    for lane, name in ((Lane.BULK, "bulk 1"), (Lane.TICK, "tick 0"), (Lane.TICK, "tick 1"), (Lane.HEALTH, "health")):
        futures[name] = submit(turns, lane, calls, name)

    for count in range(1, 5):
        last = calls.wait_for(count)[-1]
        calls.let_go(last, futures[last])

    begun = calls.wait_for(5)
    assert sorted(begun[1:3]) == ["health", "tick 0"]
    assert begun[3:] == ["bulk 1", "tick 1"]


def test_a_small_request_does_not_wait_for_the_rest_of_a_large_one(calls: Calls) -> None:
    turns = Turns(1)
    names = [f"large {number}" for number in range(5)]
    turns.lane(Lane.BULK).map(calls.call, names)
    calls.wait_for(1)
    turns.lane(Lane.BULK).map(calls.call, ["small 0", "small 1"])

    for count in range(1, 5):
        calls.gates.setdefault(calls.wait_for(count)[-1], Event()).set()

    assert calls.wait_for(5)[:5] == ["large 0", "large 1", "small 0", "large 2", "small 1"]


def test_those_of_one_lane_go_in_the_order_in_which_they_came(calls: Calls) -> None:
    turns = Turns(1)
    futures = [submit(turns, Lane.LONE_START, calls, str(number)) for number in range(4)]

    for number, future in enumerate(futures):
        calls.let_go(str(number), future)

    assert calls.begun == ["0", "1", "2", "3"]


def test_no_more_run_at_a_time_than_there_are_connections(calls: Calls) -> None:
    turns = Turns(3)
    for lane in Lane:
        for number in range(5):
            submit(turns, lane, calls, f"{lane} {number}")

    calls.wait_for(3)
    Event().wait(0.1)

    assert len(calls.begun) == 3


def test_what_a_call_returns_and_raises_is_its_callers() -> None:
    lane = Turns(1).lane(Lane.TICK)

    assert list(lane.map(int, ["1", "2"])) == [1, 2]
    with pytest.raises(ValueError, match="three"):
        lane.submit(int, "three").result(PATIENCE)


def test_a_call_that_was_cancelled_takes_no_turn(calls: Calls) -> None:
    turns = Turns(1)
    first = submit(turns, Lane.TICK, calls, "first")
    calls.wait_for(1)
    second, third = (submit(turns, Lane.TICK, calls, name) for name in ("second", "third"))

    assert second.cancel()
    calls.let_go("first", first)
    calls.let_go("third", third)

    assert calls.begun == ["first", "third"]
    with pytest.raises(CancelledError):
        second.result(PATIENCE)


def test_a_call_sees_the_context_of_who_asked() -> None:
    asked: ContextVar[str] = ContextVar("asked", default="nobody")
    asked.set("an invocation")

    assert Turns(1).lane(Lane.HEALTH).submit(asked.get).result(PATIENCE) == "an invocation"


def test_calls_handed_over_by_one_caller_are_made_in_order_in_its_context() -> None:
    asked: ContextVar[str] = ContextVar("asked", default="nobody")
    made: SimpleQueue[tuple[int, str]] = SimpleQueue()
    asked.set("a tick")
    hand_over = Turns(1).one_caller(Lane.TICK)

    for number in range(20):
        hand_over(partial(lambda each: made.put((each, asked.get())), number))

    assert [made.get(timeout=PATIENCE) for _ in range(20)] == [(number, "a tick") for number in range(20)]
