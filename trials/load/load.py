"""Let callers call for a while, and watch the host meanwhile."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain

from sandbox.local_host import LocalHost
from sandbox.processes import MEMORY_IS_KNOWN
from trials.callers import Called, Caller
from trials.load.footprint import Trail
from trials.say import say

EACH_SECONDS = 5

# A caller, and a few calls in a row that it repeats.
Routine = tuple[Caller, Callable[[], None]]


@dataclass(frozen=True, kw_only=True)
class Load:
    """All calls within so many seconds, and the footprints of the host, or None if the system does not report them."""

    called: Sequence[Called]
    seconds: float
    trail: Trail | None


def put_load(host: LocalHost, routines: Sequence[Routine], seconds: float) -> Load:
    """Let all callers call again and again for so many seconds, and print the progress every 5 s."""
    begun = time.monotonic()
    trail = Trail(host.pid) if MEMORY_IS_KNOWN else None
    with ExitStack() as stack:
        if trail:
            stack.enter_context(trail.followed())
        pool = stack.enter_context(ThreadPoolExecutor(len(routines)))
        running = [pool.submit(_call_until, begun + seconds, act) for _, act in routines]
        _watch(running, routines, begun, trail)
    took = time.monotonic() - begun
    for each in running:
        each.result()
    for caller, _ in routines:
        caller.close()
    return Load(called=_called(routines), seconds=took, trail=trail)


def _call_until(end: float, act: Callable[[], None]) -> None:
    while time.monotonic() < end:
        act()


def _watch(running: Sequence[Future[None]], routines: Sequence[Routine], begun: float, trail: Trail | None) -> None:
    known = 0
    while wait(running, timeout=EACH_SECONDS).not_done:
        called = _called(routines)
        step = trail.steps[-1] if trail else None
        held = f", {step.mib:6.1f} MiB, {step.files} open files" if step else ""
        errors = sum(bool(each.problem) for each in called)
        rate = (len(called) - known) / EACH_SECONDS
        say(
            f"{time.monotonic() - begun:6.0f} s {len(called):8,} calls, {rate:6.1f} a second, {errors} errors{held}",
        )
        known = len(called)


def _called(routines: Sequence[Routine]) -> list[Called]:
    # A copy of each list, because the callers are still running.
    return list(chain.from_iterable(list(caller.called) for caller, _ in routines))
