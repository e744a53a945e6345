"""Rows of history, and the runs that a schedule keeps in a column."""

from collections.abc import Mapping
from typing import Any

from shared.core.runs import MAY_BE_UNDER_WAY, OUTCOME_UNKNOWN, OUTCOME_WORDS, Run, RunOutcome
from shared.storage.columns import (
    INSTANT,
    MOMENT,
    NUMBER,
    REASON,
    REQUIRED,
    TEXT,
    Column,
    Columns,
    Row,
    json_of,
    word_of,
)

HISTORY = "history"

RUN = Columns(
    Column("seq", NUMBER, REQUIRED),
    Column("due", MOMENT, REQUIRED),
    Column("outcome", word_of(OUTCOME_WORDS), REQUIRED),
    Column("reasonCode", TEXT, ""),
    Column("started", INSTANT, None),
    Column("attempt", NUMBER, 0),
    Column("reason", REASON, ""),
    Column("executionId", TEXT, ""),
    Column("missedCount", NUMBER, 0),
)


def run_key(schedule_id: str, seq: int, ring: int) -> str:
    return f"{schedule_id}:{seq % ring:06d}"


def run_row(run: Run, ring: int) -> dict[str, Any]:
    """Return the row of a run: its number gives its place in the ring, whose oldest row it takes."""
    written = RUN.written(
        seq=run.seq,
        due=run.due,
        outcome=run.outcome.word,
        reasonCode=run.outcome.reason_code or "",
        started=run.started,
        attempt=run.attempt,
        reason=run.reason or "",
        executionId=run.execution_id or "",
        missedCount=run.missed_count,
    )
    return {"PartitionKey": HISTORY, "RowKey": run_key(run.schedule_id, run.seq, ring), **written}


def run(row: Row) -> Run:
    """Return the run; raises ValueError for a row that is none."""
    values = RUN.sound(row)
    return Run(
        schedule_id=str(row["RowKey"]).rpartition(":")[0],
        seq=values["seq"],
        due=values["due"],
        outcome=_outcome(values),
        started=values["started"],
        attempt=values["attempt"],
        reason=values["reason"] or None,
        execution_id=values["executionId"] or None,
        missed_count=values["missedCount"],
    )


def _outcome(values: Mapping[str, Any]) -> RunOutcome:
    # The version before said it in the reason alone.
    is_unknown = values["reasonCode"] == OUTCOME_UNKNOWN or values["reason"].startswith(MAY_BE_UNDER_WAY)
    return RunOutcome.UNKNOWN if is_unknown else RunOutcome(values["outcome"])


def _run_in_json(run: Run) -> dict[str, Any]:
    return run_row(run, ring=1)


# For a list of schedules to show the last run without a look into history.
LAST_RUN = json_of(_run_in_json, run, None, "run")
RUNS = json_of(lambda runs: [_run_in_json(each) for each in runs], lambda found: tuple(map(run, found)), (), "runs")
