"""Wait for storage within a tick's minute, and remember what held ticks up."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from shared.core.cron import MINUTE
from shared.core.ends import Trouble
from shared.core.errors import StorageDenied, StorageError
from shared.core.rules import EARLY
from shared.log import log_of
from shared.use_cases.tick.ports import Clock

log = log_of(__name__)

Answer = TypeVar("Answer")

# Storage that failed is left alone for a moment.
PAUSE_SECONDS = 1.0
# Some hours of ticks: what was due before them has been told of by then.
MOST_TROUBLES = 1000


class Troubles:
    """What held up the ticks of this process: storage can't be told while it is away itself."""

    def __init__(self) -> None:
        self._all: deque[Trouble] = deque(maxlen=MOST_TROUBLES)

    def note(self, trouble: Trouble) -> None:
        """Remember the last trouble of each minute."""
        if self._all and self._all[-1].minute == trouble.minute:
            self._all.pop()
        self._all.append(trouble)

    def of(self, occurrence: datetime) -> Trouble | None:
        """Return that of the first tick that should have started it and could not."""
        return next((trouble for trouble in self._all if trouble.held_up(occurrence)), None)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """That of the tick which serves the minute from `begin` on; `catch_up` is how late something may still start."""

    clock: Clock
    begin: datetime
    catch_up: timedelta
    troubles: Troubles

    def ask(self, ask: Callable[[], Answer]) -> Answer:
        """Return what storage answers, asking again until the minute ends; raises StorageError.

        What only an administrator can mend is left to the next tick.
        """
        while True:
            try:
                return ask()
            except StorageError as error:
                self.note(str(error))
                # A clock that was set back must not make this endless.
                if isinstance(error, StorageDenied) or not self.begin - EARLY <= self.clock.now() < self.begin + MINUTE:
                    raise
                self.pause(error)

    def pause(self, error: StorageError) -> None:
        log.warning("Trying storage again after: %s", error, extra={"action": "storage_second_try"})
        self.clock.sleep(PAUSE_SECONDS)

    def note(self, text: str) -> None:
        """Remember what holds this tick up."""
        earliest = min(self.begin, self.clock.now() - self.catch_up)
        self.troubles.note(Trouble(minute=self.begin, earliest=earliest, text=text))
