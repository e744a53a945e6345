"""The host's own routes below /admin."""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from time import monotonic

import azure.functions as func
from aiohttp import web

from sandbox.host.errors import FunctionFailedError
from sandbox.host.functions import Function, HttpTrigger
from sandbox.host.invoke import Invoker
from sandbox.host.keys import Keys
from sandbox.host.returns import to_response
from sandbox.host.timer_loop import Timer


class Admin:
    """The admin API: the status of the host, and calls of functions by hand."""

    def __init__(
        self, functions: Sequence[Function], timers: Mapping[str, Timer], invoker: Invoker, keys: Keys
    ) -> None:
        # Here the host ignores the case of a function's name.
        self._functions = {function.name.lower(): function for function in functions}
        self._timers = timers
        self._invoker = invoker
        self._keys = keys
        self._began = monotonic()
        self.running: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request below /admin."""
        if not self._keys.admit(request, "admin"):
            return web.Response(status=401)
        match (request.method, *request.path.strip("/").lower().split("/")[1:]):
            case ("GET", "host", "status"):
                return web.json_response(self._status())
            case ("GET", "functions"):
                return web.json_response([describe(function) for function in self._functions.values()])
            case ("POST", "functions", name) if name in self._functions:
                return await self._fire(self._functions[name], request)
        return web.Response(status=404)

    def _status(self) -> dict[str, object]:
        uptime = round((monotonic() - self._began) * 1000)
        return {"id": "local", "state": "Running", "version": "local", "processUptime": uptime}

    async def _fire(self, function: Function, request: web.Request) -> web.Response:
        try:
            content = json.loads(await request.read())
        except ValueError:
            content = None
        if not isinstance(content, dict):
            return web.Response(status=400)
        timer = self._timers.get(function.name)
        self._begin(timer.fire_by_hand() if timer else self._call(function, str(content.get("input") or "")))
        return web.Response(status=202)

    def _begin(self, call: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(call)
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _call(self, function: Function, text: str) -> None:
        argument = func.HttpRequest("POST", f"/admin/functions/{function.name}", body=text.encode())
        try:
            await self._invoker.invoke(function, argument, to_response)
        except FunctionFailedError:
            # It is in the log; the caller has its 202 already.
            return


def describe(function: Function) -> dict[str, object]:
    """Return a function as the host's admin API shows it."""
    route = function.trigger.route if isinstance(function.trigger, HttpTrigger) else None
    return {
        "name": function.name,
        "language": "python",
        "isDisabled": False,
        "route": route,
        "config": {"bindings": function.bindings},
    }
