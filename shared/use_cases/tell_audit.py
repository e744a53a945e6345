"""Tell the log of the audit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.core.audit import AuditRecord
from shared.core.portions import portions
from shared.log import log_of

log = log_of(__name__)

# Application Insights cuts a line at 32,768 characters, and a query could not read the rest.
LONGEST_LOGGED, LONGEST_TASKS = 5_000, 15_000
TASKS_LOGGED = 100
# Names, quotes and commas around the texts of a task.
AROUND = 80


def tell_start(record: AuditRecord, tasks: Sequence[Mapping[str, str]], *, stored: bool) -> None:
    """Tell the log of a request to start tasks, with all of them, in as many lines as it takes."""
    said = replace(record, after={})
    lines = [*portions(tasks, most=TASKS_LOGGED, size_of=_size, most_size=LONGEST_TASKS)] or [[]]
    for number, line in enumerate(lines):
        tell(said, stored=stored, tasks=line, part=number + 1, parts=len(lines))


def _size(task: Mapping[str, str]) -> int:
    return sum(map(len, task.values())) + AROUND


def tell(record: AuditRecord, *, stored: bool = True, **more: Any) -> None:
    """Tell the log of a record; `more` are fields of this kind of record."""
    origin = record.origin
    fields = {
        "action": "audit",
        "audit_id": record.id,
        "what": record.action,
        "caller": origin.caller,
        "address": origin.address,
        "traceparent": origin.traceparent,
        "schedule_id": record.schedule_id,
        "through": record.through,
        "requested": _short(record.requested),
        "before": _short(record.before),
        "after": _short(record.after),
        "outcome": record.outcome,
    }
    extra = {name: value for name, value in fields.items() if value} | {"stored": stored, **more}
    log.info("Audit: %s", record.action, extra=extra)


def _short(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object without its lists where it is too long for a line of the log."""
    if len(json.dumps(value)) <= LONGEST_LOGGED:
        return value
    return {name: len(each) if isinstance(each, list) else each for name, each in value.items()}
