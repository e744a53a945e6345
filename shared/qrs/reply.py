"""An answer of the repository service, or of whatever answers at its address, read to its end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Self

from urllib3 import BaseHTTPResponse

PART_BYTES = 65_536
# A task in full form takes about 8 KB: 2 of its own, 2 for the messages of its last run, 0.5 for each custom property,
# 0.1 for each tag. So 3,000 of them, a whole large site, take 24 MB. Anything larger does not come from Sense and might
# fill the memory: gzip can expand one byte to a thousand.
MOST_BYTES = 64 * 1024 * 1024
# Of an answer that is quoted.
TEXT_READ = 800
# The server gives its time in whole seconds; a smaller difference may be rounding and transit time.
SKEW_SURE = timedelta(seconds=2)


class Interrupted(Exception):
    """The answer was not the final one, or it did not arrive completely."""


class TooSlow(Interrupted):
    """The answer began, but did not end in time."""


class TooLarge(Interrupted):
    """The answer has more bytes than any of Sense's."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; of an error at least its beginning.

    `address` is the host and port that gave it, `came` our time of receipt and `date` the server's own, as it wrote it.
    """

    address: str
    status: int
    content_type: str
    date: str
    came: datetime
    body: bytes

    @classmethod
    def read(cls, response: BaseHTTPResponse, address: str, deadline: float) -> Self:
        """Read the body until `deadline`, by the monotonic clock; a timeout of the library's counts for each packet.

        On failure the connection is closed, because whatever a later request read from it would belong to this one.
        Raises Interrupted.
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
        """Return True for a status of 200 to 299."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of answers that mean success

    @property
    def text(self) -> str:
        """Return the beginning of the body; detecting its encoding is not worth the effort."""
        return self.body[:TEXT_READ].decode("utf-8", "replace")

    @property
    def is_page(self) -> bool:
        """Return True for HTML, by its type or its first character."""
        return "html" in self.content_type or self.body[:64].lstrip()[:1] == b"<"

    @property
    def skew(self) -> timedelta:
        """Return how far the server's clock is ahead of ours; zero if unknown, or too small to be sure of."""
        try:
            skew = parsedate_to_datetime(self.date) - self.came
        except (ValueError, TypeError, OverflowError):
            return timedelta()
        return skew if abs(skew) >= SKEW_SURE else timedelta()


def _parts(response: BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
    if response.status < HTTPStatus.OK:
        raise Interrupted(f"status {response.status} announces another answer")
    is_error = response.status >= HTTPStatus.MULTIPLE_CHOICES
    left = PART_BYTES if is_error else MOST_BYTES
    # One network read at a time, so that a body that trickles in is noticed.
    while part := response.read1(PART_BYTES, decode_content=True):
        yield part
        left -= len(part)
        if left < 0 and not is_error:
            raise TooLarge
        if left <= 0 and is_error:
            response.close()  # its beginning is enough; unread bytes would be taken for the next answer
            return
        if time.monotonic() > deadline and response.length_remaining != 0:
            raise TooSlow
