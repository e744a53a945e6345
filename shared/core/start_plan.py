"""Decide which tasks a request starts.

A request names tasks by id, tag and custom property. `screen` parts what the start filter allows from what it denies,
so that nothing outside the allow-list is ever looked up; `plan` sorts what was found.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from shared.core.starts import Plan, StartRequest
from shared.core.tasks import Found, Property, StartFilter, Task, TaskQuery, is_guid

_Name = TypeVar("_Name", str, Property)


@dataclass(frozen=True, kw_only=True)
class Screened:
    """A request held against the start filter: what it allows and what it denies, as the request names them.

    Among the allowed ids stand those that are no GUID, which no task has; they are not looked up.
    """

    task_ids: tuple[str, ...]
    tags: tuple[str, ...]
    properties: tuple[Property, ...]
    denied_ids: tuple[str, ...]
    denied_tags: tuple[str, ...]
    denied_properties: tuple[Property, ...]
    wanted: TaskQuery
    all_task_ids_must_exist: bool


def screen(request: StartRequest, start_filter: StartFilter) -> Screened:
    """Part what the filter allows from what it denies."""
    guids = {task_id for task_id in request.task_ids if is_guid(task_id)}
    task_ids, denied_ids = _parted(
        request.task_ids, lambda task_id: task_id not in guids or start_filter.allows_id(task_id)
    )
    tags, denied_tags = _parted(request.tags, start_filter.allows_tag)
    properties, denied_properties = _parted(request.properties, start_filter.allows_property)
    return Screened(
        task_ids=task_ids,
        tags=tags,
        properties=properties,
        denied_ids=denied_ids,
        denied_tags=denied_tags,
        denied_properties=denied_properties,
        wanted=TaskQuery(
            task_ids=_once(task_id.lower() for task_id in task_ids if task_id in guids),
            tags=_once(tags),
            properties=_once(properties),
        ),
        all_task_ids_must_exist=request.all_task_ids_must_exist,
    )


def plan(screened: Screened, found: Found) -> Plan:
    """Sort what was asked for into tasks to start, invalid and denied, in the order of the request.

    What the look-ups gave is matched again, by exact tag and by the (name, value) pair of one property: Sense compares
    text without case and tests name and value of properties independently.
    """
    existing, invalid = _existing(screened.task_ids, found.by_id)
    denied = screened.denied_ids
    if screened.all_task_ids_must_exist and invalid:
        denied, existing = (*denied, *(task.id for task in existing)), ()
    by_tag = _carriers((tag, task) for task in found.by_tag for tag in task.tags)
    by_property = _carriers((pair, task) for task in found.by_property for pair in task.properties)
    return Plan(
        by_id=existing,
        by_tag=_carrying(screened.tags, by_tag),
        by_property=_carrying(screened.properties, by_property),
        invalid_ids=invalid,
        denied_ids=denied,
        denied_tags=screened.denied_tags,
        denied_properties=screened.denied_properties,
        unknown_tags=tuple(tag for tag in screened.wanted.tags if tag not in by_tag),
        unknown_properties=tuple(pair for pair in screened.wanted.properties if pair not in by_property),
    )


def _parted(names: Iterable[_Name], is_allowed: Callable[[_Name], bool]) -> tuple[tuple[_Name, ...], tuple[_Name, ...]]:
    parts: dict[bool, list[_Name]] = {True: [], False: []}
    for name in names:
        parts[is_allowed(name)].append(name)
    return tuple(parts[True]), tuple(parts[False])


def _once(names: Iterable[_Name]) -> tuple[_Name, ...]:
    return tuple(dict.fromkeys(names))


def _existing(task_ids: Iterable[str], found: Iterable[Task]) -> tuple[tuple[Task, ...], tuple[str, ...]]:
    """Return the tasks of the ids, and the ids that no task has."""
    tasks = {task.id.lower(): task for task in found}
    matches = [(task_id, tasks.get(task_id.lower())) for task_id in task_ids]
    return tuple(task for _, task in matches if task), tuple(task_id for task_id, task in matches if task is None)


def _carriers(carried: Iterable[tuple[_Name, Task]]) -> dict[_Name, dict[str, Task]]:
    tasks: dict[_Name, dict[str, Task]] = {}
    for name, task in carried:
        tasks.setdefault(name, {})[task.id] = task
    return tasks


def _carrying(names: Iterable[_Name], carriers: Mapping[_Name, Mapping[str, Task]]) -> tuple[Task, ...]:
    return tuple(task for name in names for task in carriers.get(name, {}).values())
