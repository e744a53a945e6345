"""Rows of the table, and the values that they stand for.

Everything that a transaction must change together stands in one partition, the only scope of a transaction. Instants
are ISO 8601 in UTC, so that text order is time order; an absent value is an empty text, for a merge can't clear one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.core.entry import Entry, Target
from shared.core.health import Beat
from shared.core.rules import BrokenRule, Rule
from shared.core.runs import OUTCOME_WORDS
from shared.core.schedules import STATE_OF, Definition, Schedule, State
from shared.core.unreadable import Unreadable
from shared.storage.columns import (
    INSTANT,
    MOMENT,
    NUMBER,
    OF_SCHEDULE,
    REAL,
    REASON,
    TEXT,
    TEXTS,
    Column,
    Columns,
    Read,
    Row,
    one_of,
    reasons,
    text,
    word_of,
)
from shared.storage.run_rows import LAST_RUN, RUNS

SCHEDULES = "schedules"
HEARTBEAT = "heartbeat"
# The character after the colon: a range of keys ends before it.
AFTER_COLON = ";"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def keys(kind: str) -> tuple[str, str]:
    """Return the bounds of the range of keys that begin with this word and a colon."""
    return f"{kind}:", f"{kind}{AFTER_COLON}"


def schedule_key(schedule_id: str) -> str:
    return f"schedule:{schedule_id}"


def entry_key(instant: datetime, schedule_id: str) -> str:
    return f"due:{text(instant)}:{schedule_id}"


def gone_key(schedule_id: str) -> str:
    return f"gone:{schedule_id}"


def at_key(key: str) -> dict[str, str]:
    """Return the keys of a row among the schedules and their entries."""
    return {"PartitionKey": SCHEDULES, "RowKey": key}


# --- a schedule

SCHEDULE = Columns(
    Column("created", MOMENT, LONG_AGO),
    Column("name", TEXT, ""),
    Column("cron", TEXT, ""),
    Column("zone", TEXT, ""),
    Column("taskId", TEXT, ""),
    # Whoever sends back what was read must not stop a schedule by it, nor start one.
    Column("startupState", word_of(STATE_OF), State.ACTIVE.value),
    Column("tags", TEXTS, None),
    Column("state", one_of(State), None),  # that which `due` implies
    Column("due", INSTANT, None),
    Column("seq", NUMBER, None),  # the number after the last run's
    Column("problem", REASON, ""),
    Column("lastDue", INSTANT, None),
    Column("lastRun", LAST_RUN, None),
    Column("leftOut", RUNS, ()),
)


def schedule_row(schedule: Schedule) -> dict[str, Any]:
    definition = schedule.definition
    written = SCHEDULE.written(
        created=schedule.created,
        **_followed(definition.rule, definition.target),
        startupState=definition.startup_state,
        tags=definition.tags,
        state=schedule.state,
        due=schedule.due_at,
        seq=schedule.seq,
        problem=schedule.problem,
        lastDue=schedule.last_due,
        lastRun=schedule.last_run,
        leftOut=schedule.left_out,
    )
    return {**at_key(schedule_key(schedule.id)), **written}


def schedule(row: Row, etag: str) -> Schedule:
    """Return the schedule; one whose row can't be read says so, and has defaults for what can't be."""
    found, key = SCHEDULE.read(row), row["RowKey"]
    values = found.values
    return Schedule(
        id=key.removeprefix("schedule:"),
        created=values["created"],
        definition=Definition.read(
            name=values["name"],
            cron=values["cron"],
            zone=values["zone"],
            task_id=values["taskId"],
            startup_state=values["startupState"],
            tags=values["tags"],
        ),
        state=_state(found),
        due_at=values["due"],
        seq=_number_of(values),
        last_due=values["lastDue"],
        last_run=values["lastRun"],
        left_out=values["leftOut"],
        problem=values["problem"],
        etag=etag,
        unreadable=Unreadable(key=key, columns=reasons(found.wrong)) if found.wrong else None,
    )


def _state(found: Read) -> State:
    # Of one that may be started either way it is said that it is: so it can be stopped.
    if found.values["due"] or found.wrong.keys() & {"state", "due"}:
        return found.values["state"] or State.ACTIVE
    return found.values["state"] or State.STOPPED


def _number_of(values: Mapping[str, Any]) -> int:
    if values["seq"] is not None:
        return int(values["seq"])
    last = [values["lastRun"]] if values["lastRun"] else []
    return max((run.seq for run in (*last, *values["leftOut"])), default=-1) + 1


# --- an entry

ENTRY = Columns(
    Column("name", TEXT, OF_SCHEDULE),
    Column("taskId", TEXT, OF_SCHEDULE),
    Column("cron", TEXT, OF_SCHEDULE),
    Column("zone", TEXT, OF_SCHEDULE),
    Column("seq", NUMBER, OF_SCHEDULE),
    Column("since", INSTANT, None),
    Column("owner", TEXT, ""),
    Column("leaseUntil", INSTANT, None),
    Column("attempt", NUMBER, 0),
    Column("occurrence", INSTANT, None),
    Column("triedSince", INSTANT, None),
    Column("notBefore", INSTANT, None),
    Column("lastError", REASON, ""),
)


def entry_row(entry: Entry) -> dict[str, Any]:
    """Return the row of an entry, with the columns of others that it carries along."""
    written = ENTRY.written(**_followed(entry.rule, entry.target), seq=entry.seq, since=entry.since)
    return {**entry.unknown, **at_key(entry_key(entry.due_at, entry.schedule_id)), **written, **tries(entry)}


def tries(entry: Entry) -> dict[str, Any]:
    """Return what a tick changes of an entry while it works on it."""
    return ENTRY.written(
        owner=entry.claim.owner if entry.claim else "",
        leaseUntil=entry.claim.until if entry.claim else None,
        attempt=entry.tries.attempt,
        occurrence=entry.tries.occurrence,
        triedSince=entry.tries.tried_since,
        notBefore=entry.tries.not_before,
        lastError=entry.tries.last_error,
    )


# --- the mark of the last tick


def _followed(rule: Rule | BrokenRule, target: Target) -> dict[str, Any]:
    """Return the columns that a schedule and its entry share: an entry is acted upon without reading its schedule."""
    return {"name": target.name, "taskId": target.task_id, "cron": rule.expression, "zone": rule.zone_name}


def target_of(values: Mapping[str, Any]) -> Target:
    """Return what an entry starts, from the values of its columns."""
    return Target(name=values["name"], task_id=values["taskId"])


# A tick writes it, with the same values as its log line.
BEAT = Columns(
    Column("begun", INSTANT, None),
    Column("ended", INSTANT, None),
    Column("problem", TEXT, ""),
    Column("seconds", REAL, 0),
    Column("busy", REAL, 0),
    Column("late", REAL, 0),
    *(Column(word, NUMBER, 0) for word in OUTCOME_WORDS),
    Column("retried", NUMBER, 0),
    Column("unreadable", NUMBER, 0),
    Column("unreadableSchedules", TEXTS, None),
)


def beat(row: Row, _: str) -> Beat | None:
    """Return the mark of a tick, None where none ever came; raises ValueError for a row that is none."""
    found = BEAT.read(row)
    if wrong := {name: why for name, why in found.wrong.items() if name in {"begun", "ended", "problem"}}:
        raise ValueError("; ".join(reasons(wrong)))
    values = found.values
    if values["begun"] is None:
        return None
    return Beat(
        begun=values["begun"],
        ended=values["ended"],
        problem=values["problem"],
        unreadable=values["unreadable"],
        late_seconds=values["late"],
    )


def doubtful(row: Row) -> tuple[str, ...]:
    """Return the ids of the schedules that could not be read when somebody looked at all."""
    return BEAT.read(row).values["unreadableSchedules"] or ()
