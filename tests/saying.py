"""Definitions and entries of which a test changes one text."""

from dataclasses import fields, replace
from typing import Any, TypeVar

from shared.core.entry import Entry, Target, Tries
from shared.core.rules import read
from shared.core.schedules import Definition

TRIES = [field.name for field in fields(Tries)]
Said = TypeVar("Said", Definition, Entry)


def saying(said: Said, **changes: Any) -> Said:
    """Return it with other values; those of its rule, its target and its tries by their own names."""
    rule = read(changes.pop("cron", said.rule.expression), changes.pop("zone", said.rule.zone_name))
    name, task_id = changes.pop("name", said.target.name), changes.pop("task_id", said.target.task_id)
    tried = {name: changes.pop(name) for name in TRIES if name in changes}
    if isinstance(said, Entry):
        changes["tries"] = replace(said.tries, **tried)
    return replace(said, **({"rule": rule, "target": Target(name=name, task_id=task_id)} | changes))
