"""Pooled connections that tell a connection that was never made from one that broke later.

Only what was never sent may be sent again, so the difference must not be guessed from an exception's type: TLS can fail
during the handshake, before the request was sent, and in the middle of an answer, after it was sent.
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

# The check that the caller wants once a connection is ready, before anything is sent on it.
_check_before_sending: ContextVar[Callable[[], None]] = ContextVar("last_look", default=lambda: None)


@contextmanager
def checking_before_sending(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` whenever a connection is ready and a request is about to be sent; if it raises, nothing is sent."""
    token = _check_before_sending.set(check)
    try:
        yield
    finally:
        _check_before_sending.reset(token)


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
        _check_before_sending.get()()
        super().request(*args, **named)

    @property
    def is_connected(self) -> bool:
        # Bytes that TLS has decrypted and nobody has read belong to an earlier request; the socket itself looks idle.
        unread = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return super().is_connected and not self.spent and not unread


class _TlsConnection(_PlainConnection, HTTPSConnection):
    """The same over TLS."""


def spend(response: BaseHTTPResponse) -> None:
    """Mark this response's connection as unfit for further requests; call it before the body is read."""
    connection = response.connection
    if isinstance(connection, _PlainConnection):
        connection.spent = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def connections_to(base_url: str, at_most: int, tls_options: dict[str, Any]) -> HTTPConnectionPool:
    """Return the pool for the server of this URL; it connects on demand, and callers wait while it is empty.

    A proxy or a .netrc configured on the machine is ignored.
    """
    url = urlsplit(base_url)
    options: dict[str, Any] = {"maxsize": at_most, "block": True, "socket_options": socket_options()}
    if url.scheme == "https":
        return _TlsPool(url.hostname or "", url.port or 443, **options, **tls_options)
    return _PlainPool(url.hostname or "", url.port or 80, **options)
