"""PUT|POST /v4/reloadtask/{taskId}/start: start tasks named by id, tag and custom property."""

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import azure.functions as func

from shared import wiring
from shared.api import reading
from shared.api.http import Answer, dispatch
from shared.api.start_items import ITEM_TYPES, ITEMS, key_values, start_request
from shared.core.starts import StartReport, Task

blueprint = func.Blueprint()


@blueprint.route("v4/reloadtask/{taskId}/start")
def start_task(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"PUT": _start, "POST": _start})


def _start(req: func.HttpRequest) -> Answer:
    must_exist = reading.boolean(req, "allTaskIdsMustExist")
    with_execution_id = reading.boolean(req, "includeExecutionId")
    items = reading.body(req, ITEMS, if_absent=b"[]", unions=ITEM_TYPES)
    request = start_request(req.route_params["taskId"], items, all_task_ids_must_exist=must_exist)
    report = wiring.start_tasks().run(request, key_values(items), datetime.now(UTC))
    status = HTTPStatus.BAD_GATEWAY if report.nothing_started else HTTPStatus.OK
    return Answer(status=status, body=_rendered(report, with_execution_id=with_execution_id))


def _rendered(report: StartReport, *, with_execution_id: bool) -> dict[str, Any]:
    plan = report.plan

    def started(tasks: Iterable[Task]) -> list[dict[str, str]]:
        return [
            {"taskId": task.id, "taskName": task.name} | ({"executionId": execution_id} if with_execution_id else {})
            for task in tasks
            if (execution_id := report.execution_id(task))
        ]

    answer = {
        "tasksId": {
            "started": started(plan.by_id),
            "invalid": [{"taskId": task_id} for task_id in plan.invalid_ids],
            "denied": [{"taskId": task_id} for task_id in plan.denied_ids],
        },
        "tasksTag": started(plan.by_tag),
        "tasksTagDenied": [{"tag": tag} for tag in plan.denied_tags],
        "tasksCP": started(plan.by_property),
        "tasksCPDenied": [{"name": pair.name, "value": pair.value} for pair in plan.denied_properties],
    }
    failed = [{"taskId": task.id, "taskName": task.name, "reason": reason} for task, reason in report.failures]
    return answer | ({"tasksFailed": failed} if failed else {})
