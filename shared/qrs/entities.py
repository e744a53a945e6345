"""Read Sense's entities: valid ones are used, malformed ones are skipped and reported.

One malformed entity must not hide the valid ones beside it. Only the id of a task is needed to start it; a tag or
property that can't be read counts as absent, so that it never widens what a start filter allows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from shared.core.tasks import Execution, Property, Task, is_guid
from shared.foreign import quotable

NO_EXECUTION = "00000000-0000-0000-0000-000000000000"
# How Sense writes that there is no date.
NEVER = datetime(1753, 1, 1, tzinfo=UTC)

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Entities:
    """The tasks of an answer, and a sentence for each oddity in it."""

    tasks: list[Task] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)


def read(answer: Sequence[Any], skew: timedelta) -> Entities:
    """Read the tasks of an answer; `skew` is how far Sense's clock is ahead of ours."""
    found = Entities()
    for entity in answer:
        task_id = entity.get("id") if isinstance(entity, dict) else None
        if isinstance(task_id, str) and is_guid(task_id):
            found.tasks.append(_task(task_id, entity, skew, found.oddities))
        else:
            what = f"an entity with the id {_shown(task_id)}" if isinstance(entity, dict) else _shown(entity)
            found.oddities.append(f"{what} is no task")
    return found


def _task(task_id: str, entity: dict[str, Any], skew: timedelta, oddities: list[str]) -> Task:
    def sound(name: str, value_of: Callable[[Any], Value]) -> Iterator[Value]:
        given = entity.get(name) or []
        if not isinstance(given, list):
            oddities.append(f"task {task_id}: its {name} are {_shown(given)}")
            return
        for one in given:
            try:
                yield value_of(one)
            except (TypeError, KeyError):
                oddities.append(f"task {task_id}: {_shown(one)} among its {name} can't be read")

    name = entity.get("name")
    if not isinstance(name, str):
        oddities.append(f"task {task_id}: its name is {_shown(name)}")
    return Task(
        id=task_id,
        name=quotable(name) if isinstance(name, str) else "",
        enabled=entity.get("enabled", True) is not False,
        tags=frozenset(sound("tags", lambda tag: _text(tag["name"]))),
        properties=frozenset(sound("customProperties", _property)),
        last_execution=_last_execution(entity, skew),
    )


def _property(pair: Any) -> Property:
    return Property(name=_text(pair["definition"]["name"]), value=_text(pair["value"]))


def _last_execution(entity: dict[str, Any], skew: timedelta) -> Execution | None:
    """Return None for a task that never ran, and for values that make no sense: only few callers need it."""
    try:
        result = entity["operational"]["lastExecutionResult"]
        execution_id, began = result.get("executionID"), datetime.fromisoformat(result["startTime"])
        if began <= NEVER or execution_id == NO_EXECUTION or not (execution_id is None or is_guid(execution_id)):
            return None
        return Execution(id=execution_id, began=(began - skew).astimezone(UTC))
    except (AttributeError, TypeError, KeyError, ValueError, OverflowError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _shown(value: Any) -> str:
    """Return what a value is; what an answer of success says is never quoted."""
    if isinstance(value, str):
        return "a text"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "null" if value is None else "a boolean" if isinstance(value, bool) else "a number"
