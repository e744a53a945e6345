"""Pooled connections that tell a connection that was never made from one that broke later.

Only what was never sent may be sent again, so the difference must not be guessed from an exception's type: TLS can fail
in the handshake, when nothing was asked, and in the middle of an answer, when everything was.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from shared.keep_alive import socket_options

# What the caller wants to look at once more when a connection is there, before anything is sent on it.
_last_look: ContextVar[Callable[[], None]] = ContextVar("last_look", default=lambda: None)


@contextmanager
def looking_last(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` whenever a connection is in hand and a request is about to be sent; what it raises prevents that."""
    token = _last_look.set(look)
    try:
        yield
    finally:
        _last_look.reset(token)


class NotConnected(NewConnectionError):
    """No connection was made; the cause says why."""


class _PlainConnection(HTTPConnection):
    """A connection that can be marked as spent: open, but not to be used for another request."""

    spent = False

    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            self.close()
            raise NotConnected(self, "not connected") from error
        self.spent = False

    def request(self, *args: Any, **named: Any) -> None:
        if self.is_closed:
            self.connect()
        _last_look.get()()
        super().request(*args, **named)

    @property
    def is_connected(self) -> bool:
        # What TLS has decrypted and nobody has read belongs to an earlier request; the socket itself looks idle.
        unread = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return super().is_connected and not self.spent and not unread


class _TlsConnection(_PlainConnection, HTTPSConnection):
    """The same over TLS."""


def spend(response: BaseHTTPResponse) -> None:
    """Let the connection of this response carry no further request; to be called before the body is read."""
    connection = response.connection
    if isinstance(connection, _PlainConnection):
        connection.spent = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def connections_to(base_url: str, at_most: int, tls_options: dict[str, Any]) -> HTTPConnectionPool:
    """Return the pool for the server of this URL; it connects when asked, and who finds it empty waits.

    Neither a proxy nor a .netrc of the machine has a say in it.
    """
    url = urlsplit(base_url)
    options: dict[str, Any] = {"maxsize": at_most, "block": True, "socket_options": socket_options()}
    if url.scheme == "https":
        return _TlsPool(url.hostname or "", url.port or 443, **options, **tls_options)
    return _PlainPool(url.hostname or "", url.port or 80, **options)
