"""Log to stderr as the worker does: root at INFO, each record with the id of its call."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

invocation_id: ContextVar[str] = ContextVar("invocation_id", default="")
# A handler's own threads get this from the context argument and set `invocation_id` on it.
thread_local_storage = threading.local()


class Lines(logging.Formatter):
    """Formats a record as one line, with the time in UTC and the id of the call."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        call = getattr(record, "invocation_id", "")
        record.call = f" [{call}]" if call else ""
        return super().format(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's name
        """Return the time in UTC, to the millisecond."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def add_invocation_id(record: logging.LogRecord) -> bool:
    """Add the id of the current call to a record; as a filter it drops none."""
    record.invocation_id = invocation_id.get() or getattr(thread_local_storage, "invocation_id", "")
    return True


def log_to_stderr(*, debug: bool) -> None:
    """Send all log records to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines("%(asctime)s %(levelname)-7s %(name)s: %(message)s%(call)s"))
    handler.addFilter(add_invocation_id)
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])


@contextmanager
def logging_as(call: str) -> Iterator[None]:
    """Log as this call for the length of the block."""
    token = invocation_id.set(call)
    try:
        yield
    finally:
        invocation_id.reset(token)
