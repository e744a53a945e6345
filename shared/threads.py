"""Threads that log as the invocation that asked for their work.

Azure's worker hands a line on only where a context variable tells which invocation it belongs to, and a thread of one's
own begins without it. So every thread of Footman comes from here; a test holds all modules to it.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")


class Threads(ThreadPoolExecutor):
    """A pool that does each piece of work in the context of whoever submitted it."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **named: Any) -> Future[Result]:
        return super().submit(copy_context().run, fn, *args, **named)
