"""Open something once, however many threads ask for it at the same time."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Opened = TypeVar("Opened")

# A failure for which one waited so long stands for a moment, in which it is raised for those for whom the host had no
# thread meanwhile: they have waited as long, and would do so again.
LONG_SECONDS = 5.0
STANDS_SECONDS = 0.5


class Opening(Generic[Opened]):
    """What `open_it` returned. One thread opens, the others wait for it and fail with it; who comes then tries anew.

    The lock is held for no longer than it takes to look: who waits for another's opening waits once, not in a row.
    """

    def __init__(self, open_it: Callable[[], Opened]) -> None:
        self._open_it = open_it
        self._lock = Lock()
        self._opened: Future[Opened] | None = None
        self._stands_until = 0.0

    def get(self) -> Opened:
        """Return what was opened; raises what `open_it` raises."""
        mine: Future[Opened] = Future()
        with self._lock:
            if self._opened is None or self._has_failed(self._opened):
                self._opened = mine
            opened = self._opened
        if opened is mine:
            self._open(mine)
        return opened.result()

    def forget(self, lost: Opened) -> None:
        """Have it opened anew by whoever asks next, unless that was done already."""
        with self._lock:
            opened = self._opened
            if opened and opened.done() and not opened.exception() and opened.result() is lost:
                self._opened = None

    def _open(self, mine: Future[Opened]) -> None:
        begun = time.monotonic()
        try:
            mine.set_result(self._open_it())
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait must not wait for ever
            now = time.monotonic()
            self._stands_until = now + (STANDS_SECONDS if now - begun > LONG_SECONDS else 0)
            mine.set_exception(error)

    def _has_failed(self, opened: Future[Opened]) -> bool:
        return opened.done() and opened.exception() is not None and time.monotonic() >= self._stands_until
