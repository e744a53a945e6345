"""Rows of deleted schedules: the mark that their history is there, and what they said."""

from datetime import datetime
from typing import Any

from shared.core.schedules import Deleted
from shared.storage import rows
from shared.storage.columns import MOMENT, Column, Columns, Row

GONE = Columns(Column("at", MOMENT, rows.LONG_AGO))


def gone_row(deleted: Deleted) -> dict[str, Any]:
    """Return the mark of a deleted schedule, whose history is still there, with what it said."""
    schedule = deleted.schedule
    said = {} if schedule.unreadable else rows.schedule_row(schedule)
    return {**said, **rows.at_key(rows.gone_key(schedule.id)), **GONE.written(at=deleted.at)}


def gone(row: Row, _: str) -> tuple[str, datetime]:
    """Return id and time of a deletion; raises ValueError for a row that is none."""
    return row["RowKey"].removeprefix("gone:"), GONE.sound(row)["at"]


def deleted(row: Row, etag: str) -> Deleted | None:
    """Return a deleted schedule, None where only the mark is there: the version before kept no more.

    Raises ValueError for a row that is none.
    """
    schedule_id, at = gone(row, etag)
    if "cron" not in row:
        return None
    return Deleted(schedule=rows.schedule({**row, "RowKey": rows.schedule_key(schedule_id)}, ""), at=at, etag=etag)
