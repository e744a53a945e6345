"""Check a schedule's history against its occurrences, and against the starts that Sense saw.

Nothing here asks Footman how it calculates: all occurrences are listed, each must be covered by a row of history, each
recorded start must be one that Sense saw, and every other start that Sense saw is a double.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from shared.core.cron import SECOND, Cron, due_after
from shared.core.entry import Entry
from shared.core.runs import Run, RunOutcome
from shared.core.zones import Zone

MOST_COUNTED = 100
# History has the time when a start was sent, Sense when it arrived.
ON_ITS_WAY = timedelta(seconds=10)
# Clocks of one machine, read by two processes.
EARLY = timedelta(milliseconds=50)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A start that Sense saw."""

    execution_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Account:
    """A schedule whose occurrences count from `since` until `until`, and everything known about it after that.

    `runs` are its rows of history by number, `entry` is its entry on the agenda, `seen` are the starts of its task.
    """

    schedule_id: str
    cron: str
    zone: str
    since: datetime
    until: datetime
    runs: Sequence[Run]
    entry: Entry | None
    seen: Sequence[Seen]


@dataclass(frozen=True, kw_only=True)
class ConfirmedStart:
    """A row that says `started`, with the start that Sense saw for it."""

    run: Run
    seen: Seen

    @property
    def late(self) -> float:
        """Return how many seconds after its due time Sense saw the start."""
        return (self.seen.at - self.run.due).total_seconds()


@dataclass(kw_only=True)
class Audit:
    """The sum of all accounts; an occurrence was started, or overtaken by a started one, or lost."""

    started: int = 0
    overtaken: int = 0
    lost: int = 0
    doubled: int = 0
    taken_over: int = 0
    latest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Audit") -> None:
        """Add the result of another site."""
        self.started += other.started
        self.overtaken += other.overtaken
        self.lost += other.lost
        self.doubled += other.doubled
        self.taken_over += other.taken_over
        self.latest = max(self.latest, other.latest)
        self.wrong += other.wrong

    @property
    def is_clean(self) -> bool:
        """Return whether nothing was lost, doubled or contradictory."""
        return not (self.lost or self.doubled or self.wrong)


def audit(accounts: Iterable[Account]) -> Audit:
    """Return what became of all occurrences; `wrong` names every contradiction."""
    total = Audit()
    for account in accounts:
        confirmed = list(matched(account.runs, account.seen))
        _rows(account, {each.run.seq for each in confirmed}, total)
        _starts(account, confirmed, total)
        _next_entry(account, total)
    return total


def matched(runs: Iterable[Run], seen: Iterable[Seen]) -> Iterator[ConfirmedStart]:
    """Yield the rows that say `started` and whose execution Sense knows; one execution confirms one row."""
    unmatched = {each.execution_id: each for each in seen}
    for run in runs:
        start = unmatched.pop(run.execution_id or "", None)
        if run.outcome is RunOutcome.STARTED and start:
            yield ConfirmedStart(run=run, seen=start)


def occurrences(account: Account) -> list[datetime]:
    """Return all occurrences that history must cover."""
    following = due_after(Cron.parse(account.cron), Zone.parse(account.zone), account.since - SECOND)
    return list(takewhile(lambda instant: instant <= account.until, following))


def _rows(account: Account, confirmed_rows: set[int], total: Audit) -> None:
    """Check the rows in order: each must continue with the occurrences where the one before it ended."""
    unrecorded = occurrences(account)
    for number, run in enumerate(account.runs):
        if run.seq != number:
            total.wrong.append(f"{account.schedule_id}: row {number} has the number {run.seq}")
        if run.due not in unrecorded:
            total.wrong.append(f"{account.schedule_id}: row {run.seq} tells of {run.due}, which is none to be told")
            continue
        covered = unrecorded.index(run.due) + 1
        _count(run, covered, total, is_confirmed=run.seq in confirmed_rows)
        unrecorded = unrecorded[covered:]
    total.lost += len(unrecorded)
    total.wrong += [f"{account.schedule_id}: no row tells of {instant}" for instant in unrecorded]


def _count(run: Run, covered: int, total: Audit, *, is_confirmed: bool) -> None:
    others = covered if run.outcome is RunOutcome.MISSED else covered - 1
    if run.missed_count != min(others, MOST_COUNTED):
        total.wrong.append(f"{run.schedule_id}: row {run.seq} counts {run.missed_count} missed, there were {others}")
    if is_confirmed:
        total.started += 1
        total.overtaken += covered - 1
        total.taken_over += run.attempt > 1
        return
    total.lost += covered
    why = "Sense saw no such start" if run.outcome is RunOutcome.STARTED else run.reason
    total.wrong.append(f"{run.schedule_id}: row {run.seq}, {run.due}, {run.outcome.value}: {why}")


def _starts(account: Account, confirmed: Sequence[ConfirmedStart], total: Audit) -> None:
    total.doubled += len(account.seen) - len(confirmed)
    for each in confirmed:
        total.latest = max(total.latest, each.late)
        if each.seen.at < each.run.due - EARLY:
            total.wrong.append(f"{account.schedule_id}: started at {each.seen.at}, before {each.run.due}")
        if each.run.started is None or abs(each.run.started - each.seen.at) > ON_ITS_WAY:
            total.wrong.append(f"{account.schedule_id}: started {each.seen.at}, history says {each.run.started}")


def _next_entry(account: Account, total: Audit) -> None:
    entry = account.entry
    following = due_after(
        Cron.parse(account.cron), Zone.parse(account.zone), max(account.until, account.since - SECOND)
    )
    expected = next(following, None)
    if entry is None or entry.due_at != expected or entry.seq != len(account.runs):
        found = f"{entry.due_at}, number {entry.seq}" if entry else "nothing"
        total.wrong.append(f"{account.schedule_id}: {found} on the agenda, not {expected}, number {len(account.runs)}")
    elif entry.claim or entry.tries.attempt or entry.tries.tried_since:
        total.wrong.append(f"{account.schedule_id}: its next occurrence was tried already")
