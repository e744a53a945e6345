"""Keep the turn of the minute out of a test: a tick ends with its minute, and leaves the rest to the next one."""

import time
from datetime import UTC, datetime

SECONDS_OF_A_MINUTE = 60
# A tick in a test takes one to three seconds, on a busy machine more.
ENOUGH_SECONDS = 10


def wait_for_quiet(seconds: float = ENOUGH_SECONDS) -> None:
    """Wait until the current minute, by the clock of hosts on this machine, lasts at least this much longer."""
    time.sleep(until_quiet(datetime.now(UTC), seconds))


def until_quiet(now: datetime, seconds: float) -> float:
    """Return how many seconds to wait until a minute lasts for `seconds` more."""
    left = SECONDS_OF_A_MINUTE - now.second - now.microsecond / 1e6
    return 0.0 if left >= seconds else left
