"""What the try to start a task comes to: a run that is told, or another try."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.core.due import Due
from shared.core.ends import told_of
from shared.core.errors import QrsError, QrsRefused, QrsUnanswered, QrsUnreachable, TaskNotStarted
from shared.core.runs import Run, RunOutcome


@dataclass(frozen=True, kw_only=True)
class Try:
    """A claimed entry whose task is to be started for `occurrence`."""

    due: Due
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
            return _run(tried, RunOutcome.FAILED)


def given_back(tried: Tried, not_before: datetime) -> Due:
    """Return the entry for another try: at `not_before` after one that failed, at once when it was not sent.

    It still names the claim under which it was had: by that storage knows it again.
    """
    due = tried.of.due
    if not tried.was_sent:
        return replace(due, attempt=due.attempt - 1, tried_since=None)
    may_be_under_way = isinstance(tried.error, QrsUnanswered)
    return replace(
        due,
        occurrence=tried.of.occurrence,
        tried_since=tried.at if may_be_under_way else None,
        not_before=not_before,
        last_error=str(tried.error),
    )


def untried(found: Due, due: Due) -> Due:
    """Return an entry whose earlier start did not reach Sense: as it was found, for a try of what is the newest now."""
    return replace(found, claim=due.claim, etag=due.etag, tried_since=None)


def unasked(found: Due, due: Due, why: str) -> Due:
    """Return an entry as it was found, for Sense could not be asked about it."""
    return replace(due, attempt=found.attempt, tried_since=found.tried_since, last_error=why)


def postponed(due: Due, not_before: datetime) -> Due:
    """Return the entry, as it was found, for a time when Sense can be asked what became of it."""
    return replace(due, not_before=not_before)


def not_given_back(due: Due) -> Run | None:
    """Return the run of an entry that somebody took from the agenda while its start was tried, None if it was not."""
    if not due.last_error:
        return None
    return Run(
        schedule_id=due.schedule_id,
        seq=due.seq,
        due=due.occurrence or due.instant,
        outcome=RunOutcome.FAILED,
        attempt=due.attempt,
        missed_count=told_of(due, due.occurrence or due.instant),
        reason=f"{due.last_error} It is not tried again: the schedule was changed meanwhile.",
    )


def _run(tried: Tried, outcome: RunOutcome) -> Run:
    is_started = outcome is RunOutcome.STARTED
    reason = str(tried.error) if isinstance(tried.error, QrsError) else OWN_FAULT
    return Run(
        schedule_id=tried.of.due.schedule_id,
        seq=tried.of.due.seq,
        due=tried.of.occurrence,
        outcome=outcome,
        started=tried.at if is_started else None,
        attempt=tried.of.due.attempt,
        reason=None if is_started else reason,
        execution_id=tried.execution_id,
    )
