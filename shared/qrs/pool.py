"""Pooled connections that tell a connection that was never made from one that broke later.

Only what was never sent may be sent again, so the difference must not be guessed from an exception's type: TLS can fail
in the handshake, when nothing was asked, and in the middle of an answer, when everything was.
"""

import socket
import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

# Azure's address translation forgets a connection that is silent for four minutes and tells neither end.
KEEP_ALIVE_SECONDS = 30


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

    @property
    def is_connected(self) -> bool:
        # What TLS has decrypted and nobody has read belongs to an earlier request; the socket itself looks idle.
        unread = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return super().is_connected and not self.spent and not unread


class _TlsConnection(_PlainConnection, HTTPSConnection):
    """The same over TLS."""


def spend(response: requests.Response) -> None:
    """Let the connection of this response carry no further request; to be called before the body is read."""
    connection = response.raw.connection
    if isinstance(connection, _PlainConnection):
        connection.spent = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """requests' adapter over these pools, with our own TLS options: it knows no server name, no pin and no PEM text."""

    def __init__(self, connections: int, tls_options: dict[str, Any]) -> None:
        self._options = {"socket_options": _socket_options(), **tls_options}
        super().__init__(pool_maxsize=connections, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002 - requests' own signature
        super().init_poolmanager(connections, maxsize, block, **options, **self._options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, *request: Any, **options: Any) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(*request, **options)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the connection as the pool made it."""


def _socket_options() -> list[tuple[int, int, int]]:
    numbers = (getattr(socket, name, None) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"))  # not every system has both
    return [
        *HTTPConnection.default_socket_options,
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *((socket.IPPROTO_TCP, number, KEEP_ALIVE_SECONDS) for number in numbers if number is not None),
    ]
