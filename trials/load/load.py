"""Let callers call for a while, and keep an eye on the host meanwhile."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain

from sandbox.local_host import LocalHost
from sandbox.processes import MEMORY_IS_TOLD
from trials.callers import Called, Caller
from trials.load.footprint import Trail
from trials.say import say

EACH_SECONDS = 5

# One who calls, and a few calls that belong together.
Work = tuple[Caller, Callable[[], None]]


@dataclass(frozen=True, kw_only=True)
class Load:
    """What was called within so many seconds, and the host's footprints, None where the system does not tell."""

    called: Sequence[Called]
    seconds: float
    trail: Trail | None


def put_load(host: LocalHost, works: Sequence[Work], seconds: float) -> Load:
    """Have all callers call again and again for so long, and say each 5 s how it goes."""
    begun = time.monotonic()
    trail = Trail(host.pid) if MEMORY_IS_TOLD else None
    with ExitStack() as stack:
        if trail:
            stack.enter_context(trail.followed())
        pool = stack.enter_context(ThreadPoolExecutor(len(works)))
        running = [pool.submit(_call_until, begun + seconds, act) for _, act in works]
        _watch(running, works, begun, trail)
    took = time.monotonic() - begun
    for each in running:
        each.result()
    for caller, _ in works:
        caller.close()
    return Load(called=_called(works), seconds=took, trail=trail)


def _call_until(end: float, act: Callable[[], None]) -> None:
    while time.monotonic() < end:
        act()


def _watch(running: Sequence[Future[None]], works: Sequence[Work], begun: float, trail: Trail | None) -> None:
    known = 0
    while wait(running, timeout=EACH_SECONDS).not_done:
        called = _called(works)
        step = trail.steps[-1] if trail else None
        held = f", {step.mib:6.1f} MiB, {step.files} open files" if step else ""
        errors = sum(bool(each.problem) for each in called)
        rate = (len(called) - known) / EACH_SECONDS
        say(
            f"{time.monotonic() - begun:6.0f} s {len(called):8,} calls, {rate:6.1f} a second, {errors} errors{held}",
        )
        known = len(called)


def _called(works: Sequence[Work]) -> list[Called]:
    # A copy of each: the callers are still at it.
    return list(chain.from_iterable(list(caller.called) for caller, _ in works))
