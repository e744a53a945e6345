"""What a tick is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.core.clock import Clock
from shared.core.tasks import StartFilter
from shared.core.tick.state import Limits
from shared.use_cases.tick.ports import Agenda, History, Tasks
from shared.use_cases.tick.storage_trouble import Asking, Troubles


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What a tick works with.

    `hand_over` has a call made by another thread: as many at a time as `limits` say there are connections.

    A tick goes by `clock`, storage's, which all hosts share. `machine` is this host's own: it dates
    Sense's executions, and is held against storage's.
    """

    agenda: Agenda
    history: History
    tasks: Tasks
    hand_over: Callable[[Callable[[], None]], object]
    clock: Clock
    machine: Clock
    start_filter: StartFilter
    limits: Limits
    troubles: Troubles = field(default_factory=Troubles)

    def asking(self, begin: datetime) -> Asking:
        """Return how the tick of a minute asks storage."""
        return Asking(clock=self.clock, begin=begin, catch_up=self.limits.catch_up, troubles=self.troubles)
