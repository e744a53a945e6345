"""Rows of the table, and the values that they stand for.

Everything that a transaction must change together stands in one partition, the only scope of a transaction. Instants
are ISO 8601 in UTC, so that text order is time order; an absent value is an empty text, for a merge can't clear one.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.core.due import Claim, Due
from shared.core.health import Beat
from shared.core.runs import Run, RunOutcome
from shared.core.schedules import Definition, Schedule, State

Row = Mapping[str, Any]

SCHEDULES = "schedules"
HISTORY = "history"
HEARTBEAT = "heartbeat"
# The character after the colon: a range of keys ends before it.
AFTER_COLON = ";"
# A property holds 32 Ki characters; a sentence longer than this has lost its reader.
LONGEST_REASON = 1000
UNREADABLE = "(its entry on the agenda can't be read)"
NO_NUMBER = -1
MOST = 2**31 - 2


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
        begun=instant(_text(row, "begun")),
        ended=_instant(row, "ended") if "ended" in row else None,
        problem=_text(row, "problem"),
    )


def schedule_row(schedule: Schedule) -> dict[str, Any]:
    definition = schedule.definition
    return {
        "PartitionKey": SCHEDULES,
        "RowKey": schedule_key(schedule.id),
        "created": text(schedule.created),
        "name": definition.name,
        "cron": definition.cron,
        "zone": definition.zone,
        "taskId": definition.task_id,
        "startupState": definition.startup_state,
        "tags": "" if definition.tags is None else json.dumps(definition.tags, ensure_ascii=False),
        **progress(schedule.state, schedule.due, schedule.seq, schedule.problem),
        "lastDue": text(schedule.last_due),
        "lastRun": run_text(schedule.last_run),
    }


def progress(state: State, due: datetime | None, seq: int, problem: str) -> dict[str, Any]:
    """Return what a tick and a writer both change of a schedule."""
    return {"state": state.value, "due": text(due), "seq": seq, "problem": problem[:LONGEST_REASON]}


def schedule(row: Row, etag: str) -> Schedule:
    """Return the schedule; raises ValueError or KeyError for a row that is none."""
    tags = _text(row, "tags")
    return Schedule(
        id=_text(row, "RowKey").removeprefix("schedule:"),
        created=instant(_text(row, "created")),
        definition=Definition(
            name=_text(row, "name"),
            cron=_text(row, "cron"),
            zone=_text(row, "zone"),
            task_id=_text(row, "taskId"),
            startup_state=_text(row, "startupState"),
            tags=tuple(json.loads(tags)) if tags else None,
        ),
        state=State(_text(row, "state")),
        due=_instant(row, "due"),
        seq=_number(row, "seq"),
        last_due=_instant(row, "lastDue"),
        last_run=_last_run(_text(row, "lastRun")),
        problem=_text(row, "problem"),
        etag=etag,
    )


def due_row(due: Due) -> dict[str, Any]:
    return {
        "PartitionKey": SCHEDULES,
        "RowKey": due_key(due.instant, due.schedule_id),
        "name": due.name,
        "taskId": due.task_id,
        "cron": due.cron,
        "zone": due.zone,
        "seq": due.seq,
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
    bare = _bare(_text(row, "RowKey"), etag)
    with suppress(ValueError, KeyError):
        bare = replace(bare, seq=_number(row, "seq"))
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
        schedule_id=schedule_id, instant=moment, name="", task_id="", cron=UNREADABLE, zone="", seq=NO_NUMBER, etag=etag
    )


def _due(row: Row, bare: Due) -> Due:
    owner, lease_until = _text(row, "owner"), _instant(row, "leaseUntil")
    return replace(
        bare,
        name=_text(row, "name"),
        task_id=_text(row, "taskId"),
        cron=_text(row, "cron"),
        zone=_text(row, "zone"),
        seq=_number(row, "seq"),
        claim=Claim(owner=owner, until=lease_until) if owner and lease_until else None,
        attempt=_number(row, "attempt"),
        occurrence=_instant(row, "occurrence"),
        tried_since=_instant(row, "triedSince"),
        not_before=_instant(row, "notBefore"),
        last_error=_text(row, "lastError"),
    )


def gone_row(schedule_id: str, at: datetime | None) -> dict[str, Any]:
    """Return the mark of a deleted schedule, whose history is still there."""
    return {"PartitionKey": SCHEDULES, "RowKey": gone_key(schedule_id), "at": text(at)}


def gone(row: Row, _: str) -> tuple[str, datetime]:
    """Return id and time of a deletion; raises ValueError or KeyError for a row that is none."""
    return _text(row, "RowKey").removeprefix("gone:"), instant(_text(row, "at"))


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
        schedule_id=_text(row, "RowKey").rpartition(":")[0],
        seq=_number(row, "seq"),
        due=instant(_text(row, "due")),
        outcome=RunOutcome(_text(row, "outcome")),
        started=_instant(row, "started"),
        attempt=_number(row, "attempt"),
        reason=_text(row, "reason") or None,
        execution_id=_text(row, "executionId") or None,
        missed_count=_number(row, "missedCount"),
    )


def run_text(last: Run | None) -> str:
    """Return the last run as its schedule keeps it, for a list of schedules to tell without a look into history."""
    return json.dumps(run_row(last, ring=1), ensure_ascii=False) if last else ""


def _last_run(written: str) -> Run | None:
    return run(json.loads(written)) if written else None


def text(moment: datetime | None) -> str:
    """Return an instant as text; whole seconds, of which alone keys are made, come without a fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""


def instant(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError(f"{written!r} has no offset")
    return moment


def _instant(row: Row, name: str) -> datetime | None:
    written = _text(row, name)
    return instant(written) if written else None


def _text(row: Row, name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")  # noqa: TRY004 - a row that somebody edited by hand is a wrong value
    return value


def _number(row: Row, name: str) -> int:
    value = row[name]
    # One more must still be a number of 32 bits, or the row of the next run could not be written.
    if not isinstance(value, int) or not -1 <= value < MOST:
        raise ValueError(f"{name} is no number that Footman wrote")
    return value
