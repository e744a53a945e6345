"""What a try to start a task comes to: a run that is recorded, or another try."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.core.entry import Entry, count_before
from shared.core.errors import QrsError, QrsRefused, QrsUnanswered, QrsUnreachable, TaskNotStarted
from shared.core.runs import Run, RunOutcome


@dataclass(frozen=True, kw_only=True)
class Try:
    """A claimed entry whose task is to be started for `occurrence`."""

    entry: Entry
    occurrence: datetime


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of it: an execution, an error, or neither when it was not sent."""

    of: Try
    at: datetime
    execution_id: str | None = None
    error: Exception | None = None

    @property
    def was_sent(self) -> bool:
        return self.execution_id is not None or self.error is not None

    @property
    def is_out_of_reach(self) -> bool:
        return isinstance(self.error, QrsUnreachable | QrsUnanswered)


OWN_FAULT = "Footman failed while it sent the start, whose outcome is unknown; its log tells why."


def run_of(tried: Tried) -> Run | None:
    """Return the run when nothing is left to be tried, else None.

    Final are an execution, Sense's word that it started none, its refusal of the request, and our own fault: trying the
    same again can't mend them. Anything else may pass: no connection, no answer, a missing right, an overload.
    """
    match tried.error:
        case None if tried.execution_id:
            return _run(tried, RunOutcome.STARTED)
        case TaskNotStarted():
            return _run(tried, RunOutcome.NOT_STARTED)
        case QrsRefused():
            return _run(tried, RunOutcome.FAILED)
        case None | QrsError():
            return None
        case _:
            return _run(tried, RunOutcome.UNKNOWN)


def given_back(tried: Tried, not_before: datetime) -> Entry:
    """Return the entry for another try: at `not_before` after one that failed, at once when it was not sent.

    It still names the claim under which it was had: by that storage knows it again.
    """
    entry = tried.of.entry
    if not tried.was_sent:
        return replace(entry, tries=replace(entry.tries, attempt=entry.tries.attempt - 1, tried_since=None))
    may_be_under_way = isinstance(tried.error, QrsUnanswered)
    tries = replace(
        entry.tries,
        occurrence=tried.of.occurrence,
        tried_since=tried.at if may_be_under_way else None,
        not_before=not_before,
        last_error=str(tried.error),
    )
    return replace(entry, tries=tries)


def untried(found: Entry, entry: Entry) -> Entry:
    """Return an entry whose earlier start did not reach Sense: as it was found, for a try of what is the newest now."""
    return replace(found, claim=entry.claim, etag=entry.etag, tries=replace(found.tries, tried_since=None))


def unasked(found: Entry, entry: Entry, why: str) -> Entry:
    """Return an entry as it was found, for Sense could not be asked about it."""
    tries = replace(entry.tries, attempt=found.tries.attempt, tried_since=found.tries.tried_since, last_error=why)
    return replace(entry, tries=tries)


def postponed(entry: Entry, not_before: datetime) -> Entry:
    """Return the entry, as it was found, for a time when Sense can be asked what became of it."""
    return replace(entry, tries=replace(entry.tries, not_before=not_before))


def not_given_back(entry: Entry) -> Run | None:
    """Return the run of an entry that somebody took from the agenda while its start was tried, None if it was not."""
    if not entry.tries.last_error:
        return None
    outcome = RunOutcome.UNKNOWN if entry.tries.tried_since else RunOutcome.FAILED
    reason = f"{entry.tries.last_error} It is not tried again: the schedule was changed meanwhile."
    return entry.run(entry.reach, outcome, reason, count_before(entry, entry.reach))


def _run(tried: Tried, outcome: RunOutcome) -> Run:
    is_started = outcome is RunOutcome.STARTED
    reason = str(tried.error) if isinstance(tried.error, QrsError) else OWN_FAULT
    return Run(
        schedule_id=tried.of.entry.schedule_id,
        seq=tried.of.entry.seq,
        due=tried.of.occurrence,
        outcome=outcome,
        started=tried.at if is_started else None,
        attempt=tried.of.entry.tries.attempt,
        reason=None if is_started else reason,
        execution_id=tried.execution_id,
    )
