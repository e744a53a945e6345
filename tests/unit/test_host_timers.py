from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.host.timer_state import StatusFile, to_names
from sandbox.host.timers import BadScheduleError, Reason, Schedule, Status, after_run, seconds_until, start

EVERY_MINUTE = Schedule.parse("0 * * * * *")
HOURLY = Schedule.parse("0 0 * * * *")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
JUST_BEFORE_NOON = NOON - timedelta(milliseconds=6)
JUST_AFTER_NOON = NOON + timedelta(milliseconds=3)
MINUTE = timedelta(minutes=1)


def a_status(**changes: datetime | None) -> Status:
    """Return the status of an every-minute timer that ran at 11:59 and is due at noon."""
    status = Status(last=NOON - MINUTE, next=NOON, updated=NOON - MINUTE)
    return replace(status, **changes)  # type: ignore[arg-type]  # the fields differ in None


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("0 * * * * *", "2026-11-22T12:01:00"),
        ("* * * * * *", "2026-11-22T12:00:01"),
        ("*/30 * * * * *", "2026-11-22T12:00:30"),
        ("0 */5 13 * * *", "2026-11-22T13:00:00"),
        ("0 0 12 * * Mon-Fri", "2026-11-23T12:00:00"),
        ("0 0 0 1 Jan *", "2027-01-01T00:00:00"),
        ("0 0 0 13 * 5", "2027-08-13T00:00:00"),  # the 13th AND a Friday
        (" 0  0 12 * * 0 ", "2026-11-29T12:00:00"),
    ],
)
def test_the_next_occurrence_is_after_the_moment_given(expression: str, following: str) -> None:
    assert Schedule.parse(expression).after(NOON).isoformat() == f"{following}+00:00"


@pytest.mark.parametrize(
    "expression", ["", "* * * * *", "0 * * * * * *", "0 60 * * * *", "0 0 0 30 2 *", "00:05:00", "0 0 0 ? * *"]
)
def test_an_expression_that_is_not_ncrontab_or_never_fires_is_refused(expression: str) -> None:
    with pytest.raises(BadScheduleError, match="'"):
        Schedule.parse(expression)


@pytest.mark.parametrize(
    ("expression", "is_dense"),
    [("* * * * * *", True), ("*/30 * * * * *", True), ("0 * * * * *", False), ("0 0 * * * *", False)],
)
def test_only_a_schedule_that_fires_twice_within_a_minute_is_dense(expression: str, is_dense: bool) -> None:  # noqa: FBT001 - a column of the table
    assert Schedule.parse(expression).fires_within_a_minute_twice(JUST_AFTER_NOON) is is_dense


@pytest.mark.parametrize(
    ("began", "last", "following"),
    [
        (NOON, NOON, NOON + MINUTE),
        (JUST_AFTER_NOON, JUST_AFTER_NOON, NOON + MINUTE),
        (JUST_BEFORE_NOON, NOON, NOON + MINUTE),
    ],
    ids=["on time", "late", "early"],
)
def test_a_scheduled_run_is_never_due_twice(began: datetime, last: datetime, following: datetime) -> None:
    after = after_run(EVERY_MINUTE, a_status(), began, Reason.SCHEDULED)
    assert after == Status(last=last, next=following, updated=last)


def test_an_overrun_is_followed_by_one_call_at_once_and_then_by_the_schedule() -> None:
    overrun = after_run(EVERY_MINUTE, a_status(), NOON, Reason.SCHEDULED)
    ended = NOON + timedelta(minutes=2, seconds=30)
    assert overrun.next == NOON + MINUTE
    assert seconds_until(overrun.next, ended) == 0
    made_good = after_run(EVERY_MINUTE, overrun, ended, Reason.SCHEDULED)
    assert made_good.next == NOON + timedelta(minutes=3)
    assert seconds_until(made_good.next, ended) == 30


@pytest.mark.parametrize("reason", [Reason.PAST_DUE, Reason.STARTUP])
def test_a_run_out_of_schedule_does_not_count_for_the_next_occurrence(reason: Reason) -> None:
    early = NOON - timedelta(seconds=20)
    assert after_run(EVERY_MINUTE, a_status(), early, reason) == a_status(last=early, updated=early)


@pytest.mark.parametrize(
    ("now", "fire"),
    [
        (JUST_BEFORE_NOON, None),
        (NOON, None),
        (JUST_AFTER_NOON, Reason.PAST_DUE),
        (NOON + timedelta(days=3), Reason.PAST_DUE),
    ],
)
def test_a_missed_occurrence_is_made_good_once_at_the_start(now: datetime, fire: Reason | None) -> None:
    begin = start(EVERY_MINUTE, a_status(), now, run_on_startup=False)
    assert (begin.status, begin.fire) == (a_status(), fire)


def test_after_a_gap_the_schedule_goes_on_from_now() -> None:
    now = NOON + timedelta(days=3, seconds=10)
    begin = start(EVERY_MINUTE, a_status(), now, run_on_startup=False)
    after = after_run(EVERY_MINUTE, begin.status, now, Reason.PAST_DUE)
    assert after.next == now + timedelta(seconds=50)
    assert start(EVERY_MINUTE, after, now, run_on_startup=False).fire is None


def test_a_timer_that_never_ran_makes_good_what_it_missed_since_it_was_recorded() -> None:
    first = start(EVERY_MINUTE, None, JUST_BEFORE_NOON, run_on_startup=False)
    assert first.fire is None
    assert first.status == Status(last=None, next=NOON, updated=JUST_BEFORE_NOON)
    assert start(EVERY_MINUTE, first.status, NOON + MINUTE, run_on_startup=False).fire is Reason.PAST_DUE


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (JUST_BEFORE_NOON, Status(last=None, next=NOON, updated=NOON - 90 * MINUTE)),
        (NOON + 90 * MINUTE, Status(last=None, next=NOON + 120 * MINUTE, updated=NOON + 90 * MINUTE)),
    ],
    ids=["next occurrence ahead", "next occurrence past"],
)
def test_a_changed_expression_is_not_past_due(now: datetime, status: Status) -> None:
    recorded = Status(last=NOON - 90 * MINUTE, next=NOON - 89 * MINUTE, updated=NOON - 90 * MINUTE)
    schedule = Schedule.parse("0 0 */2 * * *")
    begin = start(schedule, recorded, now, run_on_startup=False)
    assert (begin.status, begin.fire) == (status, None)


def test_it_runs_on_startup_only_where_it_is_asked_to() -> None:
    asked = [start(HOURLY, None, JUST_AFTER_NOON, run_on_startup=answer).fire for answer in (True, False)]
    assert asked == [Reason.STARTUP, None]


def test_a_past_due_run_stands_for_the_one_on_startup() -> None:
    assert start(EVERY_MINUTE, a_status(), NOON + MINUTE, run_on_startup=True).fire is Reason.PAST_DUE


@pytest.mark.parametrize(("now", "seconds"), [(NOON - MINUTE, 60), (NOON, 0), (NOON + MINUTE, 0)])
def test_the_wait_is_never_negative(now: datetime, seconds: float) -> None:
    assert seconds_until(NOON, now) == seconds


@pytest.mark.parametrize("status", [a_status(), a_status(last=None)])
def test_a_status_is_read_back_as_written(tmp_path: Path, status: Status) -> None:
    file = StatusFile(path=tmp_path / "below" / "tick.json")
    file.write(status)
    assert file.read() == status


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Last": 1}', '{"Last": "x", "Next": "x", "LastUpdated": "x"}'])
def test_a_broken_status_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "tick.json").write_text(text)
    assert StatusFile(path=tmp_path / "tick.json").read() is None


def test_a_handler_sees_the_names_of_the_host() -> None:
    assert to_names(a_status(last=None)) == {
        "Last": "0001-01-01T00:00:00+00:00",
        "Next": "2026-11-22T12:00:00+00:00",
        "LastUpdated": "2026-11-22T11:59:00+00:00",
    }
