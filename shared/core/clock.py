"""The clock that code which waits is given."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """A clock: the machine's own, which may be off and may step, or storage's, which all hosts share."""

    def now(self) -> datetime:
        """Return the time, in UTC."""

    def monotonic(self) -> float:
        """Return seconds since some moment, by a clock that nobody sets."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
