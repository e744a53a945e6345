"""Keep a minute's turn out of what is tried: a tick ends with its minute, and leaves the rest to the next one."""

import time
from datetime import UTC, datetime

SECONDS_OF_A_MINUTE = 60
# What a tick of a test does takes a second or three, on a busy machine some more.
ENOUGH_SECONDS = 10


def wait_for_quiet(seconds: float = ENOUGH_SECONDS) -> None:
    """Return when the running minute goes on for so long, by the clock that hosts on this machine go by."""
    time.sleep(until_quiet(datetime.now(UTC), seconds))


def until_quiet(now: datetime, seconds: float) -> float:
    """Return for how long to wait until a minute goes on for `seconds` more."""
    left = SECONDS_OF_A_MINUTE - now.second - now.microsecond / 1e6
    return 0.0 if left >= seconds else left
