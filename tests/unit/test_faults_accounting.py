"""The books of the trials notice whatever is missing, doubled, miscounted or made up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.runs import Run, RunOutcome
from tests.unit.builders import HOUR, MINUTE, NINE, SECOND, a_claim, a_due
from trials.faults.accounting import Account, Audit, Seen, audit

HALF_PAST_ELEVEN = NINE + 2 * HOUR + 30 * MINUTE
Change = Callable[[Account], Account]


def a_seen(number: int, at: timedelta) -> Seen:
    return Seen(execution_id=f"execution {number}", at=NINE + at)


def a_row(number: int, at: timedelta, *, late: timedelta = SECOND, missed: int = 0) -> Run:
    return Run(
        schedule_id="hourly",
        seq=number,
        due=NINE + at,
        outcome=RunOutcome.STARTED,
        started=NINE + at + late,
        attempt=1,
        execution_id=f"execution {number}",
        missed_count=missed,
    )


def an_account() -> Account:
    """Return an hourly schedule: nine was started, ten overtaken by eleven, twelve is to come."""
    return Account(
        schedule_id="hourly",
        cron="0 * * * *",
        zone="UTC",
        since=NINE,
        until=HALF_PAST_ELEVEN,
        runs=[a_row(0, 0 * HOUR), a_row(1, 2 * HOUR, missed=1)],
        entry=a_due(due_at=NINE + 3 * HOUR, seq=2),
        seen=[a_seen(0, SECOND), a_seen(1, 2 * HOUR + 7 * SECOND)],
    )


def test_what_is_right_is_clean() -> None:
    found = audit([an_account(), an_account()])

    assert found == Audit(started=4, overtaken=2, latest=7.0)
    assert found.is_clean


def test_books_of_several_sites_are_added_up() -> None:
    whole = Audit(started=1, overtaken=2, lost=3, doubled=4, taken_over=5, latest=6.0, wrong=["one"])
    whole.add(Audit(started=10, overtaken=20, lost=30, doubled=40, taken_over=50, latest=5.0, wrong=["other"]))

    assert whole == Audit(
        started=11, overtaken=22, lost=33, doubled=44, taken_over=55, latest=6.0, wrong=["one", "other"]
    )


def test_a_late_schedule_is_right_as_long_as_somebody_has_until_later() -> None:
    nothing_yet = replace(an_account(), until=NINE - SECOND, runs=[], seen=[], entry=a_due(seq=0))

    assert audit([nothing_yet]) == Audit()


def rows(*numbers: int) -> Change:
    return lambda account: replace(account, runs=[account.runs[number] for number in numbers])


def row(number: int, **changes: object) -> Change:
    def changed(account: Account) -> Account:
        runs = list(account.runs)
        runs[number] = replace(runs[number], **changes)  # type: ignore[arg-type]
        return replace(account, runs=runs)

    return changed


def seen(*each: Seen) -> Change:
    return lambda account: replace(account, seen=each)


def entry(**changes: object) -> Change:
    return lambda account: replace(account, entry=replace(account.entry, **changes))  # type: ignore[type-var]


FIRST, SECOND_START = a_seen(0, SECOND), a_seen(1, 2 * HOUR + 7 * SECOND)
FAULTS: list[tuple[str, Change, int, int, str]] = [
    # what is wrong, how it is made, lost, doubled, what is said
    ("the first row is missing", rows(1), 0, 1, "row 0 has the number 1"),
    ("the last row is missing", rows(0), 2, 1, "no row tells of 2026-11-23 11:00"),
    ("all history is missing", rows(), 3, 2, "no row tells of 2026-11-23 09:00"),
    ("a row stands twice", rows(0, 0, 1), 0, 0, "tells of 2026-11-23 09:00:00+00:00, which is none to be told"),
    ("rows stand in the wrong order", rows(1, 0), 0, 0, "row 0 has the number 1"),
    ("a start is missing", seen(FIRST), 2, 0, "Sense saw no such start"),
    ("no start was seen", seen(), 3, 0, "Sense saw no such start"),
    ("a start was doubled", seen(FIRST, SECOND_START, a_seen(2, 3 * HOUR)), 0, 1, ""),
    ("one execution proves two rows", row(1, execution_id="execution 0"), 2, 1, "Sense saw no such start"),
    ("a row names no execution", row(1, execution_id=None), 2, 1, "Sense saw no such start"),
    ("an overtaken one is not counted", row(1, missed_count=0), 0, 0, "counts 0 missed, there were 1"),
    ("one too many is counted", row(0, missed_count=1), 0, 0, "counts 1 missed, there were 0"),
    ("an instant is made up", row(0, due=NINE + MINUTE), 0, 0, "which is none to be told"),
    ("it was missed", row(0, outcome=RunOutcome.MISSED, missed_count=1, reason="too late"), 1, 1, "missed: too late"),
    ("it was refused", row(0, outcome=RunOutcome.FAILED, reason="no such task"), 1, 1, "failed: no such task"),
    ("a start came too early", seen(a_seen(0, -SECOND), SECOND_START), 0, 0, "before 2026-11-23 09:00"),
    ("history tells another time", row(0, started=NINE + MINUTE), 0, 0, "history says 2026-11-23 09:01"),
    ("the entry is lost", lambda account: replace(account, entry=None), 0, 0, "nothing on the agenda"),
    ("the entry skips one", entry(due_at=NINE + 4 * HOUR), 0, 0, "13:00:00+00:00, number 2 on the agenda, not"),
    ("the entry has another number", entry(seq=3), 0, 0, "number 3 on the agenda"),
    ("somebody works on the entry", entry(claim=a_claim()), 0, 0, "was tried already"),
]


@pytest.mark.parametrize(
    ("change", "lost", "doubled", "said"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_it_notices_that(change: Change, lost: int, doubled: int, said: str) -> None:
    found = audit([change(an_account())])

    assert (found.lost, found.doubled) == (lost, doubled), found.wrong
    assert any(said in line for line in found.wrong) or not said
    assert not found.is_clean
