"""Schedules and their runs as they come and go over the wire: Butler's names, Butler's forms.

The rooms of the schedules are imported at the first request that needs them: Azure waits for the import of the app.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, field_validator

from shared.api.reading import shown
from shared.core.errors import CallerError
from shared.core.starts import is_guid

if TYPE_CHECKING:
    from shared.core.runs import Run
    from shared.core.schedules import Definition, Schedule
    from shared.core.zones import Zone

MOST_TAGS = 50

# A control character has no place in a name, and would take six in storage.
_Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Tag = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ScheduleBody(BaseModel):
    """What a caller says of a schedule; what else stands in the body, id and state among it, is Footman's to say."""

    # Built at the first request too.
    model_config = ConfigDict(defer_build=True)

    name: Annotated[_Line, StringConstraints(max_length=200)]
    cronSchedule: str  # noqa: N815 - the wire's name
    timezone: Annotated[str, Field(validation_alias=AliasChoices("timezone", "timeZone"))]
    timeZone: str | None = None  # noqa: N815 - the name that Butler's code reads
    qlikSenseTaskId: str  # noqa: N815 - the wire's name
    startupState: Literal["start", "started", "stop", "stopped"]  # noqa: N815 - the wire's name
    tags: Annotated[list[_Tag], Field(max_length=MOST_TAGS)] | None = None

    @field_validator("name")
    @classmethod
    def _is_not_blank(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("it must not be empty")
        return name

    @field_validator("qlikSenseTaskId")
    @classmethod
    def _is_a_guid(cls, task_id: str) -> str:
        if not is_guid(task_id):
            raise ValueError("a GUID is expected, such as 0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b")
        return task_id


SCHEDULE: TypeAdapter[ScheduleBody] = TypeAdapter(ScheduleBody)


def definition(body: ScheduleBody) -> "Definition":
    """Return what the body says; raises CallerError where it names two zones."""
    if body.timeZone not in {None, body.timezone}:
        raise CallerError(
            f"body.timeZone: {shown(body.timeZone)} is not allowed beside timezone {shown(body.timezone)}; the two are "
            "names of one thing."
        )
    from shared.core.schedules import Definition  # noqa: PLC0415

    return Definition(
        name=body.name,
        cron=body.cronSchedule,
        zone=body.timezone,
        task_id=body.qlikSenseTaskId,
        startup_state=body.startupState,
        tags=None if body.tags is None else tuple(body.tags),
    )


def schedule(kept: "Schedule") -> dict[str, Any]:
    """Return the object that Butler's clients know; `problem` only where there is one."""
    told = kept.definition
    return {
        "id": kept.id,
        "created": kept.created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "name": told.name,
        "cronSchedule": told.cron,
        "timezone": told.zone,
        "qlikSenseTaskId": told.task_id,
        "startupState": told.startup_state,
        **({} if told.tags is None else {"tags": list(told.tags)}),
        "lastKnownState": kept.state.value,
        **_problem(kept),
    }


def status(kept: "Schedule") -> dict[str, Any]:
    """Return when a schedule runs next and what became of its last run."""
    return {
        "id": kept.id,
        "name": kept.definition.name,
        "state": kept.state.value,
        "nextRun": _next_run(kept),
        "lastRun": run(kept.last_run) if kept.last_run else None,
        **_problem(kept),
    }


def run(told: "Run") -> dict[str, Any]:
    """Return a row of history; what is absent is null."""
    late = told.late_seconds
    return {
        "due": utc(told.due),
        "started": utc(told.started) if told.started else None,
        "lateSeconds": None if late is None else round(late, 3),
        "attempt": told.attempt,
        "outcome": told.outcome.value,
        "reason": told.reason,
        "executionId": told.execution_id,
        "missedCount": told.missed_count,
    }


def moment(instant: datetime, zone: "Zone") -> dict[str, str]:
    return {"utc": utc(instant), "local": zone.local(instant).isoformat()}


def utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _next_run(kept: "Schedule") -> dict[str, str | None] | None:
    if kept.due is None:
        return None
    from shared.core.zones import Zone  # noqa: PLC0415

    try:
        return dict(moment(kept.due, Zone.parse(kept.definition.zone)))
    except CallerError:
        # A zone that is gone must not hide the other schedules; the next tick stops this one and says why.
        return {"utc": utc(kept.due), "local": None}


def _problem(kept: "Schedule") -> dict[str, str]:
    return {"problem": kept.problem} if kept.problem else {}
