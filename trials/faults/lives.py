"""Check history against the lives of schedules that people change while they fire.

A change takes effect somewhere between its request and its answer; an occurrence in between may be recorded or not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.cron import MINUTE, Cron, due_after
from shared.core.runs import Run, RunOutcome
from shared.core.zones import Zone
from trials.faults.accounting import EARLY, Audit, Seen, matched

UTC_ZONE = Zone.parse("UTC")
# Whatever was due this shortly before a schedule was deleted may be in progress, or may never start.
UNDER_WAY = timedelta(seconds=40)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """From here on a schedule is due by `cron`; None means not at all."""

    sent: datetime
    answered: datetime
    cron: str | None


@dataclass(kw_only=True)
class Life:
    """A schedule as people created, changed and perhaps deleted it."""

    schedule_id: str
    task_id: str
    turns: list[Turn] = field(default_factory=list)
    is_deleted: bool = False

    @property
    def cron(self) -> str | None:
        """Return its current expression, or None if it is stopped."""
        return self.turns[-1].cron


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """A due time; `must_be_recorded` is False if a change was in progress."""

    at: datetime
    must_be_recorded: bool


def occurrences(life: Life, until: datetime) -> list[Occurrence]:
    """Return what was due in a life until then, for expressions without seconds."""
    found: dict[datetime, bool] = {}
    for turn, end in _stretches(life, until):
        for at in _due(turn.cron, turn.sent, end.answered):
            is_its_end = life.is_deleted and end is life.turns[-1]
            sure = turn.answered < at < end.sent - (UNDER_WAY if is_its_end else EARLY)
            found[at] = found.get(at, False) or sure
    return [Occurrence(at=at, must_be_recorded=found[at]) for at in sorted(found)]


def _stretches(life: Life, until: datetime) -> Iterator[tuple[Turn, Turn]]:
    """Yield each turn with the one that ends it."""
    last = Turn(sent=until + MINUTE, answered=until, cron=life.cron)
    yield from zip(life.turns, [*life.turns[1:], last], strict=True)


def _due(cron: str | None, begin: datetime, end: datetime) -> Iterator[datetime]:
    for at in due_after(Cron.parse(cron), UTC_ZONE, begin) if cron else ():
        if at > end:
            return
        yield at


def audit_life(life: Life, runs: Sequence[Run], seen: Sequence[Seen], until: datetime, total: Audit) -> None:
    """Add the result of a life to the audit; `runs` are in the order of their numbers."""
    unrecorded = {each.at: each.must_be_recorded for each in occurrences(life, until)}
    for run in runs:
        _cross_off(run, unrecorded, total)
    lost = [at for at, must_be_recorded in unrecorded.items() if must_be_recorded]
    total.lost += len(lost)
    total.wrong += [f"{life.schedule_id}: no row tells of {at}" for at in lost]
    _starts(life, runs, seen, total)


def _cross_off(run: Run, unrecorded: dict[datetime, bool], total: Audit) -> None:
    """Cross off what a row records: its occurrence, and the earlier ones that it counts."""
    if run.due not in unrecorded:
        total.wrong.append(f"{run.schedule_id}: row {run.seq} tells of {run.due}, which is none to be told")
        return
    others = run.missed_count - (run.outcome is RunOutcome.MISSED)
    # It may count occurrences during a change too, but first those that are certain.
    before = sorted((at for at in unrecorded if at < run.due), key=lambda at: (unrecorded[at], at), reverse=True)
    if len(before) < others:
        total.wrong.append(f"{run.schedule_id}: row {run.seq} counts {others} others, there were {len(before)}")
    for at in [*before[:others], run.due]:
        del unrecorded[at]
    total.overtaken += others + (run.outcome is not RunOutcome.STARTED)


def _starts(life: Life, runs: Sequence[Run], seen: Sequence[Seen], total: Audit) -> None:
    """Check the starts that Sense saw against the rows: each is recorded as started, or as unknown."""
    confirmed = list(matched(runs, seen))
    total.started += len(confirmed)
    total.latest = max([total.latest, *(each.late for each in confirmed)])
    confirmed_rows = {each.run.seq for each in confirmed}
    total.wrong += [
        f"{life.schedule_id}: row {run.seq} says started, Sense saw no such start"
        for run in runs
        if run.outcome is RunOutcome.STARTED and run.seq not in confirmed_rows
    ]
    confirmed_starts = {each.seen for each in confirmed}
    unknown = [run.due for run in runs if "outcome unknown" in (run.reason or "")]
    for each in (one for one in seen if one not in confirmed_starts):
        explained = next((due for due in unknown if due <= each.at < due + MINUTE), None)
        if explained:
            unknown.remove(explained)
        elif not (life.is_deleted and each.at > life.turns[-1].sent - UNDER_WAY):
            total.doubled += 1
            total.wrong.append(f"{life.schedule_id}: started at {each.at}, which no row tells")
