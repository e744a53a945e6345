"""Hold history against the lives of schedules that people change while they fire.

A change takes effect somewhere between its sending and its answer; an occurrence in between may be told, and need not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.cron import MINUTE, Cron, due_after
from shared.core.runs import Run, RunOutcome
from shared.core.zones import Zone
from trials.faults.accounting import EARLY, Audit, Seen, matched

UTC_ZONE = Zone.parse("UTC")
# What was due so shortly before a schedule was deleted may be under way, or may never be.
UNDER_WAY = timedelta(seconds=40)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """From here on a schedule is due by `cron`, None: not at all."""

    sent: datetime
    answered: datetime
    cron: str | None


@dataclass(kw_only=True)
class Life:
    """A schedule as people made, changed and perhaps deleted it."""

    schedule_id: str
    task_id: str
    turns: list[Turn] = field(default_factory=list)
    is_deleted: bool = False

    @property
    def cron(self) -> str | None:
        return self.turns[-1].cron


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    at: datetime
    must_be_told: bool


def occurrences(life: Life, until: datetime) -> list[Occurrence]:
    """Return what was due until then in a life, for expressions without seconds."""
    found: dict[datetime, bool] = {}
    for turn, end in _stretches(life, until):
        for at in _due(turn.cron, turn.sent, end.answered):
            is_its_end = life.is_deleted and end is life.turns[-1]
            sure = turn.answered < at < end.sent - (UNDER_WAY if is_its_end else EARLY)
            found[at] = found.get(at, False) or sure
    return [Occurrence(at=at, must_be_told=found[at]) for at in sorted(found)]


def _stretches(life: Life, until: datetime) -> Iterator[tuple[Turn, Turn]]:
    """Give each turn with the one that ends it."""
    last = Turn(sent=until + MINUTE, answered=until, cron=life.cron)
    yield from zip(life.turns, [*life.turns[1:], last], strict=True)


def _due(cron: str | None, begin: datetime, end: datetime) -> Iterator[datetime]:
    for at in due_after(Cron.parse(cron), UTC_ZONE, begin) if cron else ():
        if at > end:
            return
        yield at


def audit_life(life: Life, runs: Sequence[Run], seen: Sequence[Seen], until: datetime, whole: Audit) -> None:
    """Add to the audit what became of a life; `runs` are in the order of their numbers."""
    untold = {each.at: each.must_be_told for each in occurrences(life, until)}
    for run in runs:
        _tell(run, untold, whole)
    lost = [at for at, must_be_told in untold.items() if must_be_told]
    whole.lost += len(lost)
    whole.wrong += [f"{life.schedule_id}: no row tells of {at}" for at in lost]
    _starts(life, runs, seen, whole)


def _tell(run: Run, untold: dict[datetime, bool], whole: Audit) -> None:
    """Take what a row tells of from what is untold: its occurrence, and those it counts before that one."""
    if run.due not in untold:
        whole.wrong.append(f"{run.schedule_id}: row {run.seq} tells of {run.due}, which is none to be told")
        return
    others = run.missed_count - (run.outcome is RunOutcome.MISSED)
    # It may count one that came while a change was on its way, but rather those that are sure.
    before = sorted((at for at in untold if at < run.due), key=lambda at: (untold[at], at), reverse=True)
    if len(before) < others:
        whole.wrong.append(f"{run.schedule_id}: row {run.seq} counts {others} others, there were {len(before)}")
    for at in [*before[:others], run.due]:
        del untold[at]
    whole.overtaken += others + (run.outcome is not RunOutcome.STARTED)


def _starts(life: Life, runs: Sequence[Run], seen: Sequence[Seen], whole: Audit) -> None:
    """Hold the starts that Sense saw against the rows: each is told as started, or as unknown."""
    told = list(matched(runs, seen))
    whole.started += len(told)
    whole.latest = max([whole.latest, *(each.late for each in told)])
    proved = {each.run.seq for each in told}
    whole.wrong += [
        f"{life.schedule_id}: row {run.seq} says started, Sense saw no such start"
        for run in runs
        if run.outcome is RunOutcome.STARTED and run.seq not in proved
    ]
    told_starts = {each.seen for each in told}
    unknown = [run.due for run in runs if "outcome unknown" in (run.reason or "")]
    for each in (one for one in seen if one not in told_starts):
        explained = next((due for due in unknown if due <= each.at < due + MINUTE), None)
        if explained:
            unknown.remove(explained)
        elif not (life.is_deleted and each.at > life.turns[-1].sent - UNDER_WAY):
            whole.doubled += 1
            whole.wrong.append(f"{life.schedule_id}: started at {each.at}, which no row tells")
