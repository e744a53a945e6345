"""GET /v4/audit: who changed and who started what, newest first."""

from http import HTTPStatus
from typing import Annotated, Any, NotRequired

import azure.functions as func
from pydantic import Field
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge.calls import Call, Example
from shared.api.edge.examples import APP1, STORAGE_AWAY
from shared.api.edge.http import Answer
from shared.api.edge.parameters import Instant, OptionalText, WholeNumber
from shared.core.audit import AuditQuery, AuditRecord
from shared.core.callers import Caller, Right

SINCE = Instant(name="since", description="Only what was recorded at this instant or later.")
BEFORE = Instant(name="before", description="Only what was recorded before this instant: to read on from the oldest.")
SCHEDULE = OptionalText(name="schedule", description="Only changes of the schedule with this id.", longest=36)
CALLER = OptionalText(
    name="caller",
    description="Only what this caller did: a name of CALLERS, or the first 8 characters of its key's SHA-256.",
    longest=100,
)
LIMIT = WholeNumber(name="limit", description="How many records to tell, the newest ones.", if_absent=100, most=1000)
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class RecordAnswer(TypedDict):
    """A change, or a request to start tasks; what does not apply to it is not there.

    `caller` is a name of CALLERS or the first 8 characters of the key's SHA-256, `address` where the request came from,
    each empty where it is not known. `outcome` is `done`, `failed: …`, or `not recorded` while nobody knows what became
    of it.
    """

    id: str
    at: Moment
    caller: str
    address: str
    action: str
    outcome: str
    schedule: NotRequired[str]
    through: NotRequired[str]
    requested: NotRequired[dict[str, Any]]
    before: NotRequired[dict[str, Any]]
    after: NotRequired[dict[str, Any]]
    traceparent: NotRequired[str]


def _audit(req: func.HttpRequest, _caller: Caller) -> Answer:
    schedule = SCHEDULE.read(req)
    query = AuditQuery(
        since=SINCE.read(req),
        before=BEFORE.read(req),
        schedule_id=schedule.lower() if schedule else None,
        caller=CALLER.read(req),
        limit=LIMIT.read(req),
    )
    return Answer(body=[_record(each) for each in wiring.audit().newest(query)])


def _record(kept: AuditRecord) -> dict[str, Any]:
    always = {
        "id": kept.id,
        "at": kept.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "caller": kept.origin.caller,
        "address": kept.origin.address,
        "action": kept.action,
        "outcome": kept.outcome,
    }
    also = {
        "schedule": kept.schedule_id,
        "through": kept.through,
        "requested": kept.requested,
        "before": kept.before,
        "after": kept.after,
        "traceparent": kept.origin.traceparent,
    }
    return always | {name: value for name, value in also.items() if value}


STOPPED = {
    "id": "b1d2a6c4-6f0e-4a3b-9a52-4b7d0a1f6a10",
    "at": "2026-11-22T05:00:00.412Z",
    "caller": "scheduler of the ERP",
    "address": "203.0.113.7",
    "action": "schedule_stopped",
    "outcome": "done",
    "schedule": APP1,
    "before": {"id": APP1, "lastKnownState": "started"},
    "after": {"id": APP1, "lastKnownState": "stopped"},
}
AUDIT = Call(
    handler=_audit,
    right=Right.ADMIN,
    summary="Tell who changed and who started what, newest first",
    answer=list[RecordAnswer],
    parameters=(SINCE, BEFORE, SCHEDULE, CALLER, LIMIT),
    failures=STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: 'limit: "0" is not allowed; use a whole number from 1 to 1000.'},
    example=Example(answer=[STOPPED]),
)
