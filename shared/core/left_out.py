"""What a caller's change leaves out: the runs for an entry that is taken from the agenda."""

from datetime import datetime

from shared.core.cron import SECOND
from shared.core.entry import Entry, count_before, first_occurrence
from shared.core.rules import BrokenRule, answered, ask
from shared.core.runs import MAY_BE_UNDER_WAY, Run, RunOutcome


def left_out(entry: Entry, now: datetime, why: str) -> tuple[Run, ...]:
    """Return the runs for everything that an entry stands for which is taken from the agenda.

    What a tick has in hand gets the number under which the tick may still record it; what else was due gets the next.
    """
    if not entry.is_in_hand:
        missed_run = _missed(entry, now, why)
        return (missed_run,) if missed_run else ()
    after = rest(entry)
    other = _missed(after, now, why) if after else None
    return (in_hand(entry, why), other) if other else (in_hand(entry, why),)


def in_hand(entry: Entry, why: str) -> Run:
    """Return the run of what a tick has in hand, in case that tick can't record it; if it can, it knows better."""
    last = entry.reach
    if entry.tries.tried_since is None:
        return _missed_until(entry, last, why)
    reason = f"{MAY_BE_UNDER_WAY} {_reason(entry, why)}"
    return entry.run(last, RunOutcome.UNKNOWN, reason, count_before(entry, last))


def rest(entry: Entry) -> Entry | None:
    """Return the entry that follows what is in hand; None when its rule can't be evaluated or is never due again."""
    instant = answered(ask(entry.rule, lambda rule: rule.next_after(entry.reach)))
    return entry.anew(instant, seq=entry.seq + 1, since=entry.reach) if instant else None


def _missed(entry: Entry, now: datetime, why: str) -> Run | None:
    last = _newest(entry, now)
    return _missed_until(entry, last, why) if last else None


def _missed_until(entry: Entry, last: datetime, why: str) -> Run:
    return entry.run(last, RunOutcome.MISSED, _reason(entry, why), count_before(entry, last + SECOND))


def _reason(entry: Entry, why: str) -> str:
    return (
        f"{why} before it was started{f'; the last try: {entry.tries.last_error}' if entry.tries.last_error else '.'}"
    )


def _newest(entry: Entry, now: datetime) -> datetime | None:
    found = ask(entry.rule, lambda rule: rule.newest(first_occurrence(entry, rule), now))
    if isinstance(found, BrokenRule):
        return entry.due_at if entry.due_at <= now else None
    return found
