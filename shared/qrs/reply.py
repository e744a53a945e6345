"""What came back from the address of the repository service, read whole."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

import requests

PART_BYTES = 65_536


class Interrupted(Exception):
    """The answer was not the last word on the request, or not all of it came."""


class TooSlow(Interrupted):
    """The answer began, but did not end in time."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `address` is the host and port that gave it."""

    address: str
    status: int
    content_type: str
    body: bytes

    @classmethod
    def read(cls, response: requests.Response, deadline: float) -> Self:
        """Read the body until `deadline`, by the monotonic clock; a library's time-out is one for each packet.

        Raises Interrupted and gives the connection up: what a later request would read from it belongs to this one.
        """
        try:
            body = b"".join(_parts(response, deadline))
        except BaseException:
            response.close()
            raise
        return cls(
            address=urlsplit(response.url).netloc,
            status=response.status_code,
            content_type=response.headers.get("Content-Type", ""),
            body=body,
        )

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of answers that mean success

    @property
    def is_page(self) -> bool:
        return "html" in self.content_type or self.body[:64].lstrip()[:1] == b"<"

    def without(self, secret: str) -> Self:
        return replace(self, body=self.body.replace(secret.encode(), b"[token]"))


def _parts(response: requests.Response, deadline: float) -> Iterator[bytes]:
    if response.status_code < requests.codes.ok:
        raise Interrupted(f"status {response.status_code} announces another answer")
    # One read of the network at a time, so that a body that drips is noticed.
    while part := response.raw.read1(PART_BYTES, decode_content=True):
        yield part
        if time.monotonic() > deadline and response.raw.length_remaining != 0:
            raise TooSlow
