"""Take turns at the connections to Sense, so that one caller's hundred calls don't keep others waiting.

There are as many threads as connections, so whatever runs in one has a connection to use. A thread that is free takes
the next call of the lane with the fewest running calls, so a lone start waits for one answer of Sense and not for
another caller's hundred. Sense never sees more calls at a time than there are connections, whoever makes them.

A thread takes call after call until none is waiting: handing each one to a pool costs a tick of 1,000 starts a tenth of
its time.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import count
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from shared.threads import Threads

Result = TypeVar("Result")


class Lane(StrEnum):
    """What a call to Sense is for; calls of one lane run in the order in which their callers arrived."""

    TICK = "tick"
    LONE_START = "lone start"
    LOOK_UP = "look-up"
    HEALTH = "health"
    BULK = "bulk"


# While a bulk start runs, the other lanes get three connections of four: the bulk can best afford to wait.
COST = Counter(dict.fromkeys(Lane, 1) | {Lane.BULK: 3})


@dataclass(eq=False, kw_only=True)
class _Caller:
    """One caller's calls in a lane; `last_turn` is the number of its latest turn, or of its arrival."""

    calls: deque[Callable[[], None]] = field(default_factory=deque)
    running: int = 0
    last_turn: int


class _Turn(NamedTuple):
    """A call being made; the call must not raise."""

    lane: Lane
    caller: _Caller
    call: Callable[[], None]


class Turns:
    """The threads that call Sense, as many as there are connections."""

    def __init__(self, connections: int) -> None:
        self._threads = Threads(connections, thread_name_prefix="qrs")
        self._idle = connections
        self._is_shut = False
        self._numbers = count()
        self._taking = Lock()
        self._waiting: dict[Lane, list[_Caller]] = {lane: [] for lane in Lane}
        self._running: Counter[Lane] = Counter()
        self._last_turn: Counter[Lane] = Counter()

    def lane(self, lane: Lane) -> Executor:
        """Return an executor for the lane: each `submit` counts as a caller of its own, each `map` as one caller."""
        return _LaneExecutor(self, lane)

    def one_caller(self, lane: Lane) -> Callable[[Callable[[], None]], None]:
        """Return what queues the calls of one caller, to be made in that order; they must not raise.

        Nobody waits for what such a call returns: without futures a tick of 1,000 starts takes 2 % less of the machine.
        """
        caller = self.new_caller()
        return lambda call: self.add(lane, caller, partial(copy_context().run, call))

    def new_caller(self) -> _Caller:
        """Return a caller that arrives now."""
        return _Caller(last_turn=next(self._numbers))

    def add(self, lane: Lane, caller: _Caller, call: Callable[[], None]) -> None:
        """Queue the call until its turn."""
        with self._taking:
            caller.calls.append(call)
            if len(caller.calls) == 1:
                self._waiting[lane].append(caller)
            if not self._idle:
                return
            self._idle -= 1
        self._threads.submit(self._serve)

    def shutdown(self) -> None:
        """Start no more calls, and wait for those that are running."""
        with self._taking:
            self._is_shut = True
        self._threads.shutdown()

    def _serve(self) -> None:
        """Make the waiting calls, one after another; when there are none, the thread is idle again."""
        turn = self._next_turn(None)
        while turn:
            turn.call()
            turn = self._next_turn(turn)

    def _next_turn(self, last: _Turn | None) -> _Turn | None:
        with self._taking:
            if last:
                self._running[last.lane] -= 1
                last.caller.running -= 1
            lane = None if self._is_shut else self._next_lane()
            if lane is None:
                self._idle += 1
                return None
            callers = self._waiting[lane]
            caller = min(callers, key=lambda one: (one.running, one.last_turn)) if len(callers) > 1 else callers[0]
            call = caller.calls.popleft()
            if not caller.calls:
                callers.remove(caller)
            self._last_turn[lane] = caller.last_turn = next(self._numbers)
            self._running[lane] += 1
            caller.running += 1
            return _Turn(lane, caller, call)

    def _next_lane(self) -> Lane | None:
        """Return the lane with the fewest running calls; among equals the one whose last turn is the longest ago."""
        waiting = [lane for lane, callers in self._waiting.items() if callers]
        if len(waiting) > 1:
            return min(waiting, key=lambda lane: (self._running[lane] * COST[lane], self._last_turn[lane]))
        return waiting[0] if waiting else None


class _LaneExecutor(Executor):
    """A lane as an executor; log lines of what runs in it name the invocation that requested it."""

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
            except BaseException as error:  # noqa: BLE001 - the caller gets it, whatever it is
                future.set_exception(error)

        self._turns.add(self._lane, self._caller or self._turns.new_caller(), call)
        return future

    def map(self, fn: Callable[..., Result], *iterables: Iterable[Any], **options: Any) -> Iterator[Result]:
        if self._caller is None:
            return _LaneExecutor(self._turns, self._lane, self._turns.new_caller()).map(fn, *iterables, **options)
        return super().map(fn, *iterables, **options)
