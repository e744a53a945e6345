"""The control API: what tests query and change in the stand-in, on a port of its own."""

import datetime as dt
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from aiohttp import web

from sandbox.qrs.answers import Answer, json_answer, text
from sandbox.qrs.faults import read_faults
from sandbox.qrs.listeners import Listeners
from sandbox.qrs.settings import merged, wire_name
from sandbox.qrs.state import Site

Handler = Callable[[object], Awaitable[Answer]]


@dataclass(kw_only=True)
class Control:
    """The control API of one site."""

    site: Site
    listeners: Listeners

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to the control API."""
        try:
            handler = self._routes()[request.method, request.path]
            body = await request.content.read()
            answer = await handler(json.loads(body) if body else None)
        except KeyError:
            answer = text(404, f"no {request.method} {request.path} here")
        except (ValueError, TypeError) as error:
            answer = text(400, str(error))
        headers = {"Content-Type": answer.content_type or "text/plain"}
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    def _routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/control/log"): self._log,
            ("DELETE", "/control/log"): self._forget_log,
            ("GET", "/control/starts"): self._starts,
            ("GET", "/control/stats"): self._stats,
            ("GET", "/control/settings"): self._settings,
            ("PUT", "/control/settings"): self._change_settings,
            ("PUT", "/control/tasks"): self._replace_tasks,
            ("GET", "/control/faults"): self._faults,
            ("POST", "/control/faults"): self._add_faults,
            ("DELETE", "/control/faults"): self._remove_faults,
            ("DELETE", "/control/sessions"): self._forget_sessions,
            ("POST", "/control/reset"): self._reset,
        }

    async def _log(self, _body: object) -> Answer:
        return json_answer([_wire(asdict(entry)) for entry in self.site.log])

    async def _forget_log(self, _body: object) -> Answer:
        self.site.log.clear()
        return json_answer([])

    async def _starts(self, _body: object) -> Answer:
        return json_answer([_wire(asdict(start)) for start in self.site.starts])

    async def _stats(self, _body: object) -> Answer:
        return json_answer(_wire(asdict(self.site.counts)))

    async def _settings(self, _body: object) -> Answer:
        return json_answer(_wire(asdict(self.site.settings)))

    async def _change_settings(self, body: object) -> Answer:
        self.site.settings = merged(self.site.settings, body)
        return await self._settings(None)

    async def _replace_tasks(self, body: object) -> Answer:
        if not isinstance(body, list):
            raise TypeError("tasks are a JSON array")
        self.site.replace_tasks(body)
        return json_answer({"tasks": len(body)})

    async def _faults(self, _body: object) -> Answer:
        return json_answer(self.site.faults.listed())

    async def _add_faults(self, body: object) -> Answer:
        self.site.faults.add(read_faults(body))
        await self._follow()
        return await self._faults(None)

    async def _remove_faults(self, _body: object) -> Answer:
        self.site.faults.clear()
        await self._follow()
        return await self._faults(None)

    async def _forget_sessions(self, _body: object) -> Answer:
        self.site.sessions.known.clear()
        return json_answer([])

    async def _reset(self, _body: object) -> Answer:
        self.site.reset()
        await self._follow()
        return json_answer({})

    async def _follow(self) -> None:
        await self.listeners.follow(refusing=self.site.faults.refusing)


def _wire(values: dict[str, object]) -> dict[str, object]:
    """Return the values under the names of the wire, with instants as text."""
    if isinstance(at := values.get("at"), float):
        values = {**values, "at": dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="microseconds")}
    return {wire_name(name): value for name, value in values.items()}
