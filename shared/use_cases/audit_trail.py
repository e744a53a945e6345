"""Records of what no transaction of ours holds together: written before it is done, and again with what became of it.

Who asked for a start must not wait for storage, and must not be refused because storage is away: the log tells it all
then. So what is written goes over threads of its own.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import Protocol

from shared.core.audit import NOT_RECORDED, AuditRecord
from shared.core.errors import FootmanError
from shared.log import log_of
from shared.threads import Threads
from shared.use_cases.tell_audit import tell

log = log_of(__name__)

THREADS = 4
# A start waits so long at most for its record; after a failure those that follow don't wait at all for a while.
SECONDS_TO_WAIT, SECONDS_AWAY = 2.0, 10.0
# What waits for storage stands in memory: beyond so many records they stand in the log alone.
MOST_WAITING = 1_000


class Records(Protocol):
    """Where records are kept."""

    def insert(self, records: Sequence[AuditRecord]) -> None:
        """Write records unless they stand there already; raises StorageError."""

    def put(self, records: Sequence[AuditRecord]) -> None:
        """Write records with what became of them, over those that were inserted; raises StorageError."""


@dataclass(eq=False, kw_only=True)
class Begun:
    """Records that are being written; `writing` is None where nobody tried."""

    writing: Future[None] | None

    def is_stored(self) -> bool:
        """Wait until they are written, not for long, and return whether they are."""
        if self.writing is None:
            return False
        try:
            self.writing.result(SECONDS_TO_WAIT)
        except Exception:  # noqa: BLE001 - whoever wrote has told it
            return False
        return True


class AuditTrail:
    """The use case; it never raises: what can't be stored is told by the log."""

    def __init__(self, records: Callable[[], Records]) -> None:
        self._records = records
        self._threads = Threads(THREADS, thread_name_prefix="audit")
        self._room = BoundedSemaphore(MOST_WAITING)
        # Changed by several threads without a lock: a lost update only makes somebody wait, or not.
        self._away_until = float("-inf")

    def begin(self, records: Sequence[AuditRecord]) -> Begun:
        """Write that something is about to be done."""
        if time.monotonic() < self._away_until:
            return Begun(writing=None)
        return Begun(writing=self._submit(records, lambda kept: kept.insert(records)))

    def end(self, records: Sequence[AuditRecord]) -> None:
        """Write what became of it, whether the first writing came through or not; nobody waits for that."""
        self._submit(records, lambda kept: kept.put(records))

    @contextmanager
    def around(self, records: Sequence[AuditRecord]) -> Iterator[None]:
        """Write and tell records of what is done within: before it that it was begun, then what became of it."""
        begun = self.begin([replace(record, outcome=NOT_RECORDED) for record in records])
        stored = begun.is_stored()
        try:
            yield
        except Exception as error:
            self._ended([replace(record, outcome=f"failed: {_why(error)}") for record in records], stored=stored)
            raise
        self._ended(records, stored=stored)

    def _ended(self, records: Sequence[AuditRecord], *, stored: bool) -> None:
        self.end(records)
        for record in records:
            tell(record, stored=stored)

    def _submit(self, records: Sequence[AuditRecord], write: Callable[[Records], None]) -> Future[None] | None:
        if not self._room.acquire(blocking=False):
            _warn(records, "too much waits for storage already")
            return None
        try:
            return self._threads.submit(self._write, records, write)
        except RuntimeError as error:  # no more threads, or the process ends
            self._room.release()
            _warn(records, str(error))
            return None

    def _write(self, records: Sequence[AuditRecord], write: Callable[[Records], None]) -> None:
        try:
            write(self._records())
        except Exception as error:
            self._away_until = time.monotonic() + SECONDS_AWAY
            _warn(records, _why(error))
            raise
        finally:
            self._room.release()


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, FootmanError) else type(error).__name__


def _warn(records: Sequence[AuditRecord], why: str) -> None:
    extra = {"action": "audit_not_stored", "audit_ids": [record.id for record in records], "reason": why}
    log.warning("The audit could not be stored: %s", why, extra=extra)
