"""The site's tasks by id and by name, each with its JSON ready to be sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from sandbox.qrs.executions import Execution, Status
from sandbox.qrs.rows import NULL_DATE, Entity, Row, task_row

_RELOAD = "ReloadTask"
_USUAL: Entity = {
    "enabled": True,
    "taskType": 0,
    "taskSessionTimeout": 1440,
    "maxRetries": 0,
    "tags": [],
    "customProperties": [],
    "privileges": None,
    "schemaPath": _RELOAD,
}


@dataclass(kw_only=True, slots=True)
class Task:
    """A task; its row is rebuilt only when the state of its last execution changes."""

    id: str
    place: int
    entity: Entity
    enabled: bool
    app_is_gone: bool
    reloads: bool
    _row: Row | None = None
    _shown: tuple[str, Status] | None = None

    def row(self, last: Execution | None, now: float) -> Row:
        """Return the row that shows the state of this last execution."""
        state = None if last is None else (last.id, last.status(now))
        if self._row is None or self._shown != state:
            self._row, self._shown = task_row(self.entity, last, now), state
        return self._row


class Catalogue:
    """All tasks of the site."""

    def __init__(self, entities: Iterable[object]) -> None:
        """Take tasks in the form of QRS; raises TypeError naming one that is not a task."""
        tasks = [_task(place, entity) for place, entity in enumerate(entities)]
        self._by_id = {task.id: task for task in tasks}
        self._by_name: dict[str, list[Task]] = {}
        for task in self._by_id.values():
            self._by_name.setdefault(str(task.entity["name"]).lower(), []).append(task)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._by_id.values())

    def get(self, task_id: str) -> Task | None:
        """Return the task of this id in lower case, or None."""
        return self._by_id.get(task_id)

    def named(self, name: str) -> Task | None:
        """Return the first task of that name, because names are not unique in Sense."""
        found = self._by_name.get(name.lower())
        return found[0] if found else None

    def among(self, ids: Iterable[str]) -> list[Task]:
        """Return the tasks of these ids in the order of the site: QRS does not keep the order of the query."""
        found = [task for task_id in ids if (task := self._by_id.get(task_id)) is not None]
        return sorted(found, key=lambda task: task.place)


def _task(place: int, given: object) -> Task:
    if not isinstance(given, dict) or not isinstance(given.get("id"), str) or not isinstance(given.get("name"), str):
        raise TypeError(f"task {place} has no id and name: {given!r:.200}")
    # noApp exists only in the stand-in: it means that the app is gone, and is not part of the entity
    app_is_gone = given.get("noApp") is True
    entity = {**_USUAL, **{name: value for name, value in given.items() if name != "noApp"}}
    entity["operational"] = _complete_operational(entity.get("operational"))
    return Task(
        id=given["id"].lower(),
        place=place,
        entity=entity,
        enabled=entity["enabled"] is True,
        app_is_gone=app_is_gone,
        reloads=entity["schemaPath"] == _RELOAD,
    )


def _complete_operational(given: object) -> Entity:
    operational = cast("Entity", given) if isinstance(given, dict) else {}
    last = operational.get("lastExecutionResult")
    return {
        "nextExecution": NULL_DATE,
        **operational,
        "lastExecutionResult": {
            "status": int(Status.NEVER_STARTED),
            "startTime": NULL_DATE,
            "stopTime": NULL_DATE,
            **(last if isinstance(last, dict) else {}),
        },
    }
