"""End a process of the sandbox when it is asked to, or when its parent ends."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress


def stop_when_asked(*, with_parent: bool) -> asyncio.Event:
    """Return an event that is set by SIGINT, SIGTERM and, `with_parent`, the end of standard input."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()

    def stop(*_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: a signal came before the end of standard input
            loop.call_soon_threadsafe(stopping.set)

    # Not loop.add_signal_handler, which Windows does not have.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if with_parent:
        threading.Thread(target=_at_end_of_stdin, args=(stop,), daemon=True).start()
    return stopping


def _at_end_of_stdin(act: Callable[[], None]) -> None:
    # Not sys.stdin, whose lock a daemon thread would hold at the interpreter's end, which is fatal there.
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    act()
