"""Hold what history tells of a schedule against its occurrences, and against the starts that Sense saw.

Nothing here asks Footman how it reckons: every occurrence is listed, every one must be told by a row, every told start
must be one that Sense saw, and what Sense saw beyond that is a double.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from shared.core.cron import SECOND, Cron, due_after
from shared.core.due import Due
from shared.core.runs import Run, RunOutcome
from shared.core.zones import Zone

MOST_COUNTED = 100
# History tells when a start was sent, Sense when it came.
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
    """A schedule whose occurrences count from `since` until `until`, and all that is known of it after that.

    `runs` are its rows of history by their numbers, `entry` is what the agenda holds, `seen` are its task's starts.
    """

    schedule_id: str
    cron: str
    zone: str
    since: datetime
    until: datetime
    runs: Sequence[Run]
    entry: Due | None
    seen: Sequence[Seen]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A row that says `started`, with the start that it tells of."""

    run: Run
    seen: Seen

    @property
    def late(self) -> float:
        return (self.seen.at - self.run.due).total_seconds()


@dataclass(kw_only=True)
class Audit:
    """What the accounts come to; an occurrence was started, or overtaken by a started one, or lost."""

    started: int = 0
    overtaken: int = 0
    lost: int = 0
    doubled: int = 0
    taken_over: int = 0
    latest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Audit") -> None:
        """Count what another site came to."""
        self.started += other.started
        self.overtaken += other.overtaken
        self.lost += other.lost
        self.doubled += other.doubled
        self.taken_over += other.taken_over
        self.latest = max(self.latest, other.latest)
        self.wrong += other.wrong

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def audit(accounts: Iterable[Account]) -> Audit:
    """Return what became of all occurrences; `wrong` names every contradiction."""
    whole = Audit()
    for account in accounts:
        told = list(matched(account.runs, account.seen))
        _rows(account, {each.run.seq for each in told}, whole)
        _starts(account, told, whole)
        _next_entry(account, whole)
    return whole


def matched(runs: Iterable[Run], seen: Iterable[Seen]) -> Iterator[Told]:
    """Give the rows that say `started` and whose execution Sense knows; one execution proves one row."""
    unproved = {each.execution_id: each for each in seen}
    for run in runs:
        proof = unproved.pop(run.execution_id or "", None)
        if run.outcome is RunOutcome.STARTED and proof:
            yield Told(run=run, seen=proof)


def occurrences(account: Account) -> list[datetime]:
    following = due_after(Cron.parse(account.cron), Zone.parse(account.zone), account.since - SECOND)
    return list(takewhile(lambda instant: instant <= account.until, following))


def _rows(account: Account, proved: set[int], whole: Audit) -> None:
    """Go through the rows: each must take up the occurrences where the one before it ended."""
    untold = occurrences(account)
    for number, run in enumerate(account.runs):
        if run.seq != number:
            whole.wrong.append(f"{account.schedule_id}: row {number} has the number {run.seq}")
        if run.due not in untold:
            whole.wrong.append(f"{account.schedule_id}: row {run.seq} tells of {run.due}, which is none to be told")
            continue
        covered = untold.index(run.due) + 1
        _count(run, covered, whole, is_proved=run.seq in proved)
        untold = untold[covered:]
    whole.lost += len(untold)
    whole.wrong += [f"{account.schedule_id}: no row tells of {instant}" for instant in untold]


def _count(run: Run, covered: int, whole: Audit, *, is_proved: bool) -> None:
    others = covered if run.outcome is RunOutcome.MISSED else covered - 1
    if run.missed_count != min(others, MOST_COUNTED):
        whole.wrong.append(f"{run.schedule_id}: row {run.seq} counts {run.missed_count} missed, there were {others}")
    if is_proved:
        whole.started += 1
        whole.overtaken += covered - 1
        whole.taken_over += run.attempt > 1
        return
    whole.lost += covered
    why = "Sense saw no such start" if run.outcome is RunOutcome.STARTED else run.reason
    whole.wrong.append(f"{run.schedule_id}: row {run.seq}, {run.due}, {run.outcome.value}: {why}")


def _starts(account: Account, told: Sequence[Told], whole: Audit) -> None:
    whole.doubled += len(account.seen) - len(told)
    for each in told:
        whole.latest = max(whole.latest, each.late)
        if each.seen.at < each.run.due - EARLY:
            whole.wrong.append(f"{account.schedule_id}: started at {each.seen.at}, before {each.run.due}")
        if each.run.started is None or abs(each.run.started - each.seen.at) > ON_ITS_WAY:
            whole.wrong.append(f"{account.schedule_id}: started {each.seen.at}, history says {each.run.started}")


def _next_entry(account: Account, whole: Audit) -> None:
    entry = account.entry
    following = due_after(
        Cron.parse(account.cron), Zone.parse(account.zone), max(account.until, account.since - SECOND)
    )
    wanted = next(following, None)
    if entry is None or entry.instant != wanted or entry.seq != len(account.runs):
        found = f"{entry.instant}, number {entry.seq}" if entry else "nothing"
        whole.wrong.append(f"{account.schedule_id}: {found} on the agenda, not {wanted}, number {len(account.runs)}")
    elif entry.claim or entry.attempt or entry.tried_since:
        whole.wrong.append(f"{account.schedule_id}: its next occurrence was tried already")
