"""PUT|POST /v4/reloadtask/{taskId}/start: start tasks named by id, tag and custom property."""

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, NotRequired

import azure.functions as func
from pydantic import Field
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge import reading
from shared.api.edge.calls import Call
from shared.api.edge.http import Answer, Failure
from shared.api.edge.parameters import Flag, Segment
from shared.api.start_task.example import EXAMPLE, FAILURES
from shared.api.start_task.items import ITEM_TYPES, ITEMS, start_request
from shared.core.callers import Caller, Right
from shared.core.runs import OUTCOME_UNKNOWN
from shared.core.starts import NotStarted, StartReport, UnknownStart
from shared.core.tasks import Property, Task

TASK_ID = Segment(name="taskId", description="A task's id, or - to name tasks in the body only.")
MUST_EXIST = Flag(
    name="allTaskIdsMustExist",
    description="Start none of the ids when one of them doesn't exist; tags and custom properties are not affected.",
)
WITH_EXECUTION_ID = Flag(
    name="includeExecutionId", description="Tell the id of each start, by which Sense knows its execution."
)


class StartedTask(TypedDict):
    taskId: str
    taskName: str
    executionId: NotRequired[str]


class NamedTask(TypedDict):
    taskId: str


class NamedTag(TypedDict):
    tag: str


class NamedProperty(TypedDict):
    name: str
    value: str


class FailedTask(TypedDict):
    taskId: str
    taskName: str
    reason: str
    reasonCode: NotRequired[Annotated[str, Field(json_schema_extra={"enum": [OUTCOME_UNKNOWN]})]]


class NotFound(TypedDict):
    """Tags and properties that no task carries, written exactly so; what the start filter denied is told elsewhere."""

    tags: list[str]
    customProperties: list[NamedProperty]


class TasksById(TypedDict):
    started: list[StartedTask]
    invalid: list[NamedTask]
    denied: list[NamedTask]


class StartAnswer(TypedDict):
    """What became of each task.

    Only there when there is something to tell: `tasksFailed`, the tasks that Sense did not accept or of which nobody
    knows whether it did, and `notFound`, what no task carries.
    """

    tasksId: TasksById
    tasksTag: list[StartedTask]
    tasksTagDenied: list[NamedTag]
    tasksCP: list[StartedTask]
    tasksCPDenied: list[NamedProperty]
    tasksFailed: NotRequired[list[FailedTask]]
    notFound: NotRequired[NotFound]


def _start(req: func.HttpRequest, caller: Caller) -> Answer:
    must_exist, with_execution_id = MUST_EXIST.read(req), WITH_EXECUTION_ID.read(req)
    items = reading.body(req, ITEMS, if_absent=b"[]", unions=ITEM_TYPES)
    request = start_request(TASK_ID.read(req), items, all_task_ids_must_exist=must_exist)
    report = wiring.start_tasks(caller).run(request, datetime.now(UTC))
    status = HTTPStatus.BAD_GATEWAY if report.nothing_started else HTTPStatus.OK
    return Answer(status=status, body=_rendered(report, with_execution_id=with_execution_id))


def _rendered(report: StartReport, *, with_execution_id: bool) -> StartAnswer:
    plan = report.plan

    def started(tasks: Iterable[Task]) -> list[StartedTask]:
        return [
            StartedTask(taskId=task.id, taskName=task.name, executionId=execution_id)
            if with_execution_id
            else StartedTask(taskId=task.id, taskName=task.name)
            for task in tasks
            if (execution_id := report.execution_id(task))
        ]

    answer: StartAnswer = {
        "tasksId": {
            "started": started(plan.by_id),
            "invalid": [{"taskId": task_id} for task_id in plan.invalid_ids],
            "denied": [{"taskId": task_id} for task_id in plan.denied_ids],
        },
        "tasksTag": started(plan.by_tag),
        "tasksTagDenied": [{"tag": tag} for tag in plan.denied_tags],
        "tasksCP": started(plan.by_property),
        "tasksCPDenied": _named(plan.denied_properties),
    }
    failed: list[FailedTask] = [_failed(task, failure) for task, failure in report.failures]
    if failed:
        answer["tasksFailed"] = failed
    if plan.unknown_tags or plan.unknown_properties:
        answer["notFound"] = {
            "tags": list(plan.unknown_tags),
            "customProperties": _named(plan.unknown_properties),
        }
    return answer


def _failed(task: Task, failure: NotStarted | UnknownStart) -> FailedTask:
    failed = FailedTask(taskId=task.id, taskName=task.name, reason=failure.reason)
    if isinstance(failure, UnknownStart):
        failed["reasonCode"] = OUTCOME_UNKNOWN
    return failed


def _named(properties: Iterable[Property]) -> list[NamedProperty]:
    return [{"name": pair.name, "value": pair.value} for pair in properties]


START = Call(
    handler=_start,
    right=Right.START,
    summary="Start tasks by id, tag and custom property; 502 only when surely none was started",
    answer=StartAnswer,
    also={HTTPStatus.BAD_GATEWAY: StartAnswer | Failure},
    parameters=(TASK_ID, MUST_EXIST, WITH_EXECUTION_ID),
    body=ITEMS,
    body_is_required=False,
    failures=FAILURES,
    example=EXAMPLE,
)
