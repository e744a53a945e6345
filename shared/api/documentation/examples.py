"""An example for every call of the contract; those of Butler's calls are the ones its own documentation shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

APP1, APP2, APP3 = (
    "e3b27f50-b1c0-4879-88fc-c7cdd9c1cf3e",
    "7552d9fc-d1bb-4975-9a38-18357de531ea",
    "fb0f317d-da91-4b86-aafa-0174ae1e8c8f",
)
SCHEDULE_ID = "b028d0a2-7116-41bf-b15a-4f01bd126464"


@dataclass(frozen=True, kw_only=True)
class Example:
    """What is sent and answered: `bodies` by what they do, `also` by status what else may be answered."""

    answer: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bodies: Mapping[str, Any] = field(default_factory=dict)
    also: Mapping[HTTPStatus, Mapping[str, Any]] = field(default_factory=dict)


TASK1 = {"taskId": APP1, "taskName": "Reload task of App1"}
NOTHING: dict[str, Any] = {"tasksId": {"started": [], "invalid": [], "denied": []}} | {
    name: list[Any]() for name in ("tasksTag", "tasksTagDenied", "tasksCP", "tasksCPDenied")
}

START = Example(
    parameters={"taskId": APP1, "allTaskIdsMustExist": True},
    bodies={
        "No more than the task of the path": [],
        "Two tasks more": [
            {"type": "starttaskid", "payload": {"taskId": APP2}},
            {"type": "starttaskid", "payload": {"taskId": APP3}},
        ],
        "Tasks of a tag and of a custom property, with a value that their script reads": [
            {
                "type": "keyvaluestore",
                "payload": {"namespace": "sales", "key": "day", "value": "2026-11-22", "ttl": 60000},
            },
            {"type": "starttasktag", "payload": {"tag": "startTask1"}},
            {
                "type": "starttaskcustomproperty",
                "payload": {"customPropertyName": "taskGroup", "customPropertyValue": "tasks1"},
            },
        ],
    },
    answer=NOTHING | {"tasksId": {"started": [TASK1], "invalid": [], "denied": []}},
    also={
        HTTPStatus.BAD_GATEWAY: {
            "Sense accepted no start": NOTHING
            | {
                "tasksFailed": [
                    {"taskId": APP1, "taskName": "Reload task of App1", "reason": "Sense did not start it."}
                ]
            },
            "Sense gave an answer that can't be used": {
                "statusCode": 502,
                "error": "Bad Gateway",
                "message": "Sense refused the client certificate or the user.",
            },
        }
    },
)

DEFINITION = {
    "name": "Every 5 sec",
    "cronSchedule": "*/5 * * * * *",
    "timezone": "Europe/Stockholm",
    "qlikSenseTaskId": "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b",
    "startupState": "started",
    "tags": ["tag 1", "abc 123 åäö"],
}
SCHEDULE = {"id": SCHEDULE_ID, "created": "2021-10-27T05:15:28.580Z", **DEFINITION, "lastKnownState": "started"}
TWO_HOURLY = {
    "id": "3702cec1-b6c8-463e-bda3-58d6a94dd9ac",
    "created": "2021-10-08T07:24:38.373Z",
    "name": "Every 2 hours",
    "cronSchedule": "* */2 * * *",
    "timezone": "Europe/London",
    "qlikSenseTaskId": "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b",
    "startupState": "started",
    "tags": ["tag 3", "abc 123 åäö"],
    "lastKnownState": "started",
}
STOPPED = SCHEDULE | {"lastKnownState": "stopped"}
RUN = {
    "due": "2026-11-22T06:00:00Z",
    "started": "2026-11-22T06:00:00Z",
    "lateSeconds": 0.041,
    "attempt": 1,
    "outcome": "started",
    "reason": None,
    "executionId": "d0a1ae4c-8a1f-4a9c-a1c5-4b1f2a3c4d5e",
    "missedCount": 0,
}
NEXT = {"utc": "2026-11-22T06:00:05Z", "local": "2026-11-22T07:00:05+01:00"}
ONE = {"id": SCHEDULE_ID}
PAIR = {"namespace": "sales", "key": "day", "value": "2026-11-22"}
NAMESPACE, KEY = {"namespace": "sales"}, {"namespace": "sales", "key": "day"}
CHECKS: Mapping[str, Any] = {
    "settings": {"status": "ok"},
    "storage": {"status": "ok", "milliseconds": 9},
    "sense": {"status": "ok", "milliseconds": 31},
    "tick": {"status": "ok", "secondsAgo": 24},
}
HEALTH = {
    "status": "ok",
    "access": "key",
    "checks": CHECKS,
    "certificateDaysLeft": {"client": 412, "root": 3100},
}
UNHEALTHY = HEALTH | {
    "status": "unhealthy",
    "checks": {**CHECKS, "tick": {"status": "stopped coming", "secondsAgo": 512}},
}

EXAMPLES: dict[str, Example] = {
    "start_task_put": START,
    "start_task_post": START,
    "schedules_get": Example(parameters={"tag": "tag 3"}, answer=[TWO_HOURLY]),
    "schedules_post": Example(bodies={"": DEFINITION}, answer=SCHEDULE),
    "schedule_with_id_get": Example(parameters=ONE, answer=SCHEDULE),
    "schedule_with_id_put": Example(parameters=ONE, bodies={"": DEFINITION}, answer=SCHEDULE),
    "schedule_with_id_delete": Example(parameters=ONE),
    "schedule_start_put": Example(parameters=ONE, answer=[SCHEDULE]),
    "schedule_stop_put": Example(parameters=ONE, answer={}),
    "schedule_start_all_put": Example(parameters={"tag": "tag 1"}, answer=[SCHEDULE]),
    "schedule_stop_all_put": Example(parameters={"tag": "tag 1"}, answer=[STOPPED]),
    "schedule_status_get": Example(
        answer=[{"id": SCHEDULE_ID, "name": "Every 5 sec", "state": "started", "nextRun": NEXT, "lastRun": RUN}]
    ),
    "schedule_history_get": Example(parameters=ONE | {"limit": 100}, answer=[RUN]),
    "schedule_preview_get": Example(
        parameters={
            "cronSchedule": "0 6 * * 1-5",
            "timezone": "Europe/Stockholm",
            "after": "2026-11-21T00:00:00Z",
            "count": 2,
        },
        answer={
            "next": [
                {"utc": "2026-11-23T05:00:00Z", "local": "2026-11-23T06:00:00+01:00"},
                {"utc": "2026-11-24T05:00:00Z", "local": "2026-11-24T06:00:00+01:00"},
            ]
        },
    ),
    "key_namespaces_get": Example(answer=["sales"]),
    "key_list_get": Example(parameters=NAMESPACE, answer={"namespace": "sales", "keys": [{"key": "day"}]}),
    "key_values_get": Example(parameters=KEY, answer=PAIR),
    "key_values_post": Example(
        parameters=NAMESPACE,
        bodies={"": {"key": "day", "value": "2026-11-22", "ttl": 60000}},
        answer=PAIR | {"ttl": 60000},
    ),
    "key_values_delete": Example(parameters=NAMESPACE),
    "key_exists_get": Example(parameters=KEY, answer={"keyExists": True, "keyValue": PAIR}),
    "key_exists_delete": Example(parameters=NAMESPACE),
    "key_value_delete": Example(parameters=KEY),
    "ping_get": Example(answer={"response": "Butler reporting for duty", "butlerVersion": "Footman 0.1.0"}),
    "health_get": Example(
        answer=HEALTH,
        also={HTTPStatus.SERVICE_UNAVAILABLE: {"": UNHEALTHY}},
    ),
    "openapi_get": Example(answer={"openapi": "3.1.0"}),
}

# Where Butler 11 and later answer in another form.
CURRENT_EXAMPLES: dict[str, Example] = {
    "schedule_stop_put": replace(EXAMPLES["schedule_stop_put"], answer=[STOPPED]),
}

FAILURES: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "REST SCHEDULER: Schedule ID Manually-added-schedule-1 not found.",
    HTTPStatus.FORBIDDEN: f"The start filter does not allow task {APP1}.",
    HTTPStatus.FAILED_DEPENDENCY: (
        "outcome unknown: Table storage gave no answer. Whether the schedule was made is told by "
        f"GET /v4/schedules?id={SCHEDULE_ID}: look there before you make it again."
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: "QRS_URL is missing: set it to the address of the site's Repository Service.",
    HTTPStatus.BAD_GATEWAY: "Sense refused the client certificate or the user.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Storage gave no usable answer in time.",
}
