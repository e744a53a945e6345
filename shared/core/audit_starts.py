"""What is kept of a request to start tasks, and of key-values: all names and ids, and never a value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.core.audit import DONE, NOT_RECORDED, Action, AuditRecord
from shared.core.callers import Origin
from shared.core.key_values import KeyValue
from shared.core.starts import Started, StartReport, StartRequest, UnknownStart
from shared.core.tasks import Task

# About so many characters of a row are for what was asked, and for what became of it.
MOST_REQUESTED, MOST_TOLD = 100_000, 280_000
LONGEST_REASON = 200
# Around each text of an object in JSON stand its name and signs.
AROUND = 20

# What is told of each task, and what is left out first where a row has no place for it.
NAMED = ("taskId", "taskName")
FORMS = ((*NAMED, "outcome", "executionId", "reason"), (*NAMED, "outcome", "executionId"), NAMED, ("taskId",))

Told = Mapping[str, str]


def of_start(request: StartRequest, origin: Origin, *, record_id: str, at: datetime) -> AuditRecord:
    """Return the record of a request before anything of it was done."""
    asked: dict[str, list[Any]] = {
        "taskIds": [*request.task_ids],
        "tags": [*request.tags],
        "customProperties": [{"name": pair.name, "value": pair.value} for pair in request.properties],
        "keyValues": [told_pair(pair) for pair in request.key_values],
    }
    asked = {name: each for name, each in asked.items() if each}
    fits = sum(len(str(each)) for each in asked.values()) <= MOST_REQUESTED
    return AuditRecord(
        id=record_id,
        at=at,
        origin=origin,
        action=Action.TASKS_STARTED.value,
        requested=asked if fits else {name: len(each) for name, each in asked.items()},
        outcome=NOT_RECORDED,
    )


def told_pair(pair: KeyValue) -> dict[str, Any]:
    """Return what is told of a key-value: its value may be secret."""
    ttl = {"ttl": pair.ttl_ms} if pair.ttl_ms else {}
    return {"namespace": pair.namespace, "key": pair.key, "length": len(pair.value), **ttl}


def told_tasks(report: StartReport) -> list[Told]:
    """Return of each task of the request what became of its start."""
    return [_told(task, report) for task in report.plan.tasks]


def ended(record: AuditRecord, tasks: Sequence[Told]) -> AuditRecord:
    """Return the record with what became of each task, as much of it as goes into a row, ids and names first."""
    for names in FORMS:
        told = [_only(each, names) for each in tasks]
        if _size(told) <= MOST_TOLD:
            return replace(record, after={"tasks": told} if told else {}, outcome=DONE)
    return replace(record, after={"tasks": len(tasks)}, outcome=DONE)


def _told(task: Task, report: StartReport) -> Told:
    outcome = report.outcomes[task.id]
    told = {"taskId": task.id, "taskName": task.name}
    if isinstance(outcome, Started):
        return told | {"outcome": "started", "executionId": outcome.execution_id}
    word = "unknown" if isinstance(outcome, UnknownStart) else "notStarted"
    return told | {"outcome": word, "reason": outcome.reason[:LONGEST_REASON]}


def _only(told: Told, names: Iterable[str]) -> Told:
    return {name: told[name] for name in names if name in told}


def _size(told: Sequence[Told]) -> int:
    return sum(len(text) + AROUND for each in told for text in each.values())
