"""What a tick has dealt with and storage does not know yet."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.core.due import Done, Due
from shared.core.tries import not_given_back
from shared.use_cases.tick.ports import Agenda, History

# As many schedules as fit one transaction.
WORTH_A_MOVE = 33


@dataclass(frozen=True, kw_only=True)
class Written:
    """What storage took: how many outcomes of starts, the entries that are out of hand, and what stands instead."""

    sent: int = 0
    let_go: list[Due] = field(default_factory=list)
    stands: list[Due] = field(default_factory=list)


class Unwritten:
    """Ends in the order in which they must be written: first what became of it, then what comes next.

    A tick that dies in between leaves what the next one only moves on. Writing again after a StorageError does no harm.
    """

    def __init__(self, agenda: Agenda, history: History) -> None:
        self._agenda, self._history = agenda, history
        self._dones: list[Done] = []
        self._returned: list[Due] = []
        self._sent = 0
        self._unmoved: list[tuple[datetime, Done]] = []

    def add(self, end: Done | Due, *, was_sent: bool) -> None:
        """Take an end of which to tell: a run with what follows, or an entry to give back."""
        self._sent += was_sent
        if isinstance(end, Done):
            self._dones.append(end)
        else:
            self._returned.append(end)

    @property
    def untold(self) -> int:
        return len(self._dones) + len(self._returned)

    @property
    def unmoved(self) -> int:
        return len(self._unmoved)

    @property
    def unmoved_since(self) -> datetime | None:
        return self._unmoved[0][0] if self._unmoved else None

    def tell(self, now: datetime) -> Written:
        """Write runs into history, and give entries back."""
        runs = [done.run for done in self._dones if done.run and not _is_late(done, now)]
        if runs:
            self._history.record(runs)
        stands = self._agenda.give_back(self._returned) if self._returned else []
        kept = {due.schedule_id for due in stands}
        # Another tick may have taken these over, and then knows better.
        doubtful = [done.run for done in self._dones if done.run and _is_late(done, now)]
        doubtful += [run for due in self._returned if due.schedule_id not in kept and (run := not_given_back(due))]
        for run in doubtful:
            self._history.record_unless_told(run)
        written = Written(sent=self._sent, let_go=self._returned, stands=stands)
        self._unmoved += [(now, done) for done in self._dones]
        self._dones, self._returned, self._sent = [], [], 0
        return written

    def move(self) -> Written:
        """Put the next entries in the place of the oldest that were dealt with."""
        dones = [done for _, done in self._unmoved[:WORTH_A_MOVE]]
        stands = self._agenda.move(dones)
        del self._unmoved[: len(dones)]
        return Written(let_go=[done.due for done in dones], stands=stands)


def _is_late(done: Done, now: datetime) -> bool:
    """True when the claim ran out meanwhile: this process stood still, or storage did."""
    return done.due.claim is not None and done.due.claim.until <= now
