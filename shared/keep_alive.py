"""Keep connections alive on the way: what both rooms that speak to a server set on their sockets."""

import socket

from urllib3.connection import HTTPConnection

# Azure's address translation forgets a connection that is silent for four minutes and tells neither end.
KEEP_ALIVE_SECONDS = 30


def socket_options() -> list[tuple[int, int, int]]:
    """Return the options of a socket over which TCP itself asks, when it is silent, whether the other end is there."""
    numbers = (getattr(socket, name, None) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"))  # not every system has both
    return [
        *HTTPConnection.default_socket_options,
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *((socket.IPPROTO_TCP, number, KEEP_ALIVE_SECONDS) for number in numbers if number is not None),
    ]
