"""HTTP/1.1 messages, stored as the bytes received, so that they can be passed on unchanged."""

import json
from dataclasses import dataclass
from email.utils import formatdate
from io import BufferedIOBase

_BUSY = {"odata.error": {"code": "ServerBusy", "message": {"lang": "en-US", "value": "The server is busy."}}}

JSON = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A request or an answer: its first line, its decoded body, and all of it as sent."""

    first_line: str
    body: bytes
    sent: bytes

    @property
    def method(self) -> str:
        """Return the method of a request."""
        return self.first_line.split(" ")[0]

    @property
    def path(self) -> str:
        """Return the path of a request, with its query."""
        return self.first_line.split(" ")[1]

    @property
    def status(self) -> int:
        """Return the status of an answer."""
        return int(self.first_line.split(" ")[1])


def read_message(stream: BufferedIOBase) -> Message:
    """Read a whole message; raises EOFError if the other side closed first.

    A message without a length has no body: only an answer that ends with its connection could, and storage sends none.
    """
    head = _lines(stream)
    headers = {
        name.strip().lower(): value.strip().lower() for name, _, value in (line.partition(b":") for line in head)
    }
    if headers.get(b"transfer-encoding") == b"chunked":
        pieces, body = _chunked(stream)
    else:
        pieces = body = _exactly(stream, int(headers.get(b"content-length", 0)))
    return Message(first_line=head[0].decode("latin-1").rstrip(), body=body, sent=b"".join(head) + pieces)


def busy() -> Message:
    """Return the answer of an overloaded storage server."""
    return answer("503 The server is busy.", json.dumps(_BUSY), **{"x-ms-error-code": "ServerBusy"})


def answer(status: str, text: str = "", content_type: str = JSON, **headers: str) -> Message:
    """Return an answer; `headers` are added to the date, or replace it."""
    body, first_line = text.encode(), f"HTTP/1.1 {status}"
    all_headers = {
        "Content-Type": content_type,
        "Date": formatdate(usegmt=True),
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "\r\n".join([first_line, *(f"{name}: {value}" for name, value in all_headers.items()), "", ""])
    return Message(first_line=first_line, body=body, sent=head.encode() + body)


def _chunked(stream: BufferedIOBase) -> tuple[bytes, bytes]:
    """Return the chunks as sent, including what ends them, and the body that they make up."""
    sent, body = [], []
    while size := int((line := _line(stream)).partition(b";")[0], 16):
        chunk = _exactly(stream, size)
        body.append(chunk)
        sent += [line, chunk, _line(stream)]
    return b"".join([*sent, line, *_lines(stream)]), b"".join(body)


def _lines(stream: BufferedIOBase) -> list[bytes]:
    """Return the lines up to and including the empty one."""
    lines = [_line(stream)]
    while lines[-1] != b"\r\n":
        lines.append(_line(stream))
    return lines


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError("closed within a head")
    return line


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    read = stream.read(size)
    if len(read) < size:
        raise EOFError("closed within a body")
    return read
