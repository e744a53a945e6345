"""Rows of the table, and the values that they stand for.

Everything that a transaction must change together stands in one partition, the only scope of a transaction. Instants
are ISO 8601 in UTC, so that text order is time order; an absent value is an empty text, for a merge can't clear one.
"""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.core import rules
from shared.core.due import Claim, Due, Target
from shared.core.health import Beat
from shared.core.rules import BrokenRule, Rule
from shared.core.runs import Run, RunOutcome
from shared.core.schedules import Definition, Schedule, State
from shared.storage.cells import Row, instant, maybe_instant, number_of, text, text_of

SCHEDULES = "schedules"
HISTORY = "history"
HEARTBEAT = "heartbeat"
# The character after the colon: a range of keys ends before it.
AFTER_COLON = ";"
# A property holds 32 Ki characters; a sentence longer than this has lost its reader.
LONGEST_REASON = 1000
UNREADABLE = "(its entry on the agenda can't be read)"
NO_NUMBER = -1


def keys(kind: str) -> tuple[str, str]:
    """Return the bounds of the range of keys that begin with this word and a colon."""
    return f"{kind}:", f"{kind}{AFTER_COLON}"


def schedule_key(schedule_id: str) -> str:
    return f"schedule:{schedule_id}"


def due_key(instant: datetime, schedule_id: str) -> str:
    return f"due:{text(instant)}:{schedule_id}"


def gone_key(schedule_id: str) -> str:
    return f"gone:{schedule_id}"


def beat(row: Row, _: str) -> Beat:
    """Return the mark of a tick; raises ValueError or KeyError for a row that is none."""
    return Beat(
        begun=instant(text_of(row, "begun")),
        ended=maybe_instant(row, "ended") if "ended" in row else None,
        problem=text_of(row, "problem"),
    )


def schedule_row(schedule: Schedule) -> dict[str, Any]:
    definition = schedule.definition
    return {
        "PartitionKey": SCHEDULES,
        "RowKey": schedule_key(schedule.id),
        "created": text(schedule.created),
        **_followed(definition.rule, definition.target),
        "startupState": definition.startup_state,
        "tags": "" if definition.tags is None else json.dumps(definition.tags, ensure_ascii=False),
        **progress(schedule.state, schedule.due, schedule.seq, schedule.problem),
        "lastDue": text(schedule.last_due),
        "lastRun": run_text(schedule.last_run),
        "leftOut": json.dumps([run_row(run, ring=1) for run in schedule.left_out]) if schedule.left_out else "",
    }


def progress(state: State, due: datetime | None, seq: int, problem: str) -> dict[str, Any]:
    """Return what a tick and a writer both change of a schedule."""
    return {"state": state.value, "due": text(due), "seq": seq, "problem": problem[:LONGEST_REASON]}


def schedule(row: Row, etag: str) -> Schedule:
    """Return the schedule; raises ValueError or KeyError for a row that is none."""
    tags = text_of(row, "tags")
    return Schedule(
        id=text_of(row, "RowKey").removeprefix("schedule:"),
        created=instant(text_of(row, "created")),
        definition=Definition(
            rule=_rule(row),
            target=_target(row),
            startup_state=text_of(row, "startupState"),
            tags=tuple(json.loads(tags)) if tags else None,
        ),
        state=State(text_of(row, "state")),
        due=maybe_instant(row, "due"),
        seq=number_of(row, "seq"),
        last_due=maybe_instant(row, "lastDue"),
        last_run=_last_run(text_of(row, "lastRun")),
        left_out=_left_out(row),
        problem=text_of(row, "problem"),
        etag=etag,
    )


def due_row(due: Due) -> dict[str, Any]:
    return {
        "PartitionKey": SCHEDULES,
        "RowKey": due_key(due.instant, due.schedule_id),
        **_followed(due.rule, due.target),
        "seq": due.seq,
        "since": text(due.since),
        **tries(due),
    }


def tries(due: Due) -> dict[str, Any]:
    """Return what a tick changes of an entry while it works on it."""
    return {
        "owner": due.claim.owner if due.claim else "",
        "leaseUntil": text(due.claim.until if due.claim else None),
        "attempt": due.attempt,
        "occurrence": text(due.occurrence),
        "triedSince": text(due.tried_since),
        "notBefore": text(due.not_before),
        "lastError": due.last_error[:LONGEST_REASON],
    }


def due(row: Row, etag: str) -> Due:
    """Return the entry; raises ValueError for a key that is none.

    One whose content can't be read has no expression that can be evaluated: a tick stops its schedule and says so.
    """
    bare = _bare(text_of(row, "RowKey"), etag)
    with suppress(ValueError, KeyError):
        bare = replace(bare, seq=number_of(row, "seq"))
    try:
        return _due(row, bare)
    except (ValueError, KeyError):
        return bare


def _bare(key: str, etag: str) -> Due:
    """Return what the key tells: `due:2026-11-22T06:00:00Z:{id}`."""
    _, day_and_hour, minute, second, schedule_id = key.split(":", 4)
    moment = instant(f"{day_and_hour}:{minute}:{second}")
    if due_key(moment, schedule_id) != key:
        raise ValueError(f"{key!r} is not how keys are written")
    return Due(
        schedule_id=schedule_id,
        instant=moment,
        rule=rules.read(UNREADABLE, ""),
        target=Target(name="", task_id=""),
        seq=NO_NUMBER,
        etag=etag,
    )


def _due(row: Row, bare: Due) -> Due:
    owner, lease_until = text_of(row, "owner"), maybe_instant(row, "leaseUntil")
    return replace(
        bare,
        rule=_rule(row),
        target=_target(row),
        seq=number_of(row, "seq"),
        since=maybe_instant(row, "since") if "since" in row else None,
        claim=Claim(owner=owner, until=lease_until) if owner and lease_until else None,
        attempt=number_of(row, "attempt"),
        occurrence=maybe_instant(row, "occurrence"),
        tried_since=maybe_instant(row, "triedSince"),
        not_before=maybe_instant(row, "notBefore"),
        last_error=text_of(row, "lastError"),
    )


def _followed(rule: Rule | BrokenRule, target: Target) -> dict[str, Any]:
    """Return what a schedule and its entry both tell: an entry is acted upon without a look at its schedule."""
    return {"name": target.name, "taskId": target.task_id, "cron": rule.expression, "zone": rule.zone_name}


def _rule(row: Row) -> Rule | BrokenRule:
    return rules.read(text_of(row, "cron"), text_of(row, "zone"))


def _target(row: Row) -> Target:
    return Target(name=text_of(row, "name"), task_id=text_of(row, "taskId"))


def gone_row(schedule_id: str, at: datetime | None) -> dict[str, Any]:
    """Return the mark of a deleted schedule, whose history is still there."""
    return {"PartitionKey": SCHEDULES, "RowKey": gone_key(schedule_id), "at": text(at)}


def gone(row: Row, _: str) -> tuple[str, datetime]:
    """Return id and time of a deletion; raises ValueError or KeyError for a row that is none."""
    return text_of(row, "RowKey").removeprefix("gone:"), instant(text_of(row, "at"))


def run_row(run: Run, ring: int) -> dict[str, Any]:
    """Return the row of a run: its number tells its place in the ring, whose oldest row it takes."""
    return {
        "PartitionKey": HISTORY,
        "RowKey": run_key(run.schedule_id, run.seq, ring),
        "seq": run.seq,
        "due": text(run.due),
        "outcome": run.outcome.value,
        "started": text(run.started),
        "attempt": run.attempt,
        "reason": (run.reason or "")[:LONGEST_REASON],
        "executionId": run.execution_id or "",
        "missedCount": run.missed_count,
    }


def run_key(schedule_id: str, seq: int, ring: int) -> str:
    return f"{schedule_id}:{seq % ring:06d}"


def run(row: Row) -> Run:
    """Return the run; raises ValueError or KeyError for a row that is none."""
    return Run(
        schedule_id=text_of(row, "RowKey").rpartition(":")[0],
        seq=number_of(row, "seq"),
        due=instant(text_of(row, "due")),
        outcome=RunOutcome(text_of(row, "outcome")),
        started=maybe_instant(row, "started"),
        attempt=number_of(row, "attempt"),
        reason=text_of(row, "reason") or None,
        execution_id=text_of(row, "executionId") or None,
        missed_count=number_of(row, "missedCount"),
    )


def run_text(last: Run | None) -> str:
    """Return the last run as its schedule keeps it, for a list of schedules to tell without a look into history."""
    return json.dumps(run_row(last, ring=1), ensure_ascii=False) if last else ""


def _last_run(written: str) -> Run | None:
    return run(json.loads(written)) if written else None


def _left_out(row: Row) -> tuple[Run, ...]:
    written = row.get("leftOut", "")
    return tuple(map(run, json.loads(written))) if written else ()
