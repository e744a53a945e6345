"""What is kept of every change and every start: who asked for it and from where, and what was before and after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.core.callers import Origin

if TYPE_CHECKING:
    from shared.core.schedules import Change, Schedule

DONE = "done"
# What was asked for was begun, and nobody has said yet what became of it: the process may have ended meanwhile.
NOT_RECORDED = "not recorded"


class Action(StrEnum):
    """What was done; the texts are those of storage, of the log and of answers."""

    SCHEDULE_CREATED = "schedule_created"
    SCHEDULE_REPLACED = "schedule_replaced"
    SCHEDULE_STARTED = "schedule_started"
    SCHEDULE_STOPPED = "schedule_stopped"
    SCHEDULE_DELETED = "schedule_deleted"
    SCHEDULE_RESTORED = "schedule_restored"
    KEY_VALUE_STORED = "key_value_stored"
    KEY_VALUE_DELETED = "key_value_deleted"
    NAMESPACE_DELETED = "namespace_deleted"
    TASKS_STARTED = "tasks_started"
    TICK_REQUESTED = "tick_requested"


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """One change, or one request to start tasks.

    `action` is a word of Action, or one of a newer version. `schedule_id` is empty where it is of no schedule, and
    `through` says by which call many were changed at once. What was `requested`, and what was before and after, are
    objects as JSON has them; of a key-value they never hold the value.
    """

    id: str
    at: datetime
    origin: Origin
    action: str
    schedule_id: str = ""
    through: str = ""
    requested: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = DONE


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """Which records are asked for: the newest so many, of that time, schedule and caller where these are said."""

    since: datetime | None = None
    before: datetime | None = None
    schedule_id: str | None = None
    caller: str | None = None
    limit: int


def of_change(  # noqa: PLR0913 - what a record is made of
    change: "Change", action: Action, origin: Origin, *, record_id: str, at: datetime, through: str = ""
) -> AuditRecord:
    """Return the record of a change of a schedule."""
    before, after = _told(change.before), _told(change.after)
    return AuditRecord(
        id=record_id,
        at=at,
        origin=origin,
        action=action.value,
        schedule_id=(after or before)["id"],
        through=through,
        before=before,
        after=after,
    )


def _told(schedule: "Schedule | None") -> Mapping[str, Any]:
    return schedule.told() if schedule else {}
