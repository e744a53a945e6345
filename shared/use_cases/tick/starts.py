"""Hand over the starts of a tick, and collect what became of them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue

from shared.core.errors import QrsNotSent
from shared.core.tries import Tried, Try
from shared.use_cases.tick.dependencies import Dependencies


class Starts:
    """The starts of one tick. One thread sends and collects; other threads only ask Sense.

    `may_be_sent` is asked by those threads, with the time, when a start has its turn and when it has its connection.
    """

    def __init__(self, by: Dependencies, may_be_sent: Callable[[Try, datetime], bool]) -> None:
        self._by, self._may_be_sent = by, may_be_sent
        self._answers: SimpleQueue[Tried] = SimpleQueue()

    def send(self, tries: Iterable[Try]) -> None:
        """Hand over starts."""
        for attempt in tries:
            self._by.hand_over(partial(self._send, attempt))

    def answers(self, within_seconds: float) -> list[Tried]:
        """Return what was answered, waiting for a first answer."""
        found: list[Tried] = []
        try:
            found.append(self._answers.get(timeout=within_seconds))
            while True:
                found.append(self._answers.get_nowait())
        except Empty:
            return found

    def _send(self, attempt: Try) -> None:
        self._answers.put(self._tried(attempt))

    def _tried(self, attempt: Try) -> Tried:
        # Whoever waited for a turn, or then for a connection or a session, may have waited for too long.
        at = self._by.clock.now()
        if not self._may_be_sent(attempt, at):
            return Tried(of=attempt, at=at)

        def look() -> None:
            nonlocal at
            at = self._by.clock.now()
            if not self._may_be_sent(attempt, at):
                raise QrsNotSent

        try:
            execution_id = self._by.tasks.start(attempt.entry.target.task_id, look)
        except QrsNotSent:
            return Tried(of=attempt, at=at)
        except Exception as error:  # noqa: BLE001 - one start's bug must not hide what became of the others
            return Tried(of=attempt, at=at, error=error)
        return Tried(of=attempt, at=at, execution_id=execution_id)
