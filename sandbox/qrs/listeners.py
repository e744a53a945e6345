"""The ports: HTTPS like QRS's own, plain HTTP for speed, the proxy; and counts of their connections."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from sandbox.qrs.serving import abort
from sandbox.qrs.state import Counts

_HOST = "127.0.0.1"
_BACKLOG = 1024
_LONGEST_LINE = 64 * 1024
Answers = Callable[[web.BaseRequest, int], Awaitable[web.StreamResponse]]


class Connections(web.Server):
    """aiohttp's server, which also numbers and counts its connections."""

    def __init__(self, answers: Answers, counts: Counts, *, secure: bool) -> None:
        self._answers = answers
        self._counts = counts
        self._secure = secure
        self._numbers: dict[RequestHandler, int] = {}
        super().__init__(
            self._serve,
            handler_cancellation=True,
            access_log=None,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )

    def __call__(self) -> RequestHandler:
        self._counts.accepted()
        return super().__call__()

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        _last.number += 1
        self._numbers[handler] = _last.number
        self._counts.opened(secure=self._secure)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        if self._numbers.pop(handler, None) is not None:
            self._counts.closed()

    def abort(self) -> None:
        """Reset all open connections."""
        for handler in list(self._numbers):
            abort(handler.transport)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._answers(request, self._numbers.get(request.protocol, 0))


@dataclass(kw_only=True)
class Listener:
    """A port that stays bound, whether it listens or refuses."""

    port: int
    server: Connections
    tls: ssl.SSLContext | None = None
    _socket: socket.socket = field(init=False)
    _accepting: asyncio.Server | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._socket = _bound(self.port)
        self.port = self._socket.getsockname()[1]

    async def open(self) -> None:
        """Listen, unless it does already."""
        if self._accepting is None:
            loop = asyncio.get_running_loop()
            self._accepting = await loop.create_server(self.server, sock=self._socket, ssl=self.tls, backlog=_BACKLOG)

    def refuse(self) -> None:
        """Stop listening and reset open connections; a bound socket that does not listen refuses and keeps the port."""
        if self._accepting is not None:
            self._accepting.close()
            self._accepting = None
            self._socket = _bound(self.port)
            self.server.abort()

    def close(self) -> None:
        """Give up the port."""
        self.refuse()
        self._socket.close()


@dataclass(kw_only=True)
class Listeners:
    """All ports of QRS."""

    listeners: list[Listener]

    async def follow(self, *, refusing: bool) -> None:
        """Make all ports refuse or listen."""
        for listener in self.listeners:
            if refusing:
                listener.refuse()
            else:
                await listener.open()

    def close(self) -> None:
        """Give up all ports."""
        for listener in self.listeners:
            listener.close()


@dataclass(kw_only=True)
class _Last:
    number: int = 0


# numbers are unique over all listeners, so that a log line names one connection
_last = _Last()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        # on Windows this option would let two processes share the port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((_HOST, port))
    return sock
