"""Schedules and their runs as they are answered, under the names and in the forms that Butler uses."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from shared.core.runs import Run
    from shared.core.schedules import Deleted, Schedule
    from shared.core.zones import Zone

StartupState = Annotated[str, Field(json_schema_extra={"enum": ["start", "started", "stop", "stopped"]})]
KnownState = Annotated[str, Field(json_schema_extra={"enum": ["started", "stopped"]})]
Outcome = Annotated[str, Field(json_schema_extra={"enum": ["started", "notStarted", "failed", "missed", "denied"]})]
ReasonCode = Annotated[str, Field(json_schema_extra={"enum": ["outcomeUnknown"]})]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class ScheduleAnswer(TypedDict):
    """A schedule as Butler's clients know it; `problem` tells why Footman stopped it, or can't read it."""

    id: str
    created: Moment
    name: str
    cronSchedule: str
    timezone: str
    qlikSenseTaskId: str
    startupState: StartupState
    tags: NotRequired[list[str]]
    lastKnownState: KnownState
    problem: NotRequired[str]


class DeletedAnswer(ScheduleAnswer):
    """A deleted schedule as it was, and when it was deleted."""

    deleted: Moment


def deleted(kept: "Deleted") -> DeletedAnswer:
    """Return a deleted schedule, which has no state to be known."""
    return {**schedule(kept.schedule), "deleted": utc(kept.at)}


def schedule(kept: "Schedule") -> ScheduleAnswer:
    """Return a schedule as Butler answers it."""
    return cast("ScheduleAnswer", kept.told())


def schedules(kept: "Iterable[Schedule]") -> list[ScheduleAnswer]:
    """Return schedules as Butler answers them."""
    return [schedule(each) for each in kept]


class RunAnswer(TypedDict):
    """An occurrence and what became of it; `missedCount` others are told of by the same row."""

    due: Moment
    started: Moment | None
    lateSeconds: float | None
    attempt: int
    outcome: Outcome
    reasonCode: NotRequired[ReasonCode]
    reason: str | None
    executionId: str | None
    missedCount: int


class MomentAnswer(TypedDict):
    """An instant in UTC and on the schedule's clock."""

    utc: Moment
    local: Moment | None


class StatusAnswer(TypedDict):
    """When a schedule runs next and what became of its last run."""

    id: str
    name: str
    state: KnownState
    nextRun: MomentAnswer | None
    lastRun: RunAnswer | None
    problem: NotRequired[str]


def status(kept: "Schedule") -> StatusAnswer:
    """Return when a schedule runs next and what became of its last run."""
    answer: StatusAnswer = {
        "id": kept.id,
        "name": kept.definition.target.name,
        "state": kept.state.value,
        "nextRun": _next_run(kept),
        "lastRun": run(kept.last_run) if kept.last_run else None,
    }
    if kept.problem:
        answer["problem"] = kept.problem
    return answer


def run(recorded: "Run") -> RunAnswer:
    """Return an occurrence as it stands in history, with times in UTC."""
    late = recorded.late_seconds
    answer: RunAnswer = {
        "due": utc(recorded.due),
        "started": utc(recorded.started) if recorded.started else None,
        "lateSeconds": None if late is None else round(late, 3),
        "attempt": recorded.attempt,
        "outcome": recorded.outcome.word,
        "reason": recorded.reason,
        "executionId": recorded.execution_id,
        "missedCount": recorded.missed_count,
    }
    if code := recorded.outcome.reason_code:
        answer["reasonCode"] = code
    return answer


def moment(instant: datetime, zone: "Zone") -> MomentAnswer:
    """Return an instant in UTC and on the clock of the zone."""
    return {"utc": utc(instant), "local": zone.local(instant).isoformat()}


def utc(instant: datetime) -> str:
    """Return an instant in UTC to the second, such as 2026-11-22T06:00:00Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _next_run(kept: "Schedule") -> MomentAnswer | None:
    if kept.due_at is None:
        return None
    # Without a zone that exists there is no clock; the next tick stops the schedule and says why.
    zone = kept.definition.rule.zone
    return moment(kept.due_at, zone) if zone else {"utc": utc(kept.due_at), "local": None}
