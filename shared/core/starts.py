"""Decide which tasks a request starts, and say what became of each.

A request names tasks by id, tag and custom property. `screen` parts what the start filter allows from what it denies,
so that nothing outside the allow-list is ever looked up; `plan` sorts what was found; the report joins the plan with
the outcomes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from shared.core.key_values import KeyValue

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
    """What the caller named, in the order and the spelling of the request, and what the started scripts shall read."""

    task_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    all_task_ids_must_exist: bool = False
    key_values: tuple[KeyValue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to look up in Sense: each thing once, ids in lower case."""

    task_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()


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
    wanted: Wanted
    all_task_ids_must_exist: bool


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


def screen(request: StartRequest, start_filter: StartFilter) -> Screened:
    """Part what the filter allows from what it denies."""
    guids = {task_id for task_id in request.task_ids if is_guid(task_id)}
    task_ids, denied_ids = _parted(
        request.task_ids, lambda task_id: task_id not in guids or _allows(start_filter.task_ids, task_id.lower())
    )
    tags, denied_tags = _parted(request.tags, lambda tag: _allows(start_filter.tags, tag))
    properties, denied_properties = _parted(request.properties, lambda pair: _allows(start_filter.properties, pair))
    return Screened(
        task_ids=task_ids,
        tags=tags,
        properties=properties,
        denied_ids=denied_ids,
        denied_tags=denied_tags,
        denied_properties=denied_properties,
        wanted=Wanted(
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


def _allows(allow_list: frozenset[_Name] | None, name: _Name) -> bool:
    return allow_list is None or name in allow_list


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
