"""Endpoints that read: lists, their full form, count, table and single rows."""

import json
from collections.abc import Callable

from sandbox.qrs import filters
from sandbox.qrs.answers import Answer, json_answer, ready_json, refused
from sandbox.qrs.asked import Call
from sandbox.qrs.catalogue import Task
from sandbox.qrs.executions import Execution
from sandbox.qrs.filters import Filter
from sandbox.qrs.rows import Row, result_row, session_row
from sandbox.qrs.sorting import column, in_order, page

# Returns the rows of a lookup and True, or all rows and False if the lookup's property has no index.
Source = Callable[[Call, tuple[str, frozenset[str]] | None], tuple[list[Row], bool]]
Endpoint = Callable[[Call], Answer]


def full(source: Source) -> Endpoint:
    """Return the endpoint for a list in full form."""
    return lambda call: ready_json(b"[" + b",".join(row.full for row in _sorted(source, call)) + b"]")


def condensed(source: Source) -> Endpoint:
    """Return the endpoint for a list in condensed form."""
    return lambda call: ready_json(b"[" + b",".join(row.condensed for row in _sorted(source, call)) + b"]")


def count(source: Source) -> Endpoint:
    """Return the endpoint for the number of rows."""
    return lambda call: json_answer({"value": len(_matching(source, call))})


def one(source: Source) -> Endpoint:
    """Return the endpoint for a single row by its id."""

    def answer(call: Call) -> Answer:
        rows, _ = source(call, ("id", frozenset((call.id,))))
        if not rows:
            raise refused(404, "Item not found")
        return ready_json(rows[0].full)

    return answer


def table(source: Source) -> Endpoint:
    """Return the endpoint for a table with chosen columns."""

    def answer(call: Call) -> Answer:
        columns = _columns(call.body)
        rows = page(_sorted(source, call), call.query)
        shown = [[column(row, definition) for definition in columns.values()] for row in rows]
        return json_answer({"columnNames": list(columns), "rows": shown}, 201)

    return answer


def tasks(call: Call, lookup: tuple[str, frozenset[str]] | None) -> tuple[list[Row], bool]:
    """Return the rows of all kinds of tasks."""
    found, exact = _tasks(call, lookup)
    return [_task_row(call, task) for task in found], exact


def reload_tasks(call: Call, lookup: tuple[str, frozenset[str]] | None) -> tuple[list[Row], bool]:
    """Return the rows of reload tasks."""
    found, exact = _tasks(call, lookup)
    return [_task_row(call, task) for task in found if task.reloads], exact


def sessions(call: Call, lookup: tuple[str, frozenset[str]] | None) -> tuple[list[Row], bool]:
    """Return the rows of executions that have not ended."""
    executions = call.site.executions
    match lookup:
        case ("id", ids):
            found = [execution for each in ids if (execution := executions.session(each, call.now)) is not None]
            return [session_row(execution, _entity(call, execution)) for execution in found if call.sees], True
    running = executions.running(call.now) if call.sees else []
    return [session_row(execution, _entity(call, execution)) for execution in running], False


def results(call: Call, lookup: tuple[str, frozenset[str]] | None) -> tuple[list[Row], bool]:
    """Return the rows of all remembered executions."""
    executions = call.site.executions
    match lookup:
        case ("id", ids):
            found, exact = [each for result in ids if (each := executions.by_result.get(result))], True
        case ("executionid", ids):
            found, exact = [each for session in ids if (each := executions.by_session.get(session))], True
        case ("taskid", ids):
            found, exact = [execution for task in ids for execution in executions.of_task(task)], True
        case _:
            found, exact = list(executions.all()), False
    return [result_row(execution, _entity(call, execution), call.now) for execution in found if call.sees], exact


def _tasks(call: Call, lookup: tuple[str, frozenset[str]] | None) -> tuple[list[Task], bool]:
    if not call.sees:
        return [], True
    match lookup:
        case ("id", ids):
            return call.site.catalogue.among(ids), True
    return list(call.site.catalogue), False


def _task_row(call: Call, task: Task) -> Row:
    return task.row(call.site.executions.last(task.id), call.now)


def _entity(call: Call, execution: Execution) -> dict[str, object]:
    task = call.site.catalogue.get(execution.task_id)
    return task.entity if task is not None else {"name": ""}


def _sorted(source: Source, call: Call) -> list[Row]:
    return in_order(_matching(source, call), call.query)


def _matching(source: Source, call: Call) -> list[Row]:
    condition = _filter(call)
    if condition is None:
        return source(call, None)[0]
    rows, exact = source(call, condition.lookup)
    return rows if exact else [row for row in rows if condition.matches(row.folded)]


def _filter(call: Call) -> Filter | None:
    text = call.query.get("filter")
    try:
        return None if text is None else filters.parse(text)
    except filters.FilterError as error:
        raise refused(400, str(error)) from error


def _columns(body: bytes) -> dict[str, str]:
    """Read the columns of a table request: displayed name to property."""
    try:
        columns = json.loads(body)["columns"]
        return {str(each["name"]): str(each["definition"]) for each in columns}
    except (ValueError, TypeError, KeyError) as error:
        raise refused(400, "Invalid table definition") from error
