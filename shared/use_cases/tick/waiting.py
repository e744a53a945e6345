"""The entries of a minute that nobody of this tick works on yet."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush

from shared.core.due import Due, free_at


class Waiting:
    """A heap of entries by the instant from which on each may be claimed; `lease` is how long a claim holds."""

    def __init__(self, lease: timedelta) -> None:
        self._lease = lease
        self._heap: list[tuple[datetime, str, str, Due]] = []
        self._in_hand: set[str] = set()

    def read(self, dues: Iterable[Due], now: datetime) -> None:
        """Take what the agenda holds for all there is, but for those that are in hand."""
        self._heap = []
        for due in dues:
            if due.schedule_id not in self._in_hand:
                self.add(due, now)

    def add(self, due: Due, now: datetime) -> None:
        # The id decides between equals, then the ETag: entries themselves have no order.
        heappush(self._heap, (free_at(due, now, self._lease), due.schedule_id, due.etag, due))

    def take(self, now: datetime, most: int) -> list[Due]:
        """Return entries that may be claimed now, at most so many, each schedule once."""
        taken: dict[str, Due] = {}
        while self._heap and self._heap[0][0] <= now and len(taken) < most:
            due = heappop(self._heap)[-1]
            taken.setdefault(due.schedule_id, due)
        return list(taken.values())

    def hold(self, dues: Iterable[Due]) -> None:
        """Take note of those that are in hand."""
        self._in_hand.update(due.schedule_id for due in dues)

    def let_go(self, dues: Sequence[Due]) -> None:
        self._in_hand.difference_update(due.schedule_id for due in dues)

    @property
    def next_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None
