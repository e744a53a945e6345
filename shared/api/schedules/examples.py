"""The parts of the examples in the schedules' calls."""

from http import HTTPStatus

from shared.api.edge.examples import APP1, SENSE_REFUSES, STORAGE_AWAY
from shared.core.errors import ChangedMeanwhile, TaskForbidden

SCHEDULE_ID = "b028d0a2-7116-41bf-b15a-4f01bd126464"
ID_OF_ONE = {"id": SCHEDULE_ID}
DEFINITION = {
    "name": "Sales, every morning",
    "cronSchedule": "0 6 * * *",
    "timezone": "Europe/Stockholm",
    "qlikSenseTaskId": APP1,
    "startupState": "stopped",
    "tags": ["tag 1", "abc 123 åäö"],
}
STOPPED = {"id": SCHEDULE_ID, "created": "2026-11-20T05:15:28.580Z", **DEFINITION, "lastKnownState": "stopped"}
STARTED = STOPPED | {"lastKnownState": "started"}
RUN = {
    "due": "2026-11-22T05:00:00Z",
    "started": "2026-11-22T05:00:00Z",
    "lateSeconds": 0.041,
    "attempt": 1,
    "outcome": "started",
    "reason": None,
    "executionId": "d0a1ae4c-8a1f-4a9c-a1c5-4b1f2a3c4d5e",
    "missedCount": 0,
}
STATUS = {
    "id": SCHEDULE_ID,
    "name": DEFINITION["name"],
    "state": "started",
    "nextRun": {"utc": "2026-11-23T05:00:00Z", "local": "2026-11-23T06:00:00+01:00"},
    "lastRun": RUN,
}

NO_SCHEDULE = STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: f"REST SCHEDULER: Schedule ID {SCHEDULE_ID} not found."}
NOT_CHANGED = NO_SCHEDULE | {HTTPStatus.PRECONDITION_FAILED: str(ChangedMeanwhile(SCHEDULE_ID))}
NO_TAG = STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "tag is empty: give it a value, or leave it out."}
# With a start filter, the tags and properties of the task are looked up in Sense.
TASK_REFUSED = {
    HTTPStatus.FORBIDDEN: str(TaskForbidden(APP1)),
    HTTPStatus.BAD_GATEWAY: SENSE_REFUSES,
}
NOT_MADE = (
    STORAGE_AWAY
    | TASK_REFUSED
    | {
        HTTPStatus.BAD_REQUEST: "body.startupState: \"on\" is not allowed; should be 'start', 'started', 'stop' or "
        "'stopped'.",
        HTTPStatus.FAILED_DEPENDENCY: "outcome unknown: Table storage gave no answer. Whether the schedule was made is "
        f"told by GET /v4/schedules?id={SCHEDULE_ID}: look there before you make it again.",
    }
)
