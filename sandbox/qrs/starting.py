"""Start and stop tasks, in the various forms of QRS."""

import json

from sandbox.qrs.answers import NO_CONTENT, ZERO_GUID, Answer, json_answer, refused
from sandbox.qrs.asked import Call
from sandbox.qrs.catalogue import Task
from sandbox.qrs.executions import Execution
from sandbox.qrs.state import Start


def start(call: Call) -> Answer:
    """Start a task by id, without an answer."""
    _begin(call, _known(call))
    return NO_CONTENT


def start_synchronous(call: Call) -> Answer:
    """Start a task by id and answer with its execution."""
    return _session(call, _begin(call, _known(call)))


def start_by_name(call: Call) -> Answer:
    """Start a task by name, without an answer."""
    _begin(call, _named(call))
    return NO_CONTENT


def start_by_name_synchronous(call: Call) -> Answer:
    """Start a task by name and answer with its execution."""
    return _session(call, _begin(call, _named(call)))


def start_many(call: Call) -> Answer:
    """Start the tasks with these ids; what QRS does with other ids is unknown, here they are ignored."""
    for task in [call.site.catalogue.get(task_id) for task_id in _ids(call.body)]:
        if task is not None and call.sees:
            _begin(call, task)
    return NO_CONTENT


def stop(call: Call) -> Answer:
    """Stop a task."""
    task = _known(call)
    _check_rights(call)
    call.site.executions.stop(task.id, call.site.settings, call.now)
    return NO_CONTENT


def _begin(call: Call, task: Task) -> Execution | None:
    """Start the task; return None if Sense would answer the zero GUID."""
    _check_rights(call)
    site = call.site
    app_is_gone = task.app_is_gone or task.id in site.settings.no_app
    if not task.enabled or app_is_gone or site.settings.no_scheduler:
        return None
    execution = site.executions.start(task.id, site.settings, call.now)
    if execution is not None:
        site.starts.append(
            Start(task_id=task.id, execution_id=execution.id, at=call.now, connection=call.connection),
        )
    return execution


def _session(call: Call, execution: Execution | None) -> Answer:
    guid = ZERO_GUID if execution is None else execution.id
    return json_answer(guid if call.site.settings.bare_guid else {"value": guid}, 201)


def _known(call: Call) -> Task:
    task = call.site.catalogue.get(call.id) if call.sees else None
    if task is None:
        raise refused(call.site.settings.unknown_status, f"Cannot find a task with the following id: {call.id}")
    return task


def _named(call: Call) -> Task:
    name = call.query.require("name")
    task = call.site.catalogue.named(name) if call.sees else None
    if task is None:
        raise refused(400, f"Cannot find a task with the following name: {name}")
    return task


def _check_rights(call: Call) -> None:
    if not call.may_start:
        raise refused(403, "Forbidden")


def _ids(body: bytes) -> list[str]:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise refused(400, "Invalid list of task ids") from error
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise refused(400, "Invalid list of task ids")
    return [each.lower() for each in given]
