"""Entities as QRS shows them: full form, condensed form, and the lower-case form that filters read."""

import datetime as dt
from functools import cached_property, lru_cache

from sandbox.qrs.answers import ZERO_GUID, json_bytes
from sandbox.qrs.executions import Execution, Status
from sandbox.qrs.terms import fold

Entity = dict[str, object]

NULL_DATE = "1753-01-01T00:00:00.000Z"
_INFORMATION = 2
_CONDENSED_TASK = (
    "id",
    "name",
    "taskType",
    "enabled",
    "taskSessionTimeout",
    "maxRetries",
    "operational",
    "privileges",
)
_ONLY_IN_FULL = {"createdDate", "modifiedDate", "modifiedByUserName", "details", "schemaPath"}


class Row:
    """An entity in all its forms, each made on demand."""

    def __init__(self, entity: Entity, condensed: Entity) -> None:
        self.entity = entity
        self._condensed = condensed

    @cached_property
    def full(self) -> bytes:
        """Return the JSON of the full form."""
        return json_bytes(self.entity)

    @cached_property
    def condensed(self) -> bytes:
        """Return the JSON of the condensed form."""
        return json_bytes(self._condensed)

    @cached_property
    def folded(self) -> object:
        """Return the form with names and texts in lower case."""
        return fold(self.entity)


def task_row(task: Entity, last: Execution | None, now: float) -> Row:
    """Return the row of a task with the state of its last execution."""
    entity = task if last is None else {**task, "operational": _operational(task, last, now)}
    return Row(entity, {name: entity[name] for name in _CONDENSED_TASK if name in entity})


def result_row(execution: Execution, task: Entity, now: float) -> Row:
    """Return the row of an execution result."""
    entity = {
        "id": execution.result_id,
        "createdDate": instant(execution.triggered),
        "modifiedDate": instant(max(execution.triggered, min(now, execution.end))),
        "modifiedByUserName": "INTERNAL\\sa_scheduler",
        "taskID": execution.task_id,
        "appID": _app_id(task),
        **_last_result(execution, now),
        "schemaPath": "ExecutionResult",
    }
    return Row(entity, {name: value for name, value in entity.items() if name not in _ONLY_IN_FULL})


def session_row(execution: Execution, task: Entity) -> Row:
    """Return the row of an execution session."""
    begun = instant(execution.triggered)
    entity: Entity = {
        "id": execution.id,
        "createdDate": begun,
        "modifiedDate": begun,
        "modifiedByUserName": "INTERNAL\\sa_scheduler",
        "executionResult": {"id": execution.result_id, "privileges": None},
        "reloadTask": {"id": execution.task_id, "name": task["name"], "privileges": None},
        "userSyncTask": None,
        "externalProgramTask": None,
        "abortReason": 0,
        "privileges": None,
        "schemaPath": "ExecutionSession",
    }
    return Row(entity, {name: value for name, value in entity.items() if name not in _ONLY_IN_FULL})


@lru_cache(maxsize=4096)
def instant(seconds: float) -> str:
    """Return a time as QRS writes it, to the millisecond."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _operational(task: Entity, last: Execution, now: float) -> Entity:
    before = task.get("operational")
    return {
        **(before if isinstance(before, dict) else {}),
        "lastExecutionResult": _last_result(last, now),
    }


def _last_result(execution: Execution, now: float) -> Entity:
    ended, ran = now >= execution.end, now >= execution.begin and execution.takes_a_slot
    return {
        "id": execution.result_id,
        "executionID": execution.id,
        "executingNodeName": "sense",
        "executingNodeID": ZERO_GUID,
        "status": int(execution.status(now)),
        "startTime": instant(execution.triggered),
        "stopTime": instant(execution.end) if ended else NULL_DATE,
        "duration": round((execution.end - execution.triggered) * 1000) if ended else 0,
        "fileReferenceID": ZERO_GUID,
        "scriptLogAvailable": ended and ran,
        "scriptLogLocation": "",
        "scriptLogSize": 0,
        "details": _details(execution, now),
        "privileges": None,
    }


def _details(execution: Execution, now: float) -> list[Entity]:
    steps = [(execution.triggered, "Changing task state to Triggered")]
    if execution.begin > execution.picked_up:
        steps.append((execution.picked_up, "Changing task state from Triggered to Queued"))
    if execution.begin <= now and execution.takes_a_slot:
        steps.append((execution.begin, "Changing task state to Started"))
    if execution.end <= now:
        steps.append((execution.end, f"Changing task state to {_NAMES[execution.outcome]}"))
    return [
        {"detailsType": _INFORMATION, "message": message, "detailCreatedDate": instant(at), "privileges": None}
        for at, message in steps
    ]


def _app_id(task: Entity) -> object:
    app = task.get("app")
    return app.get("id", ZERO_GUID) if isinstance(app, dict) else ZERO_GUID


_NAMES = {status: status.name.title().replace("_", "") for status in Status}
