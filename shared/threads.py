"""Threads that log as the invocation that requested their work.

Azure's worker passes on a log line only if a context variable says which invocation it belongs to, and a new thread
starts without that. So every thread of Footman comes from here; a test checks all modules.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")


class Threads(ThreadPoolExecutor):
    """A pool that runs each piece of work in the context of whoever submitted it."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **named: Any) -> Future[Result]:
        """Schedule the call, in a copy of the current context."""
        return super().submit(copy_context().run, fn, *args, **named)
