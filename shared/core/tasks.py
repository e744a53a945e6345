"""What stands in Sense, and what of it may be started: tasks, their properties and executions, the start filter."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

_Name = TypeVar("_Name", str, "Property")
_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class Property:
    """A custom property and one of its values; a task may carry several values of one property."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One run of a task; `began` is in UTC and by our clock, whatever Sense's shows. Not every site shows the id."""

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
    What it allows must be allowed by the filter `within` which it stands, too.
    """

    task_ids: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    properties: frozenset[Property] | None = None
    within: "StartFilter | None" = None

    @property
    def allows_everything(self) -> bool:
        own = self.task_ids is None and self.tags is None and self.properties is None
        return own and (self.within is None or self.within.allows_everything)

    @property
    def goes_by_ids_alone(self) -> bool:
        """True when neither a tag nor a property makes it allow a task."""
        return self.tags is not None and self.properties is not None and not (self.tags or self.properties)

    def narrowed(self, by: "StartFilter") -> "StartFilter":
        """Return the filter that allows only what both allow."""
        if self.allows_everything or by.allows_everything:
            return by if self.allows_everything else self
        return replace(by, within=self.narrowed(by.within) if by.within else self)

    def allows(self, task: Task) -> bool:
        """True when a schedule may start the task: its id is listed, or it carries a listed tag or property."""
        own = (
            _allows(self.task_ids, task.id.lower())
            or any(_allows(self.tags, tag) for tag in task.tags)
            or any(_allows(self.properties, pair) for pair in task.properties)
        )
        return own and (self.within is None or self.within.allows(task))

    def allows_id(self, task_id: str) -> bool:
        return _allows(self.task_ids, task_id.lower()) and (self.within is None or self.within.allows_id(task_id))

    def allows_tag(self, tag: str) -> bool:
        return _allows(self.tags, tag) and (self.within is None or self.within.allows_tag(tag))

    def allows_property(self, pair: Property) -> bool:
        return _allows(self.properties, pair) and (self.within is None or self.within.allows_property(pair))


EVERYTHING = StartFilter()


@dataclass(frozen=True, kw_only=True)
class TaskQuery:
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


def _allows(allow_list: frozenset[_Name] | None, name: _Name) -> bool:
    return allow_list is None or name in allow_list
