"""What a request to start tasks names, what stands in Sense, what will be started of it, and what became of each."""

import re
from collections.abc import Mapping
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
            self.allows_id(task.id)
            or any(map(self.allows_tag, task.tags))
            or any(map(self.allows_property, task.properties))
        )

    def allows_id(self, task_id: str) -> bool:
        return _allows(self.task_ids, task_id.lower())

    def allows_tag(self, tag: str) -> bool:
        return _allows(self.tags, tag)

    def allows_property(self, pair: Property) -> bool:
        return _allows(self.properties, pair)


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


def _allows(allow_list: frozenset[_Name] | None, name: _Name) -> bool:
    return allow_list is None or name in allow_list
