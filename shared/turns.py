"""Take turns at the connections to Sense, so that nobody's hundred calls keep others waiting.

There are as many threads as connections: whoever runs in one has a connection to use. A thread that is free takes the
next call of the lane that runs the fewest, so a lone start waits for one answer of Sense and not for another caller's
hundred. Sense sees no more calls at a time than there are connections, whoever makes them.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from threading import Lock
from typing import Any, TypeVar

from shared.threads import Threads

Result = TypeVar("Result")


class Lane(StrEnum):
    """What a call to Sense is for; calls of one lane go in the order in which their callers came."""

    TICK = "tick"
    LONE_START = "lone start"
    LOOK_UP = "look-up"
    HEALTH = "health"
    BULK = "bulk"


# Beside a bulk the others together get three connections of four: it has the most time to wait.
COST = Counter(dict.fromkeys(Lane, 1) | {Lane.BULK: 3})


@dataclass(eq=False, kw_only=True)
class _Caller:
    """Somebody's calls in a lane; `last_turn` is the number of the turn that it had last, or of its arrival."""

    calls: deque[Callable[[], None]] = field(default_factory=deque)
    running: int = 0
    last_turn: int


class Turns:
    """The threads that call Sense, as many as there are connections."""

    def __init__(self, connections: int) -> None:
        self._threads = Threads(connections, thread_name_prefix="qrs")
        self._numbers = count()
        self._taking = Lock()
        self._waiting: dict[Lane, list[_Caller]] = {lane: [] for lane in Lane}
        self._running: Counter[Lane] = Counter()
        self._last_turn: Counter[Lane] = Counter()

    def lane(self, lane: Lane) -> Executor:
        """Return the way in: each `submit` counts as a caller of its own, each `map` as one caller."""
        return _LaneExecutor(self, lane)

    def new_caller(self) -> _Caller:
        return _Caller(last_turn=next(self._numbers))

    def add(self, lane: Lane, caller: _Caller, call: Callable[[], None]) -> None:
        """Let the call wait for its turn."""
        with self._taking:
            caller.calls.append(call)
            if caller not in self._waiting[lane]:
                self._waiting[lane].append(caller)
        self._threads.submit(self._give_turn)

    def shutdown(self) -> None:
        """Begin nothing more, and wait for what runs."""
        self._threads.shutdown(cancel_futures=True)

    def _give_turn(self) -> None:
        with self._taking:
            lane = self._next_lane()
            caller = min(self._waiting[lane], key=lambda one: (one.running, one.last_turn))
            call = caller.calls.popleft()
            if not caller.calls:
                self._waiting[lane].remove(caller)
            self._last_turn[lane] = caller.last_turn = next(self._numbers)
            self._running[lane] += 1
            caller.running += 1
        try:
            call()
        finally:
            with self._taking:
                self._running[lane] -= 1
                caller.running -= 1

    def _next_lane(self) -> Lane:
        """Return the lane that runs the fewest, among equals the one whose last turn was the longest ago."""
        waiting = (lane for lane, callers in self._waiting.items() if callers)
        return min(waiting, key=lambda lane: (self._running[lane] * COST[lane], self._last_turn[lane]))


class _LaneExecutor(Executor):
    """A lane; the log lines of what runs in it name the invocation that asked."""

    def __init__(self, turns: Turns, lane: Lane, caller: _Caller | None = None) -> None:
        self._turns, self._lane, self._caller = turns, lane, caller

    def submit(self, fn: Callable[..., Result], /, *args: Any, **named: Any) -> Future[Result]:
        future: Future[Result] = Future()
        context = copy_context()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(context.run(fn, *args, **named))
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's to see
                future.set_exception(error)

        self._turns.add(self._lane, self._caller or self._turns.new_caller(), call)
        return future

    def map(self, fn: Callable[..., Result], *iterables: Iterable[Any], **options: Any) -> Iterator[Result]:
        if self._caller is None:
            return _LaneExecutor(self._turns, self._lane, self._turns.new_caller()).map(fn, *iterables, **options)
        return super().map(fn, *iterables, **options)
