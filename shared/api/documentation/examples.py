"""An example for every call of the contract: what the page fills in, what is answered, and what goes wrong with it.

What is filled in is sent at a click, so it does no harm: the tasks are those of the stand-in for Sense, which no other
site has, a schedule is made stopped, and nothing optional is filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

APP1, APP2, APP3 = (
    "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a",
    "7d1427f4-b9ad-5812-aed5-9e6da8b9889c",
    "7d7d32dd-a1fb-506e-9aee-50d88b2e94d3",
)
SCHEDULE_ID = "b028d0a2-7116-41bf-b15a-4f01bd126464"


@dataclass(frozen=True, kw_only=True)
class Example:
    """What is sent and answered: `bodies` by what they do, `also` by status what else may be answered.

    `failures` are the messages of the error envelope, by status, each as this very call gives it.
    """

    failures: Mapping[HTTPStatus, str]
    answer: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bodies: Mapping[str, Any] = field(default_factory=dict)
    also: Mapping[HTTPStatus, Mapping[str, Any]] = field(default_factory=dict)


CRASHED = {
    HTTPStatus.INTERNAL_SERVER_ERROR: "Footman failed; its log tells why under invocation "
    "5e0c3f0e-7a4f-4a55-9a53-0f6a2f1c9d11."
}
WRONG_SETTING = {HTTPStatus.INTERNAL_SERVER_ERROR: "QRS_URL is missing: see the settings in README.md."}
STORAGE_AWAY = WRONG_SETTING | {
    HTTPStatus.SERVICE_UNAVAILABLE: "Table storage gave no answer (ServiceRequestError). Check STORAGE_CONNECTION or "
    "STORAGE_TABLE_URL, and that the network lets Footman through."
}
NO_PARAMETERS = {HTTPStatus.BAD_REQUEST: "all is no parameter of this call: it takes none."}
NO_TAG = STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "tag is empty: give it a value, or leave it out."}
NO_SCHEDULE = STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: f"REST SCHEDULER: Schedule ID {SCHEDULE_ID} not found."}
NO_NAMESPACE = STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "Namespace not found: sales"}
NO_KEY_GIVEN = STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "key is missing: give it as a query parameter."}
SENSE_REFUSES = (
    "sense.example.com:4242 answered 403: it knows who asks but does not allow it. The client certificate may be "
    "missing or foreign, or the user lacks the right to read and start tasks (security rule with Read and Update on "
    "ReloadTask_*)."
)
# With a start filter, Sense is asked about the task.
OF_A_DEFINITION = STORAGE_AWAY | {
    HTTPStatus.FORBIDDEN: f"qlikSenseTaskId: '{APP1}' (Reload task of App1) is not allowed: START_TASK_FILTER has "
    "neither the task nor one of its tags or custom properties.",
    HTTPStatus.BAD_GATEWAY: SENSE_REFUSES,
}
WRONG_DEFINITION = OF_A_DEFINITION | {
    HTTPStatus.BAD_REQUEST: "body.startupState: \"on\" is not allowed; should be 'start', 'started', 'stop' or "
    "'stopped'.",
    HTTPStatus.FAILED_DEPENDENCY: "outcome unknown: Table storage gave no answer. Whether the schedule was made is "
    f"told by GET /v4/schedules?id={SCHEDULE_ID}: look there before you make it again.",
}


TASK1 = {"taskId": APP1, "taskName": "Reload task of App1"}
NOTHING: dict[str, Any] = {"tasksId": {"started": [], "invalid": [], "denied": []}} | {
    name: list[Any]() for name in ("tasksTag", "tasksTagDenied", "tasksCP", "tasksCPDenied")
}

START = Example(
    failures=WRONG_SETTING
    | {
        HTTPStatus.BAD_REQUEST: 'allTaskIdsMustExist: "yes" is not allowed; use true or false.',
        HTTPStatus.SERVICE_UNAVAILABLE: "Cannot reach sense.example.com:4242: connection refused. Check that the Sense "
        "repository service runs and that QRS_URL names its port.",
    },
    parameters={"taskId": APP1},
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
            {"type": "starttasktag", "payload": {"tag": "tag 1"}},
            {
                "type": "starttaskcustomproperty",
                "payload": {"customPropertyName": "taskGroup", "customPropertyValue": "group2"},
            },
        ],
    },
    answer=NOTHING | {"tasksId": {"started": [TASK1], "invalid": [], "denied": []}},
    also={
        HTTPStatus.BAD_GATEWAY: {
            "Sense accepted no start": NOTHING
            | {
                "tasksFailed": [
                    {
                        "taskId": APP1,
                        "taskName": "Reload task of App1",
                        "reason": "Sense did not start it: the task is disabled. Enable it in the QMC.",
                    }
                ]
            },
            "Sense gave an answer that can't be used": {
                "statusCode": 502,
                "error": "Bad Gateway",
                "message": SENSE_REFUSES,
            },
        }
    },
)

DEFINITION = {
    "name": "Sales, every morning",
    "cronSchedule": "0 6 * * *",
    "timezone": "Europe/Stockholm",
    "qlikSenseTaskId": APP1,
    "startupState": "stopped",
    "tags": ["tag 1", "abc 123 åäö"],
}
SCHEDULE = {"id": SCHEDULE_ID, "created": "2026-11-20T05:15:28.580Z", **DEFINITION, "lastKnownState": "stopped"}
STARTED = SCHEDULE | {"lastKnownState": "started"}
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
NEXT = {"utc": "2026-11-23T05:00:00Z", "local": "2026-11-23T06:00:00+01:00"}
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
    "schedules_get": Example(answer=[SCHEDULE], failures=NO_SCHEDULE),
    "schedules_post": Example(bodies={"": DEFINITION}, answer=SCHEDULE, failures=WRONG_DEFINITION),
    "schedule_with_id_get": Example(parameters=ONE, answer=SCHEDULE, failures=NO_SCHEDULE),
    "schedule_with_id_put": Example(
        parameters=ONE, bodies={"": DEFINITION}, answer=SCHEDULE, failures=OF_A_DEFINITION | NO_SCHEDULE
    ),
    "schedule_with_id_delete": Example(parameters=ONE, failures=NO_SCHEDULE),
    "schedule_start_put": Example(parameters=ONE, answer=[STARTED], failures=NO_SCHEDULE),
    "schedule_stop_put": Example(parameters=ONE, answer={}, failures=NO_SCHEDULE),
    "schedule_start_all_put": Example(answer=[STARTED], failures=NO_TAG),
    "schedule_stop_all_put": Example(answer=[SCHEDULE], failures=NO_TAG),
    "schedule_status_get": Example(
        answer=[{"id": SCHEDULE_ID, "name": DEFINITION["name"], "state": "started", "nextRun": NEXT, "lastRun": RUN}],
        failures=STORAGE_AWAY | NO_PARAMETERS,
    ),
    "schedule_history_get": Example(parameters=ONE, answer=[RUN], failures=NO_SCHEDULE),
    "schedule_preview_get": Example(
        parameters={"cronSchedule": "0 6 * * 1-5", "timezone": "Europe/Stockholm"},
        answer={
            "next": [
                {"utc": f"2026-11-{day}T05:00:00Z", "local": f"2026-11-{day}T06:00:00+01:00"}
                for day in (23, 24, 25, 26, 27)
            ]
        },
        failures=CRASHED | {HTTPStatus.BAD_REQUEST: "cronSchedule is missing: give it as a query parameter."},
    ),
    "key_namespaces_get": Example(answer=["sales"], failures=STORAGE_AWAY | NO_PARAMETERS),
    "key_list_get": Example(
        parameters=NAMESPACE, answer={"namespace": "sales", "keys": [{"key": "day"}]}, failures=NO_NAMESPACE
    ),
    "key_values_get": Example(parameters=KEY, answer=PAIR, failures=NO_NAMESPACE),
    "key_values_post": Example(
        parameters=NAMESPACE,
        bodies={"": {"key": "day", "value": "2026-11-22", "ttl": 60000}},
        answer=PAIR | {"ttl": 60000},
        failures=STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "Required parameter is missing: body.value."},
    ),
    "key_values_delete": Example(parameters=NAMESPACE, failures=NO_NAMESPACE),
    "key_exists_get": Example(parameters=KEY, answer={"keyExists": True, "keyValue": PAIR}, failures=NO_KEY_GIVEN),
    "key_exists_delete": Example(parameters=NAMESPACE, failures=NO_NAMESPACE),
    "key_value_delete": Example(parameters=KEY, failures=NO_NAMESPACE),
    "ping_get": Example(
        answer={"response": "Butler reporting for duty", "butlerVersion": "Footman 0.1.0"},
        failures=CRASHED | NO_PARAMETERS,
    ),
    "health_get": Example(
        answer=HEALTH, also={HTTPStatus.SERVICE_UNAVAILABLE: {"": UNHEALTHY}}, failures=CRASHED | NO_PARAMETERS
    ),
    "openapi_get": Example(answer={"openapi": "3.1.0"}, failures=CRASHED | NO_PARAMETERS),
}

# Where Butler 11 and later answer in another form.
CURRENT_EXAMPLES: dict[str, Example] = {
    "schedule_stop_put": replace(EXAMPLES["schedule_stop_put"], answer=[SCHEDULE]),
}
