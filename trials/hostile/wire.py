"""Send requests as bytes, for client libraries would mend them first."""

import socket
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

SECONDS_TO_ANSWER = 30


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came back; status 0 is no answer at all, `body` then tells why."""

    status: int
    content_type: str
    body: bytes
    seconds: float


class Wire:
    """A connection that is kept, and opened anew when the host has closed it; for one thread."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def ask(self, method: str, sent: bytes) -> Heard:
        """Send a request; a second time where the host had closed the kept connection meanwhile."""
        was_kept = self._socket is not None
        begun = time.monotonic()
        try:
            return self._asked(method, sent, begun)
        except (OSError, HTTPException) as error:
            self.close()
            if was_kept and not isinstance(error, TimeoutError):
                return self.ask(method, sent)
            return Heard(status=0, content_type="", body=repr(error).encode(), seconds=time.monotonic() - begun)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def _asked(self, method: str, sent: bytes, begun: float) -> Heard:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=SECONDS_TO_ANSWER)
        self._socket.sendall(sent)
        answer = HTTPResponse(self._socket, method=method)
        answer.begin()
        body = answer.read()
        heard = Heard(
            status=answer.status,
            content_type=answer.headers.get("Content-Type", ""),
            body=body,
            seconds=time.monotonic() - begun,
        )
        if answer.will_close:
            self.close()
        return heard
