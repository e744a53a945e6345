"""What became of the occurrences of a schedule: its history, one run a row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RunOutcome(StrEnum):
    """What became of an occurrence; the texts are those that callers see, but for `unknown`."""

    STARTED = "started"  # Sense accepted the start
    NOT_STARTED = "notStarted"  # Sense answered that it did not start the task
    FAILED = "failed"  # Sense refused it, or the schedule can't be evaluated
    MISSED = "missed"  # nobody could start it in time
    DENIED = "denied"  # the start filter forbids the task
    UNKNOWN = "unknown"  # a start may have reached Sense, and nobody knows what it did

    @property
    def word(self) -> str:
        """The word in answers, rows, log and heartbeat, where what is unknown has always been called failed."""
        return RunOutcome.FAILED.value if self is RunOutcome.UNKNOWN else self.value

    @property
    def reason_code(self) -> str | None:
        """The code that stands beside the word where the word alone does not say it all."""
        return OUTCOME_UNKNOWN if self is RunOutcome.UNKNOWN else None


# Begins the reason of a run that is recorded by somebody who can't know.
MAY_BE_UNDER_WAY = "outcome unknown: a start may be under way."
# Stands beside a start or a run of which nobody knows what became of it; callers may rely on it.
OUTCOME_UNKNOWN = "outcomeUnknown"
OUTCOME_WORDS = tuple(dict.fromkeys(outcome.word for outcome in RunOutcome))


@dataclass(frozen=True, kw_only=True)
class Run:
    """An occurrence and what became of it; `missed_count` others belong to the same row, 100 means 100 or more.

    With outcome MISSED the occurrence itself is among those counted.
    """

    schedule_id: str
    seq: int
    due: datetime
    outcome: RunOutcome
    started: datetime | None = None
    attempt: int = 0
    reason: str | None = None
    execution_id: str | None = None
    missed_count: int = 0

    @property
    def is_guess(self) -> bool:
        """True when whoever sent the start, if anybody did, knows better; rows say so by their reason alone."""
        return self.reason is not None and self.reason.startswith(MAY_BE_UNDER_WAY)

    @property
    def late_seconds(self) -> float | None:
        return (self.started - self.due).total_seconds() if self.started else None
