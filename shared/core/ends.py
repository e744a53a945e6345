"""What an occurrence comes to: the run that tells of it, and the entry that comes next."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.cron import MINUTE, SECOND, next_after
from shared.core.due import NEVER, Due, counted_from, is_in_hand, reach
from shared.core.occurrences import MOST_COUNTED, count, newest, rule
from shared.core.runs import MAY_BE_UNDER_WAY, Run, RunOutcome
from shared.core.starts import Execution

TOO_LATE = "Not started within SCHEDULE_CATCH_UP_SECONDS."
# How far Sense's clock and ours may part and nobody correct it.
CLOCKS_APART = timedelta(seconds=2)
# A start is sent, if at all, so soon after it was put on record.
LONGEST_CLAIM = MINUTE


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

    It was for the occurrence on record. The version before left that as it was when it tried a later one, which is
    known by a begin long after the try on record. `before` is the run before this one: an execution that it tells of is
    no news.
    """
    if last is None or due.tried_since is None or last.began < due.tried_since - CLOCKS_APART:
        return None
    if before and _is_told(before, last):
        return None
    is_later = last.began > due.tried_since + LONGEST_CLAIM
    later = newest(*rule(due.cron, due.zone), reach(due), min(last.began, now)) if is_later else None
    return Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=later or reach(due),
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
        overtaken, next_instant = count(cron, zone, _first(due), run.due), next_after(cron, zone, run.due)
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
    since = done.run.due if done.run else done.due.since
    return _fresh(done.due, done.next_instant, next_seq(done), since)


def _fresh(due: Due, instant: datetime, seq: int, since: datetime | None) -> Due:
    return Due(
        schedule_id=due.schedule_id,
        instant=instant,
        name=due.name,
        task_id=due.task_id,
        cron=due.cron,
        zone=due.zone,
        seq=seq,
        since=since,
        unknown=due.unknown,
    )


def next_seq(done: Done) -> int:
    return done.due.seq + (1 if done.run else 0)


def left_out(due: Due, now: datetime, why: str) -> tuple[Run, ...]:
    """Return the runs that tell of what an entry stands for which is taken from the agenda.

    What a tick has in hand is told under the number under which the tick tells it, should it come to that; what was due
    beside it under the next one.
    """
    if not is_in_hand(due):
        missed_run = _missed(due, now, why)
        return (missed_run,) if missed_run else ()
    after = rest(due)
    other = _missed(after, now, why) if after else None
    return (in_hand(due, why), other) if other else (in_hand(due, why),)


def in_hand(due: Due, why: str) -> Run:
    """Return the run of what a tick has in hand, for the case that it can't tell itself; it knows better if it can."""
    last = reach(due)
    if due.tried_since is None:
        return _missed_until(due, last, why)
    return Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=last,
        outcome=RunOutcome.FAILED,
        attempt=due.attempt,
        reason=f"{MAY_BE_UNDER_WAY} {_reason(due, why)}",
        missed_count=told_of(due, last),
    )


def rest(due: Due) -> Due | None:
    """Return the entry of what comes after that which is in hand; None when that can't be evaluated or never comes."""
    try:
        instant = next_after(*rule(due.cron, due.zone), reach(due))
    except Exception:  # noqa: BLE001 - a row that can't be evaluated can still be changed
        return None
    return _fresh(due, instant, due.seq + 1, reach(due)) if instant else None


def told_of(due: Due, before: datetime) -> int:
    """Return how many occurrences the entry stands for before then; 1 when that can't be evaluated."""
    try:
        return count(*rule(due.cron, due.zone), _first(due), before)
    except Exception:  # noqa: BLE001 - as above
        return int(due.instant < before)


def _missed(due: Due, now: datetime, why: str) -> Run | None:
    last = _newest(due, now)
    return _missed_until(due, last, why) if last else None


def _missed_until(due: Due, last: datetime, why: str) -> Run:
    return Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=last,
        outcome=RunOutcome.MISSED,
        attempt=due.attempt,
        reason=_reason(due, why),
        missed_count=told_of(due, last + SECOND),
    )


def _reason(due: Due, why: str) -> str:
    return f"{why} before it was started{f'; the last try: {due.last_error}' if due.last_error else '.'}"


def _newest(due: Due, now: datetime) -> datetime | None:
    try:
        return newest(*rule(due.cron, due.zone), _first(due), now)
    except Exception:  # noqa: BLE001 - as above
        return due.instant if due.instant <= now else None


def _first(due: Due) -> datetime:
    """Return the first occurrence that the entry stands for: not its instant where the rules of its zone changed."""
    return next_after(*rule(due.cron, due.zone), counted_from(due)) or due.instant
