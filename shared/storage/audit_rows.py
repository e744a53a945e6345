"""Rows of the audit, and the records that they stand for.

They stand in the partition of the schedules, so that the record of a change is written in its transaction. No range of
keys that anybody else reads holds them. The key counts down, so that the newest come first, as they are asked for.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.core.audit import DONE, AuditRecord
from shared.core.callers import Origin
from shared.storage.columns import MOMENT, REASON, TEXT, Column, Columns, Row
from shared.storage.rows import LONG_AGO, SCHEDULES, keys

# A text of a row holds 32 Ki UTF-16 units, of which a character takes two at most; a whole row holds 512 Ki.
PART, MOST_PARTS = 15_000, 20
LEFT_OUT = '{"leftOut": "too long for a row; the log has it"}'
OBJECTS = ("requested", "before", "after")
# The last millisecond that an instant can have: keys count down from it.
END = 253_402_300_799_999
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _names(name: str) -> tuple[str, ...]:
    return (name, *(f"{name}{number}" for number in range(1, MOST_PARTS)))


AUDIT = Columns(
    Column("at", MOMENT, LONG_AGO),
    Column("caller", TEXT, ""),
    Column("address", TEXT, ""),
    Column("traceparent", TEXT, ""),
    Column("action", TEXT, ""),
    Column("schedule", TEXT, ""),
    Column("through", TEXT, ""),
    Column("outcome", REASON, DONE),
    *(Column(part, TEXT, "") for name in OBJECTS for part in _names(name)),
)


def first_key(at: datetime) -> str:
    """Return the first key of all records made at that time or before."""
    milliseconds = (at - EPOCH) // (datetime.resolution * 1000)
    return f"audit:{END - milliseconds:015}:"


def key(record: AuditRecord) -> str:
    """Return the key of the row of a record."""
    return f"{first_key(record.at)}{record.id}"


def bounds(since: datetime | None, before: datetime | None) -> tuple[str, str]:
    """Return the range of keys of what was recorded from `since` on and before `before`."""
    first, end = keys("audit")
    # One millisecond earlier is the first that is not `before` any more, and the last that is not `since` yet.
    step = datetime.resolution * 1000
    return first_key(before - step) if before else first, first_key(since - step) if since else end


def row(record: AuditRecord) -> dict[str, Any]:
    """Return the row of a record; a JSON object has as many columns as it needs."""
    origin = record.origin
    written = AUDIT.written(
        at=record.at,
        caller=origin.caller,
        address=origin.address,
        traceparent=origin.traceparent,
        action=record.action,
        schedule=record.schedule_id,
        through=record.through,
        outcome=record.outcome,
    )
    parts = dict(part for name in OBJECTS for part in _parts(name, getattr(record, name)))
    return {"PartitionKey": SCHEDULES, "RowKey": key(record), **written, **parts}


def record(found: Row, _: str) -> AuditRecord:
    """Return the record of a row; raises ValueError for a row that is none."""
    values = AUDIT.sound(found)
    return AuditRecord(
        id=found["RowKey"].rpartition(":")[2],
        at=values["at"],
        origin=Origin(caller=values["caller"], address=values["address"], traceparent=values["traceparent"]),
        action=values["action"],
        schedule_id=values["schedule"],
        through=values["through"],
        outcome=values["outcome"],
        **{name: _whole(name, values) for name in OBJECTS},
    )


def _parts(name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    said = json.dumps(value, ensure_ascii=False) if value else ""
    if len(said) > PART * MOST_PARTS:
        said = LEFT_OUT
    starts = range(0, len(said), PART)
    # The first stands there always: a merge must be able to leave it empty.
    yield name, said[:PART]
    yield from ((part, said[start : start + PART]) for part, start in zip(_names(name)[1:], starts[1:], strict=False))


def _whole(name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    said = "".join(values[part] for part in _names(name))
    found = json.loads(said) if said else {}
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no object in JSON")  # noqa: TRY004 - edited by hand, as above
    return found
