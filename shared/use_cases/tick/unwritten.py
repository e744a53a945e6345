"""What a tick has dealt with and storage does not know yet."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.core.due import Due
from shared.core.ends import Done
from shared.core.tries import not_given_back
from shared.use_cases.tick.ports import Agenda, History

# As many schedules as fit one transaction.
WORTH_A_MOVE = 33
# How long what is due again in this minute may wait for others to be started.
SOON = timedelta(seconds=1)


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

    def __init__(self, agenda: Agenda, history: History, end: datetime) -> None:
        """Take note of what is due again before `end`: it is moved first."""
        self._agenda, self._history, self._end = agenda, history, end
        self._dones: list[Done] = []
        self._returned: list[Due] = []
        self._sent = 0
        self._soon: list[tuple[datetime, Done]] = []
        self._later: list[tuple[datetime, Done]] = []

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
        return len(self._soon) + len(self._later)

    def must_move(self, now: datetime, lease: timedelta) -> bool:
        """True when a move can't wait for others to be started: it is due again, or its claim has half run out."""
        return _is_older(self._soon, now - SOON) or _is_older(self._later, now - lease / 2)

    def tell(self, now: datetime) -> Written:
        """Write runs into history, and give entries back."""
        sure = [done.run for done in self._dones if done.run and not _claim_is_over(done, now)]
        if sure:
            self._history.record(sure)
        stands = self._agenda.give_back(self._returned) if self._returned else []
        kept = {due.schedule_id for due in stands}
        # Another tick may have taken these over, and then knows better.
        self._dones = [self._told_unless_known(done) if _claim_is_over(done, now) else done for done in self._dones]
        for run in (not_given_back(due) for due in self._returned if due.schedule_id not in kept):
            if run:
                self._agenda.tell_last(self._history.record_unless_told(run))
        written = Written(sent=self._sent, let_go=self._returned, stands=stands)
        for done in self._dones:
            is_soon = done.next_instant is not None and done.next_instant < self._end
            (self._soon if is_soon else self._later).append((now, done))
        self._dones, self._returned, self._sent = [], [], 0
        return written

    def _told_unless_known(self, done: Done) -> Done:
        return replace(done, run=self._history.record_unless_told(done.run)) if done.run else done

    def move(self) -> Written:
        """Put the next entries in the place of those that were dealt with: the soonest, then the oldest."""
        soon = self._soon[:WORTH_A_MOVE]
        later = self._later[: WORTH_A_MOVE - len(soon)]
        dones = [done for _, done in (*soon, *later)]
        stands = self._agenda.move(dones)
        del self._soon[: len(soon)], self._later[: len(later)]
        return Written(let_go=[done.due for done in dones], stands=stands)


def _is_older(unmoved: list[tuple[datetime, Done]], than: datetime) -> bool:
    return bool(unmoved) and unmoved[0][0] < than


def _claim_is_over(done: Done, now: datetime) -> bool:
    """True when the claim ran out meanwhile: this process stood still, or storage did."""
    return done.due.claim is not None and done.due.claim.until <= now
