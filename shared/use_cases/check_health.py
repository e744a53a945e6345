"""Look at all that Footman leans on, within seconds."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Protocol

from shared.core.errors import FootmanError
from shared.core.health import LATE, OK, Beat, Check, Guards, Health, rows_check, settings_named, tick_check, word_for
from shared.log import log_of
from shared.threads import Threads

log = log_of(__name__)

# A monitor gives up after ten seconds, often sooner than Sense's time-out.
PATIENCE_SECONDS = 8.0
GOOD_FOR_SECONDS = 5.0


class Sense(Protocol):
    """The repository service."""

    def ping(self) -> None:
        """Ask for what anybody may ask; raises QrsError."""


class Agenda(Protocol):
    """Where ticks leave their mark."""

    def last_beat(self) -> Beat | None:
        """Return the mark of the last tick; raises StorageError."""


@dataclass(frozen=True, kw_only=True)
class CheckHealth:
    """The use case. What it needs is built when asked for: a wrong setting is an answer here, not an end."""

    settings: Callable[[], Guards]
    sense: Callable[[], Sense]
    agenda: Callable[[], Agenda]
    certificate_days: Callable[[datetime], Mapping[str, int]]
    is_open: bool

    def run(self, now: datetime) -> Health:
        """Check everything, storage and Sense at the same time."""
        found: list[Guards] = []
        settings = _checked(lambda: found.append(self.settings()))
        if not settings.is_ok:
            return Health(checks={"settings": settings}, is_open=self.is_open)
        beats: list[Beat | None] = []
        asked = _at_once(
            {
                "storage": lambda: beats.append(self.agenda().last_beat()),
                "sense": lambda: self.sense().ping(),
            }
        )
        tick = _of_tick(beats[0], now) if beats else {}
        days: dict[str, int] = {}
        certificates = _checked(lambda: days.update(self.certificate_days(now)))
        if not certificates.is_ok:
            settings = certificates
        checks = {"settings": settings, **asked, **tick}
        return Health(checks=checks, certificate_days=days, is_open=self.is_open, guards=found[0])


def _of_tick(last: Beat | None, now: datetime) -> dict[str, Check]:
    """Return the checks of the last tick's mark; that of rows only when some can't be read."""
    rows = rows_check(last) if last else None
    return {"tick": tick_check(last, now), **({"rows": rows} if rows else {})}


class CachedHealth:
    """A look at health that is taken at most every few seconds: anybody may ask, and Sense has better to do."""

    def __init__(self, look: Callable[[datetime], Health]) -> None:
        self._look = look
        self._looking = Lock()
        self._last: tuple[float, Health] | None = None

    def run(self, now: datetime) -> Health:
        """Return the last look, or another if it is too old; while one is taken, others get the last."""
        last = self._last
        if last and time.monotonic() - last[0] < GOOD_FOR_SECONDS:
            return last[1]
        # Only before the first look there is nothing to give to those who come meanwhile.
        if self._looking.acquire(blocking=last is None):
            try:
                if self._last is last:
                    found = self._look(now)
                    self._last = time.monotonic(), found
            finally:
                self._looking.release()
        assert self._last is not None  # noqa: S101 - whoever held the lock has left one
        return self._last[1]


def _at_once(looks: Mapping[str, Callable[[], object]]) -> dict[str, Check]:
    pool = Threads(len(looks), thread_name_prefix="health")
    futures = {name: pool.submit(_checked, look) for name, look in looks.items()}
    wait(futures.values(), timeout=PATIENCE_SECONDS)
    # Not waited for: what hangs ends by its own time-out.
    pool.shutdown(wait=False)
    return {name: future.result() if future.done() else Check(word=LATE) for name, future in futures.items()}


def _checked(look: Callable[[], object]) -> Check:
    begun = time.monotonic()
    try:
        look()
    except FootmanError as error:
        log.warning("Not healthy: %s", error, extra={"action": "health_failed"})
        return Check(word=word_for(error), milliseconds=_since(begun), names=settings_named(error))
    except Exception:
        log.exception("A health check failed", extra={"action": "health_crashed"})
        return Check(word="failed", milliseconds=_since(begun))
    return Check(word=OK, milliseconds=_since(begun))


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
