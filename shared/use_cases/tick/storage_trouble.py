"""Ask storage again within a tick's minute, and remember what held ticks up."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from shared.core.clock import Clock
from shared.core.endings import Trouble
from shared.core.errors import StorageError
from shared.core.tick.storage_trouble import PAUSE_SECONDS, may_ask_again, trouble_of
from shared.log import log_of

log = log_of(__name__)

Answer = TypeVar("Answer")

# Some hours of ticks: what was due before them has been recorded by then.
MOST_TROUBLES = 1000


class Troubles:
    """What held up the ticks of this process: storage can't be given them while it is away itself."""

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
class Asking:
    """How the tick of the minute from `begin` on asks storage."""

    clock: Clock
    begin: datetime
    catch_up: timedelta
    troubles: Troubles

    def ask(self, ask: Callable[[], Answer]) -> Answer:
        """Return what storage answers, asking again until the minute ends; raises StorageError."""
        while True:
            try:
                return ask()
            except StorageError as error:
                self.note(str(error))
                if not may_ask_again(error, self.begin, self.clock.now()):
                    raise
                self.pause(error)

    def pause(self, error: StorageError) -> None:
        """Leave storage alone for a moment."""
        log.warning("Trying storage again after: %s", error, extra={"action": "storage_second_try"})
        self.clock.sleep(PAUSE_SECONDS)

    def note(self, text: str) -> None:
        """Remember what holds this tick up."""
        self.troubles.note(trouble_of(text, self.begin, self.clock.now(), self.catch_up))
