"""Ticks of the minute from nine on, with four connections: a test names only what it is about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.core.endings import Ending
from shared.core.entry import Entry
from shared.core.tick.reach import Reach
from shared.core.tick.state import Ended, Limits, Recorded, State, Waiting
from shared.core.tries import Tried, Try
from tests.unit.builders import HOUR, MINUTE, NINE, SECOND, TEN, a_claim, a_due, a_run

CONNECTIONS = 4
TIMEOUT, LEASE = 10 * SECOND, 25 * SECOND
MOST_UNRECORDED, WORTH_A_RECORD = 16, 8
LIMITS = Limits(connections=CONNECTIONS, timeout=TIMEOUT, catch_up=HOUR)
IN_REACH, CAREFUL = Reach(failures_allowed=CONNECTIONS), Reach(failures_allowed=1)
OUT_OF_REACH = Reach(failures_allowed=CONNECTIONS, trouble="No connection.")
TEN_PAST = NINE + 10 * SECOND
END = NINE + MINUTE


def a_state(**changes: Any) -> State:
    """Return the state of a tick that has nothing in hand and nothing to do."""
    return replace(State(begin=NINE, limits=LIMITS, reach=IN_REACH), **changes)


def entries(number: int, first: int = 0, **changes: Any) -> tuple[Entry, ...]:
    """Return so many entries, each of another schedule, that nobody has touched."""
    return tuple(a_due(schedule_id=f"schedule {first + each:04d}", **changes) for each in range(number))


def waiting(dues: Iterable[Entry], free_at: datetime = NINE) -> tuple[Waiting, ...]:
    return tuple(Waiting(free_at, due.schedule_id, due.etag, due) for due in dues)


def tries(number: int, first: int = 0, **changes: Any) -> tuple[Try, ...]:
    """Return so many starts whose claims end after 45 s."""
    changes = {"claim": a_claim(), "attempt": 1, "occurrence": NINE, "tried_since": NINE, **changes}
    return tuple(Try(entry=due, occurrence=NINE) for due in entries(number, first, **changes))


def done(due: Entry, next_instant: datetime | None = TEN, **changes: Any) -> Ending:
    return Ending(entry=due, run=a_run(schedule_id=due.schedule_id, **changes), next_instant=next_instant)


def ended(number: int, first: int = 0, *, was_sent: bool = True) -> tuple[Ended, ...]:
    """Return so many starts that Sense accepted and history does not know."""
    return tuple(Ended(end=done(each.entry), was_sent=was_sent) for each in tries(number, first))


def recorded(
    number: int, first: int = 0, at: datetime = NINE, next_instant: datetime | None = TEN
) -> tuple[Recorded, ...]:
    return tuple(Recorded(at=at, ending=done(each.entry, next_instant)) for each in tries(number, first))


def tried(attempt: Try, error: Exception | None = None, **changes: Any) -> Tried:
    """Return that Sense accepted the start, or the error that came of it."""
    execution = None if error else f"execution of {attempt.entry.schedule_id}"
    return replace(Tried(of=attempt, at=TEN_PAST, execution_id=execution, error=error), **changes)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
