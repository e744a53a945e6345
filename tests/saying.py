"""Definitions and entries of which a test changes one text."""

from dataclasses import replace
from typing import Any, TypeVar

from shared.core.due import Due, Target
from shared.core.rules import read
from shared.core.schedules import Definition

Said = TypeVar("Said", Definition, Due)


def saying(said: Said, **changes: Any) -> Said:
    """Return it with other values; `cron`, `zone`, `name` and `task_id` are texts of its rule and of its target."""
    rule = read(changes.pop("cron", said.rule.expression), changes.pop("zone", said.rule.zone_name))
    name, task_id = changes.pop("name", said.target.name), changes.pop("task_id", said.target.task_id)
    return replace(said, **({"rule": rule, "target": Target(name=name, task_id=task_id)} | changes))
