"""What a tick writes, as the operations of a transaction."""

from typing import Any

from shared.core.endings import Ending, following, next_seq
from shared.core.entry import Entry
from shared.core.schedules import State
from shared.storage import rows
from shared.storage.transaction import Operation


def merge(entry: Entry) -> Operation:
    """Return what stores the claim and the tries of an entry, as long as nobody has changed it."""
    key = rows.entry_key(entry.due_at, entry.schedule_id)
    return Operation(kind="merge", row={**rows.at_key(key), **rows.tries(entry)}, etag=entry.etag)


def delete(entry: Entry) -> Operation:
    """Return what takes an entry from the agenda, as long as nobody has changed it."""
    key = rows.entry_key(entry.due_at, entry.schedule_id)
    return Operation(kind="delete", row=rows.at_key(key), etag=entry.etag)


def advance(ending: Ending) -> list[Operation]:
    """Return the operations of one schedule; its own row is merged, never upserted: that revives a deleted one."""
    entry = following(ending)
    state = State.ACTIVE if entry else State.STOPPED
    said: dict[str, Any] = {
        "state": state,
        "due": entry.due_at if entry else None,
        "seq": next_seq(ending),
        "problem": ending.problem,
    }
    if ending.run:
        said |= {"lastDue": ending.run.due, "lastRun": ending.run}
    schedule = {**rows.at_key(rows.schedule_key(ending.entry.schedule_id)), **rows.SCHEDULE.written(**said)}
    insert = [Operation(kind="insert", row=rows.entry_row(entry))] if entry else []
    return [delete(ending.entry), *insert, Operation(kind="merge", row=schedule)]
