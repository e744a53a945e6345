"""Decide which tasks a request starts, and say what became of each.

A request names tasks by id, tag and custom property. `wanted` drops what the start filter forbids, so that nothing
outside the allow-list is ever looked up; `plan` sorts what was found; the report joins the plan with the outcomes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

_Name = TypeVar("_Name", str, "Property")
_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
NO_TASK = "-"


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class Property:
    """A custom property and one of its values; a task may carry several values of one property."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One run of a task; `began` is in UTC and by our clock, whatever Sense's shows. Not every site tells the id."""

    id: str | None
    began: datetime


@dataclass(frozen=True, kw_only=True)
class Task:
    """A Sense task of any kind: reload, external program, user sync, distribution."""

    id: str
    name: str
    enabled: bool = True
    tags: frozenset[str] = frozenset()
    properties: frozenset[Property] = frozenset()
    last_execution: Execution | None = None


@dataclass(frozen=True, kw_only=True)
class StartFilter:
    """What may be started: None is everything, ids stand in lower case.

    As in Butler a request by id is held against the ids, by tag against the tags, by property against the properties.
    """

    task_ids: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    properties: frozenset[Property] | None = None

    @property
    def allows_everything(self) -> bool:
        return self.task_ids is None and self.tags is None and self.properties is None

    def allows(self, task: Task) -> bool:
        """True when a schedule may start the task: its id is listed, or it carries a listed tag or property."""
        return (
            _allows(self.task_ids, task.id.lower())
            or any(_allows(self.tags, tag) for tag in task.tags)
            or any(_allows(self.properties, pair) for pair in task.properties)
        )


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """What the caller named, in the order and the spelling of the request."""

    task_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    all_task_ids_must_exist: bool = False


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to look up in Sense: each thing once, ids in lower case."""

    task_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the look-ups gave. A list may hold more tasks than asked for: `plan` trusts exact matches only."""

    by_id: tuple[Task, ...] = ()
    by_tag: tuple[Task, ...] = ()
    by_property: tuple[Task, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be started and what not. A task named in several ways stands in several places.

    Unknown is what the filter allows and no task carries exactly as it was written, each once.
    """

    by_id: tuple[Task, ...]
    by_tag: tuple[Task, ...]
    by_property: tuple[Task, ...]
    invalid_ids: tuple[str, ...]
    denied_ids: tuple[str, ...]
    denied_tags: tuple[str, ...]
    denied_properties: tuple[Property, ...]
    unknown_tags: tuple[str, ...]
    unknown_properties: tuple[Property, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task to start, once."""
        return tuple({task.id: task for task in (*self.by_id, *self.by_tag, *self.by_property)}.values())


@dataclass(frozen=True, kw_only=True)
class Started:
    """Sense accepted the start."""

    execution_id: str


@dataclass(frozen=True, kw_only=True)
class NotStarted:
    """Sense did not accept the start, or nobody knows whether it did; the reason is a sentence for people."""

    reason: str
    may_have_started: bool = False


Outcome = Started | NotStarted


@dataclass(frozen=True, kw_only=True)
class StartReport:
    """The plan and what became of it; `outcomes` has one entry for every task of the plan."""

    plan: Plan
    outcomes: Mapping[str, Outcome]

    def execution_id(self, task: Task) -> str | None:
        """Return the execution that Sense began for the task, None if it began none."""
        outcome = self.outcomes[task.id]
        return outcome.execution_id if isinstance(outcome, Started) else None

    @property
    def failures(self) -> tuple[tuple[Task, str], ...]:
        """The tasks that were not started, each with the reason."""
        outcomes = ((task, self.outcomes[task.id]) for task in self.plan.tasks)
        return tuple((task, outcome.reason) for task, outcome in outcomes if isinstance(outcome, NotStarted))

    @property
    def nothing_started(self) -> bool:
        """True when starts were tried and surely none took place: who repeats the request starts nothing twice."""
        outcomes = self.outcomes.values()
        return bool(outcomes) and all(isinstance(one, NotStarted) and not one.may_have_started for one in outcomes)


def wanted(request: StartRequest, start_filter: StartFilter) -> Wanted:
    """Return what to look up: well-formed, allowed, each once."""
    ids = (task_id.lower() for task_id in request.task_ids if is_guid(task_id))
    return Wanted(
        task_ids=_once(task_id for task_id in ids if _allows(start_filter.task_ids, task_id)),
        tags=_once(tag for tag in request.tags if _allows(start_filter.tags, tag)),
        properties=_once(pair for pair in request.properties if _allows(start_filter.properties, pair)),
    )


def plan(request: StartRequest, found: Found, start_filter: StartFilter) -> Plan:
    """Sort what was asked for into tasks to start, invalid and denied, in the order of the request.

    What the look-ups gave is matched again, by exact tag and by the (name, value) pair of one property: Sense compares
    text without case and tests name and value of properties independently.
    """
    existing, invalid, denied = _sort_ids(request.task_ids, found.by_id, start_filter)
    if request.all_task_ids_must_exist and invalid:
        denied, existing = [*denied, *(task.id for task in existing)], []
    by_tag = _carriers((tag, task) for task in found.by_tag for tag in task.tags)
    by_property = _carriers((pair, task) for task in found.by_property for pair in task.properties)
    what = wanted(request, start_filter)
    return Plan(
        by_id=tuple(existing),
        by_tag=_carrying(request.tags, start_filter.tags, by_tag),
        by_property=_carrying(request.properties, start_filter.properties, by_property),
        invalid_ids=tuple(invalid),
        denied_ids=tuple(denied),
        denied_tags=tuple(tag for tag in request.tags if not _allows(start_filter.tags, tag)),
        denied_properties=tuple(pair for pair in request.properties if not _allows(start_filter.properties, pair)),
        unknown_tags=tuple(tag for tag in what.tags if tag not in by_tag),
        unknown_properties=tuple(pair for pair in what.properties if pair not in by_property),
    )


def _allows(allow_list: frozenset[_Name] | None, name: _Name) -> bool:
    return allow_list is None or name in allow_list


def _once(names: Iterable[_Name]) -> tuple[_Name, ...]:
    return tuple(dict.fromkeys(names))


def _sort_ids(
    task_ids: Iterable[str], found: Iterable[Task], start_filter: StartFilter
) -> tuple[list[Task], list[str], list[str]]:
    tasks = {task.id.lower(): task for task in found}
    existing: list[Task] = []
    invalid: list[str] = []
    denied: list[str] = []
    for task_id in task_ids:
        if is_guid(task_id) and not _allows(start_filter.task_ids, task_id.lower()):
            denied.append(task_id)
        elif task := tasks.get(task_id.lower()):
            existing.append(task)
        else:
            invalid.append(task_id)
    return existing, invalid, denied


def _carriers(carried: Iterable[tuple[_Name, Task]]) -> dict[_Name, dict[str, Task]]:
    tasks: dict[_Name, dict[str, Task]] = {}
    for name, task in carried:
        tasks.setdefault(name, {})[task.id] = task
    return tasks


def _carrying(
    names: Iterable[_Name], allow_list: frozenset[_Name] | None, carriers: Mapping[_Name, Mapping[str, Task]]
) -> tuple[Task, ...]:
    return tuple(task for name in names if _allows(allow_list, name) for task in carriers.get(name, {}).values())
