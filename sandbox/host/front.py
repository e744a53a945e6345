"""The HTTP side of the host: takes requests and returns the functions' answers."""

import asyncio
from collections.abc import Iterable
from urllib.parse import parse_qsl

import azure.functions as func
from aiohttp import web

from sandbox.host.errors import CannotStartError, FunctionFailedError
from sandbox.host.functions import Function, HttpTrigger
from sandbox.host.invoke import Invoker, TraceContext
from sandbox.host.keys import Keys
from sandbox.host.returns import to_response
from sandbox.host.route_templates import BadTemplateError
from sandbox.host.routes import Route, RouteTable, decode_path, encode_path
from sandbox.host.settings import HostConfig


class Front:
    """Serves the HTTP triggers of an app: routing, keys, limits, invocation."""

    def __init__(self, functions: Iterable[Function], config: HostConfig, invoker: Invoker, keys: Keys) -> None:
        self._functions = {one.name: (one, one.trigger) for one in functions if isinstance(one.trigger, HttpTrigger)}
        self._routes = RouteTable(
            read_route(name, f"{config.route_prefix}/{trigger.route}", trigger)
            for name, (_, trigger) in self._functions.items()
        )
        self._invoker = invoker
        self._keys = keys
        self._slots = asyncio.Semaphore(config.max_concurrent_requests)
        self._most_outstanding = config.max_outstanding_requests
        self._outstanding = 0

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request with the function that its path and method match."""
        match = self._routes.match(request.method, decode_path(request.rel_url.raw_path))
        if match is None:
            return web.Response(status=404)
        function, trigger = self._functions[match.function]
        if not self._keys.admit(request, trigger.auth_level):
            return web.Response(status=401)
        if self._outstanding >= self._most_outstanding:
            return web.Response(status=429)
        self._outstanding += 1
        try:
            async with self._slots:
                return await self._invoke(request, function, match.values)
        finally:
            self._outstanding -= 1

    async def _invoke(self, request: web.Request, function: Function, route_values: dict[str, str]) -> web.Response:
        argument = func.HttpRequest(
            request.method,
            reported_url(request),
            headers=join_headers(request.headers.items()),
            params=join_query(request.rel_url.raw_query_string),
            route_params=route_values,
            body=await request.read(),
        )
        trace = TraceContext(
            trace_parent=request.headers.get("traceparent", ""),
            trace_state=request.headers.get("tracestate", ""),
        )
        try:
            return await self._invoker.invoke(function, argument, to_response, trace)
        except FunctionFailedError:
            return web.Response(status=500)


def read_route(function: str, template: str, trigger: HttpTrigger) -> Route:
    """Return the route of a function; raises CannotStartError for a bad template."""
    try:
        return Route.parse(function, template, trigger.methods)
    except BadTemplateError as error:
        raise CannotStartError(f"function {function}: {error}") from error


def reported_url(request: web.Request) -> str:
    """Return the URL that the host reports: path decoded, folded and encoded again, query as it came."""
    path, query = encode_path(decode_path(request.rel_url.raw_path)), request.raw_path.partition("?")[2]
    return f"{request.scheme}://{request.host}{path}{'?' if query else ''}{query}"


def join_query(query: str) -> dict[str, str]:
    """Return the parameters of a query: empty ones dropped, repeated ones joined by commas, as the host does."""
    return _join(parse_qsl(query, keep_blank_values=False))


def join_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name, repeated ones joined by commas."""
    return _join((name.lower(), value) for name, value in headers)


def _join(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
