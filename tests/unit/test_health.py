"""What health says, and that it gives nothing away."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.core.errors import (
    CallerError,
    QrsBusy,
    QrsDenied,
    QrsMisplaced,
    QrsNoSession,
    QrsRefused,
    QrsTimedOut,
    QrsUnanswered,
    QrsUnreachable,
    QrsUntrusted,
    SettingsError,
    StorageConflict,
    StorageError,
)
from shared.core.health import Beat, Check, Health, rows_check, settings_named, tick_check, warns, word_for

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (StorageError, "no usable answer"),
        (StorageConflict, "no usable answer"),
        (QrsUntrusted, "certificate not trusted"),
        (QrsUnreachable, "unreachable"),
        (QrsNoSession, "unreachable"),
        (QrsTimedOut, "no answer in time"),
        (QrsUnanswered, "no answer"),
        (QrsDenied, "access denied"),
        (QrsBusy, "busy or failing"),
        (QrsMisplaced, "something else answers"),
        (QrsRefused, "refused"),
        (CallerError, "refused"),
        (RuntimeError, "failed"),
    ],
)
def test_an_error_is_told_in_words_that_name_nobody(kind: type[Exception], word: str) -> None:
    assert word_for(kind("sense.example.com refused INTERNAL\\sa_repository")) == word


def test_a_wrong_setting_is_told_in_words_that_name_no_value() -> None:
    assert word_for(SettingsError(["QRS_URL"], "QRS_URL ('sense.example.com'): no.")) == "wrong setting"


def test_settings_are_named_without_their_values() -> None:
    error = SettingsError(["QRS_URL", "STORAGE_CONNECTION", "QRS_URL"], "QRS_URL ('x'): no, give QRS_JWT. And so on.")

    assert settings_named(error) == ("QRS_URL", "STORAGE_CONNECTION")
    assert settings_named(QrsUnreachable("QRS_URL names sense.example.com")) == ()


@pytest.mark.parametrize(
    ("ago", "problem", "word"),
    [
        (timedelta(0), "", "ok"),
        (timedelta(minutes=2, seconds=30), "", "ok"),
        (timedelta(minutes=5), "", "ok"),
        (timedelta(minutes=5, seconds=1), "", "stopped coming"),
        (timedelta(minutes=9), "clock", "stopped coming"),
        (timedelta(seconds=3), "The clock is ahead.", "held up"),
    ],
)
def test_a_tick_may_be_five_minutes_old(ago: timedelta, problem: str, word: str) -> None:
    check = tick_check(Beat(begun=NOON - ago, problem=problem), NOON)

    assert check == Check(word=word, seconds_ago=int(ago.total_seconds()))


@pytest.mark.parametrize(("unreadable", "words"), [(0, None), (1, "1 row can't be read"), (3, "3 rows can't be read")])
def test_rows_that_cant_be_read_are_told_and_only_then(unreadable: int, words: str | None) -> None:
    assert rows_check(Beat(begun=NOON, unreadable=unreadable)) == (Check(word=words) if words else None)


def test_a_tick_of_a_clock_ahead_is_not_in_the_future() -> None:
    assert tick_check(Beat(begun=NOON + timedelta(seconds=2)), NOON) == Check(word="ok", seconds_ago=0)


def test_a_tick_that_begins_and_never_ends_is_none() -> None:
    dying = Beat(begun=NOON - timedelta(seconds=20), ended=NOON - timedelta(minutes=6))

    assert tick_check(dying, NOON) == Check(word="does not finish", seconds_ago=360)


def test_a_tick_that_never_came_is_no_good_health() -> None:
    checks = {"settings": Check(word="ok"), "tick": tick_check(None, NOON)}

    assert checks["tick"] == Check(word="never came")
    assert not Health(checks=checks).is_ok
    assert Health(checks={"settings": Check(word="ok")}).is_ok


@pytest.mark.parametrize(
    ("days", "expected"),
    [(61, False), (60, True), (59, False), (30, True), (8, False), (7, True), (6, True), (0, True), (-3, True)],
)
def test_the_log_warns_two_months_before_and_every_day_of_the_last_week(days: int, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert warns(days) is expected


@pytest.mark.parametrize(("late", "told"), [(27.4, 27.4), (0.0, None)])
def test_how_late_the_latest_start_was_is_told_if_there_was_one(late: float, told: float | None) -> None:
    check = tick_check(Beat(begun=NOON, late_seconds=late), NOON)

    assert (check.word, check.late_seconds) == ("ok", told)
