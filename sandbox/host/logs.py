"""Log to stderr as the worker does: root at INFO, each record with the id of the call it belongs to."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

invocation_id: ContextVar[str] = ContextVar("invocation_id", default="")
# A handler's own threads set `invocation_id` on this, which they get from the context argument.
thread_local_storage = threading.local()


class Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        call = getattr(record, "invocation_id", "")
        record.call = f" [{call}]" if call else ""
        return super().format(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's name
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def add_invocation_id(record: logging.LogRecord) -> bool:
    record.invocation_id = invocation_id.get() or getattr(thread_local_storage, "invocation_id", "")
    return True


def log_to_stderr(*, debug: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines("%(asctime)s %(levelname)-7s %(name)s: %(message)s%(call)s"))
    handler.addFilter(add_invocation_id)
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])


@contextmanager
def logging_as(call: str) -> Iterator[None]:
    token = invocation_id.set(call)
    try:
        yield
    finally:
        invocation_id.reset(token)
