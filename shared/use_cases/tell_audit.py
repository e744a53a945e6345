"""Tell the log of the audit."""

import json
from collections.abc import Mapping
from typing import Any

from shared.core.audit import AuditRecord
from shared.log import log_of

log = log_of(__name__)

# Application Insights cuts a line at 32,768 characters, and a query could not read the rest.
LONGEST_LOGGED = 8_000


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
