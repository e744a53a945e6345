from datetime import UTC, datetime

import pytest

from shared.core.cron import Cron, upcoming
from shared.core.errors import CallerError
from shared.core.zones import Zone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    "use 5 fields (minute hour day month weekday), 6 with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly"
)


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/5 * * * * *",
        "  0   6 * * 1-5  ",
        "5/15 * * * *",
        "0 22-2 * * *",
        "0 0 * JAN-mar sun,Wed",
        "0 0 * * sat-sun",
        "0 0 L * *",
        "0 0 * * L5",
        "0 0 * * mon#2,5#3",
        "0 0 ? * 1",
        "0 0 ? * 1#1",
        "0 0 1 * ?",
        "0 0 * * 0-7",
        "0 0 29 2 *",
        "0 0 0 1 1 0",
        "59 59 23 31 12 7",
        "0 0 l * *",
        "0 0 * * l5",
        "* * * * *".ljust(128),
    ],
)
def test_an_expression_of_the_grammar_is_accepted(text: str) -> None:
    assert Cron.parse(text).text == text


@pytest.mark.parametrize(
    ("preset", "stands_for"),
    [
        ("@hourly", "0 * * * *"),
        ("@Daily", "0 0 * * *"),
        (" @midnight ", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_a_preset_stands_for_its_fields(preset: str, stands_for: str) -> None:
    assert Cron.parse(preset).fields == tuple(stands_for.split())


@pytest.mark.parametrize(
    ("expression", "number", "name"),
    [
        *(("0 0 * {} *", *named) for named in enumerate(MONTHS, 1)),
        *(("0 0 * * {}", *named) for named in enumerate(DAYS)),
    ],
)
def test_a_name_stands_for_its_number(expression: str, number: int, name: str) -> None:
    for same in (f"{name}-{number}", f"{number}-{name.upper()}"):
        with pytest.raises(CallerError, match="is a range from a value to itself"):
            Cron.parse(expression.format(same))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it has 0 fields"),
        ("* * * *", "it has 4 fields"),
        ("* * * * * * *", "it has 7 fields"),
        ("@reboot", "it has 1 fields"),
        ("@every 5m", "it has 2 fields"),
        ("60 * * * *", "minute '60' is no value from 0 to 59"),
        ("* 24 * * *", "hour '24' is no value from 0 to 23"),
        ("0 0 0 * *", "day of month '0' is no value from 1 to 31"),
        ("0 0 32 * *", "day of month '32'"),
        ("0 0 * 0 *", "month '0' is no value from 1 to 12 or jan-feb"),
        ("0 0 * 13 *", "month '13'"),
        ("0 0 * * 8", "weekday '8' is no value from 0 to 7 or sun-mon"),
        ("60 0 0 * * *", "second '60'"),
        ("0 0-0 * * *", "hour '0-0' is a range from a value to itself"),
        ("0 0 * jan-1 *", "month 'jan-1' is a range from a value to itself"),
        ("0 0 * * 7-7", "weekday '7-7' is a range from a value to itself"),
        ("*/0 * * * *", "minute '*/0' has a step that is no number from 1 on"),
        ("*/ * * * *", "has a step"),
        ("*/-1 * * * *", "has a step"),
        ("-1 * * * *", "minute '-1'"),
        ("1- * * * *", "minute '1-'"),
        ("1,,2 * * * *", "minute '1,,2'"),
        ("+5 * * * *", "minute '+5'"),
        ("1.5 * * * *", "minute '1.5'"),
        ("\N{ARABIC-INDIC DIGIT THREE} * * * *", "minute"),
        ("R * * * *", "minute 'R'"),
        ("H * * * *", "minute 'H'"),
        ("? * * * *", "minute '?'"),
        ("0 0 15W * *", "day of month '15W'"),
        ("0 0 L-3 * *", "day of month 'L-3'"),
        ("0 0 * * 5L", "weekday '5L'"),
        ("0 0 * * 1#6", "weekday '1#6'"),
        ("0 0 * * 1#5,2", "mixes weekdays with and without #"),
        ("0 0 1 * 1#1", "can't be joined"),
        ("0 0 * * monday", "weekday 'monday'"),
        ("* * * * *".ljust(129), "129 characters are too many"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(CallerError) as caught:
        Cron.parse(text)

    assert str(caught.value).startswith("cronSchedule: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 6 * *", f"'0 6 * *' is not allowed: it has 4 fields; {FIELDS}."),
        ("60 * * * *", "'60 * * * *' is not allowed: minute '60' is no value from 0 to 59."),
        ("0 0 * * 8", "'0 0 * * 8' is not allowed: weekday '8' is no value from 0 to 7 or sun-mon…."),
        ("*/0 * * * *", "'*/0 * * * *' is not allowed: minute '*/0' has a step that is no number from 1 on."),
        (
            "0 0-0 * * *",
            "'0 0-0 * * *' is not allowed: hour '0-0' is a range from a value to itself; write the value alone.",
        ),
        ("0 0 * * 1#5,2", "'0 0 * * 1#5,2' is not allowed: weekday '1#5,2' mixes weekdays with and without #."),
        (
            "0 0 1 * 1#1",
            "'0 0 1 * 1#1' is not allowed: a day of month and a weekday with # can't be joined; make two schedules.",
        ),
        ("* " * 100, "200 characters are too many; at most 128 are allowed."),
    ],
)
def test_a_refusal_tells_the_caller_what_to_mend(text: str, message: str) -> None:
    with pytest.raises(CallerError) as caught:
        Cron.parse(text)

    assert str(caught.value) == f"cronSchedule: {message}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", True),
        ("0,30 1-4 * * *", True),
        ("0 30 2 * * *", True),
        ("* 30 2 * * *", True),
        ("@daily", True),
        ("*/30 2 * * *", False),
        ("30 */2 * * *", False),
        ("30 * * * *", False),
        ("@hourly", False),
    ],
)
def test_fixed_time_is_what_names_minute_and_hour(text: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert Cron.parse(text).is_fixed_time is expected


def test_upcoming_are_the_next_ones_in_order() -> None:
    since = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)

    assert upcoming(Cron.parse("0 6 * * *"), Zone.parse("UTC"), since, 2) == [
        datetime(2026, 11, 22, 6, tzinfo=UTC),
        datetime(2026, 11, 23, 6, tzinfo=UTC),
    ]


def test_an_expression_that_names_no_date_is_refused_when_it_is_asked_for_instants() -> None:
    with pytest.raises(CallerError) as caught:
        upcoming(Cron.parse("0 0 30 2 *"), Zone.parse("UTC"), datetime(2026, 1, 1, tzinfo=UTC), 1)

    assert str(caught.value) == (
        "cronSchedule: '0 0 30 2 *' is not allowed: the date it names does not come within ten years."
    )
