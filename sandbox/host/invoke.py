"""Call handlers: `def` in a thread of the pool, `async def` on the event loop."""

import asyncio
import inspect
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TypeVar
from uuid import uuid4

from sandbox.host import logs
from sandbox.host.errors import FunctionFailedError
from sandbox.host.functions import Function

T = TypeVar("T")
log = logging.getLogger("host")


@dataclass(frozen=True, kw_only=True)
class TraceContext:
    """The W3C trace headers of a request, under the names of azure.functions.TraceContext."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RetryContext:
    """The retries of a call, which never happen here."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a handler gets as its `context`, with the names of azure.functions.Context."""

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: TraceContext
    retry_context: RetryContext = RetryContext()
    thread_local_storage: threading.local = logs.thread_local_storage


class Invoker:
    """Calls functions, any number at a time, and knows which calls are still running."""

    def __init__(self, *, threads: ThreadPoolExecutor, timeout: float | None) -> None:
        self._threads = threads
        self._timeout = timeout
        self.busy_threads: set[Future[object]] = set()

    async def invoke(
        self,
        function: Function,
        argument: object,
        encode: Callable[[object], T],
        trace: TraceContext | None = None,
    ) -> T:
        """Return the encoded result of one call; raises FunctionFailedError if it fails, after logging it."""
        call = str(uuid4())
        with logs.logging_as(call):
            log.info("Executing %s", function.name)
            began = perf_counter()
            watch = self._watch_timeout(function)
            try:
                result = encode(await self._call(function, self._arguments(function, argument, call, trace)))
            except Exception as error:
                log.exception("%s failed after %.1f ms", function.name, (perf_counter() - began) * 1000)
                raise FunctionFailedError(function.name) from error
            finally:
                if watch:
                    watch.cancel()
            log.info("Executed %s in %.1f ms", function.name, (perf_counter() - began) * 1000)
            return result

    def _arguments(
        self, function: Function, argument: object, call: str, trace: TraceContext | None
    ) -> dict[str, object]:
        arguments = {function.parameter: argument}
        if function.wants_context:
            arguments["context"] = Context(
                invocation_id=call,
                function_name=function.name,
                function_directory=str(function.directory),
                trace_context=trace or TraceContext(),
            )
        return arguments

    async def _call(self, function: Function, arguments: dict[str, object]) -> object:
        if inspect.iscoroutinefunction(function.handler):
            return await function.handler(**arguments)
        # With the context of this call, so that the thread's log records carry its id.
        run = self._threads.submit(copy_context().run, partial(function.handler, **arguments))
        self.busy_threads.add(run)
        run.add_done_callback(self.busy_threads.discard)
        return await asyncio.wrap_future(run)

    def _watch_timeout(self, function: Function) -> asyncio.TimerHandle | None:
        if self._timeout is None:
            return None
        late = partial(log.warning, "%s exceeds functionTimeout (%g s); Azure would restart the worker")
        return asyncio.get_running_loop().call_later(self._timeout, late, function.name, self._timeout)


def thread_count(environment: Mapping[str, str]) -> int:
    """Return the size of the worker's pool; an invalid setting is ignored, as the worker does."""
    text = environment.get("PYTHON_THREADPOOL_THREAD_COUNT")
    if text is not None and text.isdecimal() and int(text) > 0:
        return int(text)
    if text is not None:
        log.warning("PYTHON_THREADPOOL_THREAD_COUNT is '%s', not a number above 0: the default is used", text)
    return min(32, (os.cpu_count() or 1) + 4)
