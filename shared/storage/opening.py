"""Open something once, however many threads ask for it at the same time."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Opened = TypeVar("Opened")


class Opening(Generic[Opened]):
    """What `open_it` returned. One thread opens, the others wait for it and fail with it; the next one tries anew.

    The lock is held for no longer than it takes to look: who waits for another's opening waits once, not in a row.
    """

    def __init__(self, open_it: Callable[[], Opened]) -> None:
        self._open_it = open_it
        self._lock = Lock()
        self._opened: Future[Opened] | None = None

    def get(self) -> Opened:
        """Return what was opened; raises what `open_it` raises."""
        mine: Future[Opened] = Future()
        with self._lock:
            opened = self._opened = self._opened or mine
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
        try:
            mine.set_result(self._open_it())
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait must not wait for ever
            with self._lock:
                self._opened = None
            mine.set_exception(error)
