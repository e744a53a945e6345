"""Hosts whose tick is fired by hand, so that no trial waits for the minute; and one with timers."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import requests

from sandbox.local_host import LocalHost, start_local_host
from sandbox.quiet import wait_for_quiet
from trials.faults.accounting import Audit
from trials.faults.site import Planned, Site, utc_now

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 150
LOOK_EVERY_SECONDS = 0.1


class TickingHost:
    """A host without timers; ends with its `with` block unless it was killed."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.host: LocalHost = start_local_host(ROOT, settings, arguments=["--no-timers"])
        self._fired = 0
        self._is_killed = False

    def fire(self) -> None:
        """Fire the tick, without waiting for its end."""
        fire_tick(self.host)
        self._fired += 1

    @property
    def is_ticking(self) -> bool:
        """Return whether a fired tick is still running."""
        log = self.host.stderr_text()
        return log.count("Executed tick in ") + log.count("tick failed after ") < self._fired

    @property
    def errors(self) -> list[str]:
        """Return what the host logged as an error; a tick in trouble only logs warnings."""
        return [line for line in self.host.stderr_text().splitlines() if " ERROR " in line]

    def tick_until(self, is_done: Callable[[], bool], seconds: float = TIMEOUT_SECONDS) -> bool:
        """Fire a tick whenever none is running until it is done; return whether it was done in time."""
        deadline = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > deadline:
                return False
            if not self.is_ticking:
                self.fire()
            time.sleep(LOOK_EVERY_SECONDS)
        return True

    def tick(self) -> None:
        """Fire a tick with enough time for everything it has to do, and wait for its end."""
        wait_for_quiet()
        self.fire()
        assert until(lambda: not self.is_ticking), "the tick does not end"

    def kill(self) -> None:
        """Kill the host; its `with` block then does not stop it."""
        self._is_killed = True
        self.host.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_killed:
            self.host.stop()


def fire_tick(host: LocalHost) -> None:
    """Fire the tick by hand, without waiting for its end."""
    requests.post(f"{host.url}/admin/functions/tick", json={}, timeout=10).raise_for_status()


def until(is_so: Callable[[], bool], seconds: float = TIMEOUT_SECONDS) -> bool:
    """Wait until the condition holds; return whether it did in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_SECONDS / 5)
    return True


def settled(site: Site, planned: Sequence[Planned], settings: Mapping[str, str]) -> Audit:
    """Let a host finish everything left of these, kill it at a quiet moment, and audit."""
    with TickingHost({**site.settings, **settings}) as host:
        is_settled = host.tick_until(lambda: site.is_quiet(planned))
        now = utc_now()
        host.kill()
    found = site.audit(planned, now)
    found.wrong += host.errors
    if not is_settled:
        found.wrong.append("something was left undone, however long one waited")
    return found


@contextmanager
def host_with_timers(settings: Mapping[str, str]) -> Iterator[LocalHost]:
    """Run a host as in production; it does not know the timer states of earlier hosts."""
    with tempfile.TemporaryDirectory() as state, start_local_host(ROOT, settings, arguments=["--state", state]) as host:
        yield host
