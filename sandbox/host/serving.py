"""Assemble the host, serve until asked to stop, and stop as the real host does."""

import asyncio
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from aiohttp import web

from sandbox.host.admin import Admin
from sandbox.host.errors import CannotStartError
from sandbox.host.front import Front
from sandbox.host.functions import Function, TimerTrigger
from sandbox.host.invoke import Invoker, thread_count
from sandbox.host.keys import Keys
from sandbox.host.settings import HostConfig, resolve
from sandbox.host.timer_loop import Timer, utc_now
from sandbox.host.timer_state import StatusFile
from sandbox.host.timers import BadScheduleError, Schedule
from sandbox.stopping import stop_when_asked

BODY_LIMIT = 100 * 1024 * 1024
SECONDS_TO_FINISH = 10
log = logging.getLogger("host")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How this host serves: address, folder of timer states, key, and when it ends."""

    host: str
    port: int
    state: Path
    key: str | None
    runs_timers: bool
    exits_with_parent: bool


async def serve(functions: Sequence[Function], config: HostConfig, options: Options, announce: TextIO) -> None:
    """Serve until a signal or the parent's end; raises CannotStartError if the port is taken."""
    threads = ThreadPoolExecutor(thread_count(os.environ), thread_name_prefix="function")
    invoker = Invoker(threads=threads, timeout=config.function_timeout)
    timers = build_timers(functions, options.state, invoker)
    keys = Keys(key=options.key)
    admin = Admin(functions, timers, invoker, keys)
    runner = build_runner(Front(functions, config, invoker, keys), admin, options.host)
    stopping = stop_when_asked(with_parent=options.exits_with_parent)
    url = await listen(runner, options)
    running = [asyncio.create_task(timer.run(stopping)) for timer in timers.values() if options.runs_timers]
    names = [function.name for function in functions]
    print(json.dumps({"url": url, "pid": os.getpid(), "functions": names}), file=announce, flush=True)
    await stopping.wait()
    await finish(runner, {*running, *admin.running})
    threads.shutdown(wait=False, cancel_futures=True)
    if invoker.busy_threads:
        log.warning("Ending with %d calls still running after %d s", len(invoker.busy_threads), SECONDS_TO_FINISH)
        leave_threads_behind()


def build_timers(functions: Sequence[Function], state: Path, invoker: Invoker) -> dict[str, Timer]:
    """Return the timers by function name."""
    return {
        function.name: build_timer(function, function.trigger, state, invoker)
        for function in functions
        if isinstance(function.trigger, TimerTrigger)
    }


def build_timer(function: Function, trigger: TimerTrigger, state: Path, invoker: Invoker) -> Timer:
    """Return a timer; raises CannotStartError for a bad schedule."""
    try:
        schedule = Schedule.parse(resolve(trigger.schedule, os.environ))
    except (BadScheduleError, CannotStartError) as error:
        raise CannotStartError(f"function {function.name}: {error}") from error
    # The host itself switches the monitor off for timers this frequent.
    is_monitored = trigger.use_monitor and not schedule.fires_within_a_minute_twice(utc_now())
    return Timer(
        function=function,
        schedule=schedule,
        run_on_startup=trigger.run_on_startup,
        file=StatusFile(path=state / f"{function.name}.json") if is_monitored else None,
        invoker=invoker,
    )


LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[?::1\]?)(:[0-9]*)?", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Return whether a host, perhaps with a port, is this machine."""
    return LOOPBACK.fullmatch(host) is not None


def build_runner(front: Front, admin: Admin, own_host: str) -> web.AppRunner:
    """Return the web server, which sends /admin to one part and everything else to the other.

    On a loopback address it answers to loopback names alone: a page of any site can have its own name point there.
    """
    app = web.Application(client_max_size=BODY_LIMIT)

    async def handle(request: web.Request) -> web.Response:
        if is_loopback(own_host) and not is_loopback(request.headers.get("Host", "")):
            return web.Response(status=421, text="This host answers to 127.0.0.1 and localhost only.")
        is_admin = request.path.lower().split("/")[1] == "admin"
        return await (admin.handle(request) if is_admin else front.handle(request))

    app.router.add_route("*", "/{path:(?s:.*)}", handle)
    # The host passes a compressed body to the function unchanged.
    return web.AppRunner(app, access_log=None, shutdown_timeout=SECONDS_TO_FINISH, auto_decompress=False)


async def listen(runner: web.AppRunner, options: Options) -> str:
    """Start listening and return the base URL; raises CannotStartError."""
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
    except OSError as error:
        await runner.cleanup()
        raise CannotStartError(f"port {options.port} on {options.host} cannot be used: {error.strerror}") from error
    return f"http://{options.host}:{runner.addresses[0][1]}"


async def finish(runner: web.AppRunner, tasks: set[asyncio.Task[None]]) -> None:
    """Take no new calls, and let running ones finish for as long as the real host would."""
    pending = [asyncio.create_task(runner.cleanup()), *tasks]
    await asyncio.wait(pending, timeout=SECONDS_TO_FINISH)


def leave_threads_behind() -> None:
    """End the process at once: Python would wait for handlers' threads."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)
