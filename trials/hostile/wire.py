"""Send requests as bytes, because client libraries would correct them."""

import socket
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

SECONDS_TO_ANSWER = 30


@dataclass(frozen=True, kw_only=True)
class Received:
    """An answer; status 0 means none at all, and `body` then says why."""

    status: int
    content_type: str
    body: bytes
    seconds: float


class Wire:
    """A connection for one thread, kept open, and opened again if the host has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def ask(self, method: str, sent: bytes) -> Received:
        """Send a request, and once more if the host had closed the open connection meanwhile."""
        was_open = self._socket is not None
        begun = time.monotonic()
        try:
            return self._exchange(method, sent, begun)
        except (OSError, HTTPException) as error:
            self.close()
            if was_open and not isinstance(error, TimeoutError):
                return self.ask(method, sent)
            return Received(status=0, content_type="", body=repr(error).encode(), seconds=time.monotonic() - begun)

    def close(self) -> None:
        """Close the connection."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _exchange(self, method: str, sent: bytes, begun: float) -> Received:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=SECONDS_TO_ANSWER)
        self._socket.sendall(sent)
        answer = HTTPResponse(self._socket, method=method)
        answer.begin()
        body = answer.read()
        received = Received(
            status=answer.status,
            content_type=answer.headers.get("Content-Type", ""),
            body=body,
            seconds=time.monotonic() - begun,
        )
        if answer.will_close:
            self.close()
        return received
