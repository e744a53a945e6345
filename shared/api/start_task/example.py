"""The example of starting tasks: what the page fills in, the answers, and the errors."""

from http import HTTPStatus
from typing import Any

from shared.api.edge.calls import Example
from shared.api.edge.examples import APP1, APP2, APP3, SENSE_REFUSES, WRONG_SETTING

TASK1 = {"taskId": APP1, "taskName": "Reload task of App1"}
NOTHING: dict[str, Any] = {"tasksId": {"started": [], "invalid": [], "denied": []}} | {
    name: list[Any]() for name in ("tasksTag", "tasksTagDenied", "tasksCP", "tasksCPDenied")
}

FAILURES = WRONG_SETTING | {
    HTTPStatus.BAD_REQUEST: 'allTaskIdsMustExist: "yes" is not allowed; use true or false.',
    HTTPStatus.SERVICE_UNAVAILABLE: "Cannot reach sense.example.com:4242: connection refused. Check that the Sense "
    "repository service runs and that QRS_URL names its port.",
}
EXAMPLE = Example(
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
