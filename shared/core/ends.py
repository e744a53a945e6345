"""What an occurrence comes to: the run that tells of it, and the entry that comes next."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.cron import MINUTE, SECOND, next_after
from shared.core.due import NEVER, Due
from shared.core.occurrences import MOST_COUNTED, count, newest, rule
from shared.core.runs import Run, RunOutcome
from shared.core.starts import Execution

TOO_LATE = "Not started within SCHEDULE_CATCH_UP_SECONDS."
# How far Sense's clock and ours may part and nobody correct it.
CLOCKS_APART = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was dealt with: the entry leaves the agenda, the next one takes its place.

    `next_instant` is None when the schedule is stopped for a `problem`. `run` is None when there is nothing to tell.
    """

    due: Due
    run: Run | None
    next_instant: datetime | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What held up the tick of a minute; what was due before `earliest` it would not have started anyway."""

    minute: datetime
    earliest: datetime
    text: str

    def held_up(self, occurrence: datetime) -> bool:
        return self.earliest <= occurrence < self.minute + MINUTE


def already_started(due: Due, last: Execution | None, before: Run | None, now: datetime) -> Run | None:
    """Return the run of an entry whose earlier start did reach Sense, which the task's last execution tells.

    A start is always for the newest occurrence, so the execution's begin tells for which it was. `before` is the run
    before this one: an execution that it tells of is no news.
    """
    if last is None or due.tried_since is None or last.began < due.tried_since - CLOCKS_APART:
        return None
    if before and _is_told(before, last):
        return None
    tried = due.occurrence or due.instant
    return Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=newest(*rule(due.cron, due.zone), tried, min(last.began, now)) or tried,
        outcome=RunOutcome.STARTED,
        started=last.began,
        attempt=due.attempt,
        execution_id=last.id,
    )


def _is_told(before: Run, last: Execution) -> bool:
    if last.id is None:
        return before.started is not None and last.began <= before.started + CLOCKS_APART
    return before.execution_id == last.id


def missed(due: Due, occurrence: datetime, trouble: Trouble | None = None) -> Run:
    """Return the run of an entry of which nothing may be started any more; `trouble` is known to have held it up."""
    return Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=occurrence,
        outcome=RunOutcome.MISSED,
        attempt=due.attempt,
        reason=f"{TOO_LATE} {_why(due, trouble)}",
    )


def _why(due: Due, trouble: Trouble | None) -> str:
    """Return what is known of why it was not started; other instances know of troubles that this one does not."""
    if due.last_error:
        return f"The last try: {due.last_error}"
    if due.tried_since:
        return f"A tick was about to start it at {_text(due.tried_since)} and left no word of what came of it."
    if trouble:
        return f"The tick of {_text(trouble.minute)} was held up: {trouble.text}"
    return "Nothing started it in time."


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def denied(due: Due, occurrence: datetime) -> Run:
    return Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=occurrence,
        outcome=RunOutcome.DENIED,
        attempt=due.attempt,
        reason="START_TASK_FILTER does not allow the task, or Sense knows no such task.",
    )


def done(due: Due, run: Run) -> Done:
    """Return what the end of an occurrence does: its run with all that it overtook, and what comes next."""
    try:
        cron, zone = rule(due.cron, due.zone)
        overtaken, next_instant = count(cron, zone, due.instant, run.due), next_after(cron, zone, run.due)
    except Exception as error:  # noqa: BLE001 - the run took place and must be told, whatever comes next
        return Done(due=due, run=run, next_instant=None, problem=str(error) or repr(error))
    if run.outcome is RunOutcome.MISSED:
        overtaken = min(overtaken + 1, MOST_COUNTED)
    problem = "" if next_instant else NEVER.format(due.cron)
    return Done(due=due, run=replace(run, missed_count=overtaken), next_instant=next_instant, problem=problem)


def broken(due: Due, reason: str) -> Done:
    """Return what an entry that can't be evaluated comes to: its schedule is stopped and says why."""
    run = Run(schedule_id=due.schedule_id, seq=due.seq, due=due.instant, outcome=RunOutcome.FAILED, reason=reason)
    return Done(due=due, run=run, next_instant=None, problem=reason)


def following(done: Done) -> Due | None:
    """Return the entry that takes the place of the one dealt with; None when its schedule is stopped."""
    if done.next_instant is None:
        return None
    return Due(
        schedule_id=done.due.schedule_id,
        instant=done.next_instant,
        name=done.due.name,
        task_id=done.due.task_id,
        cron=done.due.cron,
        zone=done.due.zone,
        seq=next_seq(done),
    )


def next_seq(done: Done) -> int:
    return done.due.seq + (1 if done.run else 0)


def left_out(due: Due, now: datetime, why: str) -> Run | None:
    """Return the run of what was due when an entry is taken from the agenda, None when nothing was."""
    if due.instant > now:
        return None
    reason = f"{why} before it was started{f'; the last try: {due.last_error}' if due.last_error else '.'}"
    last = _newest(due, now)
    missed_run = Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=last,
        outcome=RunOutcome.MISSED,
        attempt=due.attempt,
        reason=reason,
        missed_count=told_of(due, last + SECOND),
    )
    if due.tried_since is None:
        return missed_run
    unknown = f"outcome unknown: a start may be under way. {reason}"
    tried = due.occurrence or due.instant
    others = told_of(due, last)
    return replace(missed_run, due=tried, outcome=RunOutcome.FAILED, reason=unknown, missed_count=others)


def told_of(due: Due, before: datetime) -> int:
    """Return how many occurrences the entry stands for before then; 1 when that can't be evaluated."""
    try:
        return count(*rule(due.cron, due.zone), due.instant, before)
    except Exception:  # noqa: BLE001 - a row that can't be evaluated can still be stopped
        return int(due.instant < before)


def _newest(due: Due, now: datetime) -> datetime:
    try:
        return newest(*rule(due.cron, due.zone), due.instant, now) or due.instant
    except Exception:  # noqa: BLE001 - as above
        return due.instant
