"""Storage's time, by which claims are made and judged: the only time that all hosts share."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock

from shared.core.clock import Clock

# The Date header is cut to whole seconds.
SECOND = 1.0


class StoragesTime:
    """Storage's time as its answers show it: between two bounds, which move on with monotonic time.

    An answer that was sent and came at some monotonic time was dated in between, within the second of its date. The
    bounds of all answers together are narrower than those of one, unless they contradict each other: then a clock has
    stepped, and the newest holds.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._bounds: tuple[float, float] | None = None

    def hear(self, date: str, *, sent: float, came: float) -> None:
        """Take an answer's Date header, and the monotonic times of its request and of its coming."""
        try:
            second = parsedate_to_datetime(date).timestamp()
        except (ValueError, TypeError, OverflowError):
            return
        earliest, latest = second - came, second + SECOND - sent
        with self._lock:
            low, high = self._bounds or (earliest, latest)
            both = max(low, earliest), min(high, latest)
            self._bounds = both if both[0] <= both[1] else (earliest, latest)

    def nearest(self, moment: datetime, monotonic: float) -> datetime:
        """Return the moment if it can be now, else the one between the bounds that is nearest to it."""
        if self._bounds is None:
            return moment
        low, high = self._bounds
        stamp = moment.timestamp() - monotonic
        return moment if low <= stamp <= high else datetime.fromtimestamp(min(max(stamp, low), high) + monotonic, UTC)


@dataclass(frozen=True, kw_only=True)
class StorageClock:
    """The machine's clock as far as it can be right, else the nearest that storage's can show."""

    machine: Clock
    storage: StoragesTime

    def now(self) -> datetime:
        return self.storage.nearest(self.machine.now(), self.machine.monotonic())

    def monotonic(self) -> float:
        return self.machine.monotonic()

    def sleep(self, seconds: float) -> None:
        self.machine.sleep(seconds)
