"""A schedule as a caller sends it, and its conversion to a definition."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    TypeAdapter,
    field_validator,
    model_validator,
)

from shared.api.edge.refusals import EXPECTED, NotAllowed, shown
from shared.api.edge.texts import as_text
from shared.core.errors import CallerError
from shared.core.tasks import is_guid

if TYPE_CHECKING:
    from shared.core.schedules import Definition

MOST_TAGS = 50
LONGEST_TAG = 256

# A control character has no place in a name, and takes six characters in storage.
_Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_PlainTag = Annotated[str, StringConstraints(max_length=LONGEST_TAG, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Tag = Annotated[_PlainTag, BeforeValidator(as_text, json_schema_input_type=_PlainTag | int | float | bool)]
_Tags = Annotated[list[_Tag], Field(max_length=MOST_TAGS)]

# The contract's names of formats that only Footman itself can check.
CRON, ZONE = "cron", "iana-time-zone"
VISIBLE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_VisibleLine = Annotated[_Line, Field(json_schema_extra={"pattern": VISIBLE})]
GUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

# A letter that does not occur in a GUID.
_NO_DIGIT = re.compile(r"[^\W\d_a-f]", re.IGNORECASE)


def _listed(value: Any) -> Any:
    """Turn a single tag into a list, as Butler does: PowerShell's ConvertTo-Json unwraps a list of one."""
    return [value] if isinstance(value, str | int | float) else value


@dataclass(eq=False)
class TwoZones(CallerError):
    """A schedule names one zone as `timezone` and another as `timeZone`."""

    zone: str
    other: str

    def __str__(self) -> str:
        timezone = f"beside timezone {shown(self.zone)}"
        return f"body.timeZone: {shown(self.other)} is not allowed {timezone}; the two are names of one thing."


class ScheduleBody(BaseModel):
    """What a caller says of a schedule; what else stands in the body, id and state among it, is Footman's to say."""

    # Built at the first request, because Azure waits for the import of the app.
    model_config = ConfigDict(defer_build=True)

    # Numbers are only accepted where one can be right: not for expression, zone, task and state.
    name: Annotated[_Line, BeforeValidator(as_text, json_schema_input_type=_VisibleLine | int | float | bool)]
    cronSchedule: Annotated[  # noqa: N815 - the wire's name
        str,
        Field(
            description="Five fields, or six with seconds first; months are 1 to 12, Sunday is 0 or 7.",
            json_schema_extra={"format": CRON},
        ),
    ]
    timezone: Annotated[
        str,
        Field(
            description="The IANA name of the zone whose clock it follows.",
            # The second is the name that Butler's code reads; the contract has only the first.
            validation_alias=AliasChoices("timezone", "timeZone"),
            json_schema_extra={"format": ZONE},
        ),
    ]
    qlikSenseTaskId: Annotated[str, Field(json_schema_extra={"pattern": GUID})]  # noqa: N815 - the wire's name
    startupState: Literal["start", "started", "stop", "stopped"]  # noqa: N815 - the wire's name
    tags: Annotated[
        _Tags | None,
        BeforeValidator(_listed, json_schema_input_type=_Tags | _PlainTag | int | float | bool | None),
    ] = None
    keepState: Annotated[  # noqa: N815 - a name of the wire
        bool,
        Field(
            strict=True,
            description="In a PUT: leave the schedule started or stopped as it is, whatever startupState says.",
        ),
    ] = False

    @model_validator(mode="wrap")
    @classmethod
    def _names_one_zone(cls, sent: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """Return the schedule; raises CallerError for a second, different zone, which pydantic would ignore."""
        schedule = read(sent)
        other = sent.get("timeZone") if isinstance(sent, dict) else None
        if other is None or other == schedule.timezone:
            return schedule
        if not isinstance(other, str):
            raise NotAllowed("body.timeZone", other, EXPECTED["string_type"])
        raise TwoZones(schedule.timezone, other)

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
            name = "it looks like the task's name, and " if _NO_DIGIT.search(task_id) else ""
            raise ValueError(
                f"{name}a GUID is expected, such as 0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b: the QMC shows it under "
                "Tasks, in the column ID"
            )
        return task_id


SCHEDULE: TypeAdapter[ScheduleBody] = TypeAdapter(ScheduleBody)


def definition(body: ScheduleBody) -> "Definition":
    """Return the definition that a body asks for; raises CallerError."""
    from shared.core.schedules import Definition  # noqa: PLC0415 - only the schedules need it

    return Definition.read(
        name=body.name,
        cron=body.cronSchedule,
        zone=body.timezone,
        task_id=body.qlikSenseTaskId,
        startup_state=body.startupState,
        tags=None if body.tags is None else tuple(body.tags),
    )
