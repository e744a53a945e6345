"""What an occurrence comes to: the run that records it, and the entry that follows."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.cron import MINUTE
from shared.core.entry import NEVER, Entry, first_occurrence
from shared.core.rules import MOST_COUNTED, BrokenRule, Rule, answered, ask
from shared.core.runs import Run, RunOutcome
from shared.core.tasks import Execution

TOO_LATE = "Not started within SCHEDULE_CATCH_UP_SECONDS."
# How far Sense's clock and ours may part and nobody correct it.
CLOCKS_APART = timedelta(seconds=2)
# A start is sent, if at all, so soon after it was put on record.
LONGEST_CLAIM = MINUTE


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The end of an entry: it leaves the agenda, and the next one takes its place.

    `next_instant` is None when the schedule is stopped for a `problem`. `run` is None when there is nothing to record.
    """

    entry: Entry
    run: Run | None
    next_instant: datetime | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What held up the tick of a minute, which would have started nothing that was due before `earliest`."""

    minute: datetime
    earliest: datetime
    text: str

    def held_up(self, occurrence: datetime) -> bool:
        return self.earliest <= occurrence < self.minute + MINUTE


def already_started(entry: Entry, last: Execution | None, before: Run | None, now: datetime) -> Run | None:
    """Return the run of an entry whose earlier start did reach Sense, as the task's last execution shows.

    It was for the occurrence on record. The version before did not update that when it tried a later one; then the
    execution began long after the try on record. `before` is the run before this one: its own execution proves nothing.
    """
    if last is None or entry.tries.tried_since is None or last.began < entry.tries.tried_since - CLOCKS_APART:
        return None
    if before and _is_execution_of(before, last):
        return None
    is_later = last.began > entry.tries.tried_since + LONGEST_CLAIM
    later = answered(ask(entry.rule, lambda rule: rule.newest(entry.reach, min(last.began, now)))) if is_later else None
    return Run(
        schedule_id=entry.schedule_id,
        seq=entry.seq,
        due=later or entry.reach,
        outcome=RunOutcome.STARTED,
        started=last.began,
        attempt=entry.tries.attempt,
        execution_id=last.id,
    )


def _is_execution_of(before: Run, last: Execution) -> bool:
    if last.id is None:
        return before.started is not None and last.began <= before.started + CLOCKS_APART
    return before.execution_id == last.id


def missed(entry: Entry, occurrence: datetime, trouble: Trouble | None = None) -> Run:
    """Return the run of an entry that is too late to be started; `trouble` is what is known to have held it up."""
    return entry.run(occurrence, RunOutcome.MISSED, f"{TOO_LATE} {_why(entry, trouble)}")


def _why(entry: Entry, trouble: Trouble | None) -> str:
    """Return what is known of why it was not started; other instances know of troubles that this one does not."""
    if entry.tries.last_error:
        return f"The last try: {entry.tries.last_error}"
    if entry.tries.tried_since:
        return f"A tick was about to start it at {_text(entry.tries.tried_since)} and left no word of what came of it."
    if trouble:
        return f"The tick of {_text(trouble.minute)} was held up: {trouble.text}"
    return "Nothing started it in time."


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def denied(entry: Entry, occurrence: datetime) -> Run:
    reason = "START_TASK_FILTER does not allow the task, or Sense knows no such task."
    return entry.run(occurrence, RunOutcome.DENIED, reason)


def ended(entry: Entry, run: Run) -> Ending:
    """Return the ending with this run, which counts what it overtook."""
    answer = ask(entry.rule, lambda rule: (_overtaken(entry, rule, run), rule.next_after(run.due)))
    if isinstance(answer, BrokenRule):
        return Ending(entry=entry, run=run, next_instant=None, problem=answer.problem)
    overtaken, next_instant = answer
    if run.outcome is RunOutcome.MISSED:
        overtaken = min(overtaken + 1, MOST_COUNTED)
    problem = "" if next_instant else NEVER.format(entry.rule.expression)
    return Ending(entry=entry, run=replace(run, missed_count=overtaken), next_instant=next_instant, problem=problem)


def broken(entry: Entry, reason: str) -> Ending:
    """Return the ending of an entry whose rule can't be evaluated: its schedule is stopped and says why."""
    run = Run(schedule_id=entry.schedule_id, seq=entry.seq, due=entry.due_at, outcome=RunOutcome.FAILED, reason=reason)
    return Ending(entry=entry, run=run, next_instant=None, problem=reason)


def _overtaken(entry: Entry, rule: Rule, run: Run) -> int:
    return rule.count(first_occurrence(entry, rule), run.due)


def following(ending: Ending) -> Entry | None:
    """Return the entry that takes the place of the one that ended; None when its schedule is stopped."""
    if ending.next_instant is None:
        return None
    since = ending.run.due if ending.run else ending.entry.since
    return ending.entry.anew(ending.next_instant, seq=next_seq(ending), since=since)


def next_seq(ending: Ending) -> int:
    """Return the number of the run to come."""
    return ending.entry.seq + (1 if ending.run else 0)
