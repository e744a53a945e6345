"""Schedules as they are kept, and a change of one as data: the schedule and its entry, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from shared.core import rules
from shared.core.audit import AuditRecord
from shared.core.entry import Entry, Target
from shared.core.rules import BrokenRule, Rule
from shared.core.runs import Run
from shared.core.unreadable import Unreadable


class State(StrEnum):
    """Whether a schedule starts its task; the texts are those of the wire."""

    ACTIVE = "started"
    STOPPED = "stopped"


STATE_OF: Mapping[str, State] = {
    "start": State.ACTIVE,
    "started": State.ACTIVE,
    "stop": State.STOPPED,
    "stopped": State.STOPPED,
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a caller says of a schedule, in the caller's own spelling; `startup_state` is a key of STATE_OF."""

    rule: Rule | BrokenRule
    target: Target
    startup_state: str
    tags: tuple[str, ...] | None = None

    @classmethod
    def read(  # noqa: PLR0913 - the texts of a schedule
        cls, *, name: str, cron: str, zone: str, task_id: str, startup_state: str, tags: tuple[str, ...] | None = None
    ) -> "Definition":
        """Make one of texts; a rule that can't be evaluated is kept as a broken one."""
        rule, target = rules.read(cron, zone), Target(name=name, task_id=task_id)
        return cls(rule=rule, target=target, startup_state=startup_state, tags=tags)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule as it is kept.

    Its entry on the agenda is due at `due_at`, None while it is stopped. `seq` numbers the run to come. `last_due` is
    the last occurrence that was dealt with. `left_out` are runs of a change that history may not have yet. `problem`
    says why Footman stopped it. `unreadable` names the columns of its row that hold something else than they must;
    what they should hold has a default here.
    """

    id: str
    created: datetime
    definition: Definition
    state: State
    due_at: datetime | None = None
    seq: int = 0
    last_due: datetime | None = None
    last_run: Run | None = None
    left_out: tuple[Run, ...] = ()
    problem: str = ""
    unreadable: Unreadable | None = None
    etag: str = ""

    def told(self) -> dict[str, Any]:
        """Return what is told of the schedule to callers and kept in the audit, under the names that Butler uses."""
        definition = self.definition
        told: dict[str, Any] = {
            "id": self.id,
            "created": self.created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "name": definition.target.name,
            "cronSchedule": definition.rule.expression,
            "timezone": definition.rule.zone_name,
            "qlikSenseTaskId": definition.target.task_id,
            "startupState": definition.startup_state,
            "lastKnownState": self.state.value,
        }
        if definition.tags is not None:
            told["tags"] = list(definition.tags)
        if self.problem:
            told["problem"] = self.problem
        return told


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """A deleted schedule as it was, and when it was deleted; until it is forgotten it can be restored."""

    schedule: Schedule
    at: datetime
    etag: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be stored in one step: a schedule and its entry on the agenda, each absent where there is none.

    `deleted` is what is kept of a schedule that is deleted, and `restored` what is so no longer. `audit` is there
    where a caller asked for the change.
    """

    before: Schedule | None = None
    after: Schedule | None = None
    entry_before: Entry | None = None
    entry_after: Entry | None = None
    deleted: Deleted | None = None
    restored: Deleted | None = None
    audit: AuditRecord | None = None
