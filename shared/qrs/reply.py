"""What came back from the address of the repository service, read whole."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Self

from urllib3 import BaseHTTPResponse

PART_BYTES = 65_536
# A task in full form has some 8 KB: 2 of its own, 2 of its last run's messages, 0.5 for each custom property, 0.1 for
# each tag. So 3,000 of them, all of a large site at once, are 24 MB. What is larger is no answer of Sense, and might
# fill the memory: gzip makes a thousand bytes of one.
MOST_BYTES = 64 * 1024 * 1024
# The server tells its time in whole seconds; less than this may be rounding and the way.
SKEW_SURE = timedelta(seconds=2)


class Interrupted(Exception):
    """The answer was not the last word on the request, or not all of it came."""


class TooSlow(Interrupted):
    """The answer began, but did not end in time."""


class TooLarge(Interrupted):
    """The answer has more bytes than any of Sense's."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, of an error its beginning at least.

    `address` is the host and port that gave it, `came` our time and `date` its own as it wrote it.
    """

    address: str
    status: int
    content_type: str
    date: str
    came: datetime
    body: bytes

    @classmethod
    def read(cls, response: BaseHTTPResponse, address: str, deadline: float) -> Self:
        """Read the body until `deadline`, by the monotonic clock; a library's time-out is one for each packet.

        Raises Interrupted and gives the connection up: what a later request would read from it belongs to this one.
        """
        came = datetime.now(UTC)
        try:
            body = b"".join(_parts(response, deadline))
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()
        return cls(
            address=address,
            status=response.status,
            content_type=response.headers.get("Content-Type", ""),
            date=response.headers.get("Date", ""),
            came=came,
            body=body,
        )

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of answers that mean success

    @property
    def is_page(self) -> bool:
        return "html" in self.content_type or self.body[:64].lstrip()[:1] == b"<"

    @property
    def skew(self) -> timedelta:
        """How far the server's clock is ahead of ours; zero where it does not tell, or where it may be none."""
        try:
            skew = parsedate_to_datetime(self.date) - self.came
        except (ValueError, TypeError, OverflowError):
            return timedelta()
        return skew if abs(skew) >= SKEW_SURE else timedelta()

    def without(self, secret: str, name: str) -> Self:
        return replace(self, body=self.body.replace(secret.encode(), name.encode()))


def _parts(response: BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
    if response.status < HTTPStatus.OK:
        raise Interrupted(f"status {response.status} announces another answer")
    is_error = response.status >= HTTPStatus.MULTIPLE_CHOICES
    left = PART_BYTES if is_error else MOST_BYTES
    # One read of the network at a time, so that a body that drips is noticed.
    while part := response.read1(PART_BYTES, decode_content=True):
        yield part
        left -= len(part)
        if left < 0 and not is_error:
            raise TooLarge
        if left <= 0 and is_error:
            response.close()  # its beginning tells; what is left unread would be taken for the next answer
            return
        if time.monotonic() > deadline and response.length_remaining != 0:
            raise TooSlow
