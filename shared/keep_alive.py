"""TCP keep-alive for the connections to Sense and to storage."""

import socket

from urllib3.connection import HTTPConnection

# Azure's address translation drops a connection that is silent for four minutes, without notice to either end.
KEEP_ALIVE_SECONDS = 30


def socket_options() -> list[tuple[int, int, int]]:
    """Return socket options that make TCP itself check, on a silent connection, whether the other end is there."""
    numbers = (getattr(socket, name, None) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"))  # not every system has both
    return [
        *HTTPConnection.default_socket_options,
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *((socket.IPPROTO_TCP, number, KEEP_ALIVE_SECONDS) for number in numbers if number is not None),
    ]
