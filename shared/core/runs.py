"""What became of the occurrences of a schedule: its history, one run a row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RunOutcome(StrEnum):
    """What a row of history tells; the texts are those of the wire."""

    STARTED = "started"  # Sense accepted the start
    NOT_STARTED = "notStarted"  # Sense answered that it did not start the task
    FAILED = "failed"  # Sense refused it, or the schedule can't be evaluated
    MISSED = "missed"  # nobody could start it in time
    DENIED = "denied"  # the start filter forbids the task


# Begins the reason of a run that is told by somebody who can't know.
MAY_BE_UNDER_WAY = "outcome unknown: a start may be under way."


@dataclass(frozen=True, kw_only=True)
class Run:
    """An occurrence and what became of it; `missed_count` others are told of by the same row, 100 means 100 or more.

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
        """True when whoever started the task, if anybody did, knows better."""
        return self.reason is not None and self.reason.startswith(MAY_BE_UNDER_WAY)

    @property
    def late_seconds(self) -> float | None:
        return (self.started - self.due).total_seconds() if self.started else None
