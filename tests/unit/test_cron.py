from datetime import UTC, datetime, timedelta

import pytest

from shared.core.cron import Cron, next_after, upcoming
from shared.core.errors import CallerError
from shared.core.zones import Zone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    "use 5 fields (minute hour day month weekday), 6 with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly"
)
# 1 March 2026 is a Sunday.
SUNDAY = datetime(2026, 3, 1, tzinfo=UTC)
UTC_ZONE = Zone.parse("UTC")


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
        "0 0 1 * 1#1",
        "0 0 L * L5",
        "0 0 * * 7-0",
        "* * * * *".ljust(1000),
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
        ("0 0 * * 1-5#3", "weekday '1-5#3' is no value"),
        ("0 0 * * *#3", "weekday '*#3' is no value"),
        ("0 0 * * 1,#3", "mixes weekdays with and without #"),
        ("0 0 * * #3", "weekday '#3' is no value"),
        ("0 0 * * 5#3/2", "weekday '5#3/2' is no value"),
        ("0 0 * * monday", "weekday 'monday'"),
        ("0 0 * * 0-0", "weekday '0-0' is a range from a value to itself"),
        ("0 0 * * 0007-7", "weekday '0007-7' is a range from a value to itself"),
        ("* * * * *".ljust(1001), "1001 characters are too many"),
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
        ("60 * * * *", "'60 * * * *' is not allowed: minute '60' is no value from 0 to 59; after 59 comes 0."),
        ("0 0 * * 8", "'0 0 * * 8' is not allowed: weekday '8' is no value from 0 to 7 or sun-mon…."),
        ("*/0 * * * *", "'*/0 * * * *' is not allowed: minute '*/0' has a step that is no number from 1 on."),
        (
            "0 0-0 * * *",
            "'0 0-0 * * *' is not allowed: hour '0-0' is a range from a value to itself; write the value alone.",
        ),
        ("0 0 * * 1#5,2", "'0 0 * * 1#5,2' is not allowed: weekday '1#5,2' mixes weekdays with and without #."),
        ("* " * 1000, "2000 characters are too many; at most 1000 are allowed."),
    ],
)
def test_a_refusal_tells_the_caller_what_to_mend(text: str, message: str) -> None:
    with pytest.raises(CallerError) as caught:
        Cron.parse(text)

    assert str(caught.value) == f"cronSchedule: {message}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0 6 * * monday", "weekday 'monday' is no value from 0 to 7 or sun-mon…; for 'monday' write mon or 1."),
        ("0 6 * * Mondays", "; for 'mondays' write mon or 1."),
        ("0 6 * * tues", "; for 'tues' write tue or 2."),
        ("0 6 * * mon,Saturday", "; for 'saturday' write sat or 6."),
        ("0 6 * * monday-friday", "; for 'monday' write mon or 1."),
        ("0 6 * * sunday#1", "; for 'sunday' write sun or 0."),
        ("0 6 1 january *", "month 'january' is no value from 1 to 12 or jan-feb…; for 'january' write jan or 1."),
        ("0 6 1 sept *", "; for 'sept' write sep or 9."),
        ("0 6 1 december/2 *", "; for 'december' write dec or 12."),
        ("0 6 * * monkey", "weekday 'monkey' is no value from 0 to 7 or sun-mon…."),
        ("0 6 monday * *", "day of month 'monday' is no value from 1 to 31."),
        ("60 6 * * *", "; after 59 comes 0."),
        ("60 0 6 * * *", "; after 59 comes 0."),
        ("0 24 * * *", "hour '24' is no value from 0 to 23; midnight is 0."),
        ("0 25 * * *", "hour '25' is no value from 0 to 23."),
        ("0 6 15W * *", "; W, the nearest working day, can't be named; name dates or weekdays."),
        ("0 6 LW * *", "; W, the nearest working day, can't be named; name dates or weekdays."),
        ("0 6 w15 * *", "; W, the nearest working day, can't be named; name dates or weekdays."),
        ("0 6 L-3 * *", "; L, the last day, stands alone."),
        ("0 6 15,L * *", "; L, the last day, stands alone."),
        ("0 6 * * 5L", "weekday '5L' is no value from 0 to 7 or sun-mon…; the last one in a month is L5."),
        ("0 6 * * L", "; L needs a weekday: L5 is the last Friday."),
        ("0 6 * * L5,1", "weekday 'L5,1' is no value from 0 to 7 or sun-mon…; it stands alone."),
        ("0 0 6 ? * MON 2027", "it has 7 fields; " + FIELDS + "; a 7th for the year, as in Quartz, can't be given."),
        ("@reboot", "it has 1 fields; " + FIELDS + "; @reboot names no time."),
        ("@every 5m", "; every 5 minutes is */5 * * * *, every 2 hours 0 */2 * * *."),
    ],
)
def test_a_mistake_that_is_often_made_is_told_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(CallerError) as caught:
        Cron.parse(text)

    assert hint in str(caught.value)


def test_of_a_long_expression_the_begin_is_told_and_the_item_that_is_wrong() -> None:
    text = ",".join(map(str, range(61))) + " * * * *"
    with pytest.raises(CallerError) as caught:
        Cron.parse(text)

    assert str(caught.value) == (
        f"cronSchedule: {text[:128]!r}… is not allowed: minute '60' is no value from 0 to 59; after 59 comes 0."
    )


def test_a_refusal_of_the_longest_expression_stays_short() -> None:
    with pytest.raises(CallerError) as caught:
        Cron.parse(f"* * * * {'x' * 992}")

    assert len(str(caught.value)) < 400


def test_a_long_expression_that_is_never_due_is_told_by_its_begin() -> None:
    text = f"{','.join(['00'] * 300)} 0 31 2 *"
    with pytest.raises(CallerError) as caught:
        upcoming(Cron.parse(text), UTC_ZONE, SUNDAY, 1)

    assert str(caught.value) == (
        f"cronSchedule: {text[:128]!r}… is not allowed: the date it names does not come within ten years."
    )


def test_an_expression_that_writes_out_all_that_can_be_written_is_no_longer_than_is_allowed() -> None:
    sixty, days = ",".join(f"{number:02}" for number in range(60)), ",".join(f"{number:02}" for number in range(1, 32))
    hours, months = sixty[: 24 * 3 - 1], ",".join(MONTHS)
    each_weekday = ",".join(f"{day}#{nth}" for day in DAYS for nth in range(1, 6))
    cron = Cron.parse(f"{sixty} {sixty} {hours} {days} {months} {each_weekday}")

    assert len(cron.text) < 800
    assert next_after(cron, UTC_ZONE, SUNDAY) == SUNDAY + timedelta(seconds=1)


def times_of(text: str) -> list[str]:
    """Return the times of one day."""
    instants = upcoming(Cron.parse(text), UTC_ZONE, SUNDAY - timedelta(seconds=1), 60)
    return [f"{instant:%H:%M}" for instant in instants if instant.date() == SUNDAY.date()]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        # Every n-th of a range in the range's own order, past midnight too.
        ("0 22-4/3 * * *", ["01:00", "04:00", "22:00"]),
        ("0 22-4/2 * * *", ["00:00", "02:00", "04:00", "22:00"]),
        ("0 23-5/6 * * *", ["05:00", "23:00"]),
        ("0 5-4/23 * * *", ["04:00", "05:00"]),
        ("50-10/15 6 * * *", ["06:05", "06:50"]),
        ("0 22-4/99 * * *", ["22:00"]),
        ("0 22-1 * * *", ["00:00", "01:00", "22:00", "23:00"]),
        # From a value on, to the end of the field; and a step as long as the field or longer.
        ("0/20 6 * * *", ["06:00", "06:20", "06:40"]),
        ("0/1 6 * * *", [f"06:{minute:02}" for minute in range(60)]),
        ("50/4 6 * * *", ["06:50", "06:54", "06:58"]),
        ("59/15 6 * * *", ["06:59"]),
        ("*/90 6 * * *", ["06:00"]),
        ("*/60 */24 * * *", ["00:00"]),
        ("7 */9 * * *", ["00:07", "09:07", "18:07"]),
        ("10-50/15 6 * * *", ["06:10", "06:25", "06:40"]),
        # Everything in one list, some of it twice.
        ("1,5-7,58-2/2,20/20,01,5 6 * * *", [f"06:{m:02}" for m in (0, 1, 2, 5, 6, 7, 20, 40, 58)]),
        ("0-59/30,*/45 6 * * *", ["06:00", "06:30", "06:45"]),
        ("5,* 6 * * *", [f"06:{minute:02}" for minute in range(60)]),
        (",".join(map(str, range(0, 60, 2))) + " " + ",".join(map(str, range(1))) + " * * *", [
            f"00:{minute:02}" for minute in range(0, 60, 2)
        ]),
    ],
)  # fmt: skip
def test_times_are_what_is_written(text: str, times: list[str]) -> None:
    assert times_of(text) == times


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("0 0 1 11-2/3 *", ["2026-11-01", "2027-02-01", "2027-11-01", "2028-02-01"]),
        ("0 0 1 oct-jan/2 *", ["2026-10-01", "2026-12-01", "2027-10-01", "2027-12-01"]),
        ("0 0 1 12/3 *", ["2026-12-01", "2027-12-01"]),
        ("0 0 25-5/3 * *", ["2026-03-03", "2026-03-25", "2026-03-28", "2026-03-31"]),
        # Weekdays: 7 is Sunday, as the begin of a range or as its end.
        ("0 0 * * 7", ["2026-03-01", "2026-03-08"]),
        ("0 0 * * 7-0", ["2026-03-01", "2026-03-08"]),
        ("0 0 * * 7-sun", ["2026-03-01", "2026-03-08"]),
        ("0 0 * * 0-7", ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]),
        ("0 0 * * 7-2", ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-08"]),
        ("0 0 * * 6-7", ["2026-03-01", "2026-03-07", "2026-03-08", "2026-03-14"]),
        ("0 0 * * 5-7", ["2026-03-01", "2026-03-06", "2026-03-07", "2026-03-08"]),
        ("0 0 * * fri-mon", ["2026-03-01", "2026-03-02", "2026-03-06", "2026-03-07"]),
        ("0 0 * * 5-1/2", ["2026-03-01", "2026-03-06", "2026-03-08", "2026-03-13"]),
        ("0 0 * * 6-3/3", ["2026-03-03", "2026-03-07", "2026-03-10", "2026-03-14"]),
        ("0 0 * * 1/2", ["2026-03-02", "2026-03-04", "2026-03-06", "2026-03-09"]),
        ("0 0 * * 5/1", ["2026-03-06", "2026-03-07", "2026-03-13"]),
        ("0 0 * * */2", ["2026-03-01", "2026-03-03", "2026-03-05", "2026-03-07"]),
        ("0 0 * * 7/3", ["2026-03-01", "2026-03-04", "2026-03-07", "2026-03-08"]),
        ("0 0 * * 0-7/3", ["2026-03-01", "2026-03-04", "2026-03-07", "2026-03-08"]),
        ("0 0 * * 7-0/2", ["2026-03-01", "2026-03-08"]),
        ("0 0 * * 1-7/3", ["2026-03-01", "2026-03-02", "2026-03-05", "2026-03-08"]),
        # Days that not every month has.
        ("0 0 29-31 * *", ["2026-03-29", "2026-03-30", "2026-03-31", "2026-04-29", "2026-04-30", "2026-05-29"]),
        ("0 0 30 * *", ["2026-03-30", "2026-04-30"]),
        ("0 0 L 2 *", ["2027-02-28", "2028-02-29"]),
        ("0 0 29 2 *", ["2028-02-29", "2032-02-29"]),
        ("0 0 31 2 1", ["2027-02-01", "2027-02-08"]),
        ("0 0 * * 1#5", ["2026-03-30", "2026-06-29"]),
        ("0 0 * * 5#3,1#1", ["2026-03-02", "2026-03-20", "2026-04-06"]),
        ("0 0 * * 7#1", ["2026-03-01", "2026-04-05"]),
        ("0 0 * * L7", ["2026-03-29", "2026-04-26"]),
        ("0 0 * * L0", ["2026-03-29", "2026-04-26"]),
        # Both day fields: a date of either.
        ("0 0 L * L5", ["2026-03-27", "2026-03-31", "2026-04-24", "2026-04-30"]),
        ("0 0 L * 5", ["2026-03-06", "2026-03-13", "2026-03-20", "2026-03-27", "2026-03-31"]),
        ("0 0 L * 5#1", ["2026-03-06", "2026-03-31"]),
        ("0 0 15 * L5", ["2026-03-15", "2026-03-27", "2026-04-15", "2026-04-24"]),
        ("0 0 25 * L5", ["2026-03-25", "2026-03-27", "2026-04-24", "2026-04-25"]),
        ("0 0 1 * 1#1", ["2026-03-01", "2026-03-02", "2026-04-01", "2026-04-06"]),
        ("0 0 31 4 1#1", ["2026-04-06", "2027-04-05"]),
        ("0 0 */16 * 1#1", ["2026-03-01", "2026-03-02", "2026-03-17"]),
        ("0 0 */16 * 1", ["2026-03-01", "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-17"]),
        ("0 0 1 * */3", ["2026-03-01", "2026-03-04", "2026-03-07", "2026-03-08"]),
        *((f"0 0 {day} * {weekday}", ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"])
          for day in ("1", "*/2", "L", "30/5", "1-31", "*/1", "*", "?")
          for weekday in ("0-6", "0-7", "mon-sun", "1-7", "*/1", "0,1,2,3,4,5,6")),
        *((f"0 0 {day} * 1", ["2026-03-01", "2026-03-02", "2026-03-03"]) for day in ("1-31", "*/1", "1/1")),
        # A field that is `*` or `?`, or has `*` in a list, leaves all days open.
        *((f"0 0 {day} * 1", ["2026-03-02", "2026-03-09"]) for day in ("*", "?", "*,5", "5,*")),
        *((f"0 0 1 * {weekday}", ["2026-03-01", "2026-04-01"]) for weekday in ("*", "?", "*,1", "1,*")),
        ("0 0 */2 * *", ["2026-03-01", "2026-03-03", "2026-03-05"]),
        ("0 0 */2 * ?", ["2026-03-01", "2026-03-03", "2026-03-05"]),
        *((f"0 0 {day} * {weekday}", ["2026-03-01", "2026-03-02"]) for day in "*?" for weekday in "*?"),
    ],
)  # fmt: skip
def test_dates_are_what_is_written(text: str, dates: list[str]) -> None:
    instants = upcoming(Cron.parse(text), UTC_ZONE, SUNDAY - timedelta(seconds=1), len(dates))

    assert [f"{instant:%Y-%m-%d}" for instant in instants] == dates


@pytest.mark.parametrize("text", ["0 0 31 2 *", "0 0 31 4,6,9,11 *", "0 0 30-31 2 *", "0 0 * 2 1#5"])
def test_a_date_that_does_not_come_within_ten_years_is_never_due(text: str) -> None:
    assert next_after(Cron.parse(text), UTC_ZONE, SUNDAY) is None


def test_a_date_is_waited_for_until_the_end_of_the_tenth_year() -> None:
    cron = Cron.parse("0 0 * 2 1#5")  # 29 February on a Monday: 2016, 2044, 2072

    assert next_after(cron, UTC_ZONE, datetime(2034, 1, 1, tzinfo=UTC)) == datetime(2044, 2, 29, tzinfo=UTC)
    assert next_after(cron, UTC_ZONE, datetime(2033, 12, 31, tzinfo=UTC)) is None


def test_what_a_gap_moved_is_due_once() -> None:
    gap = datetime(2026, 3, 29, 1, tzinfo=UTC)
    cron, zone = Cron.parse("30 2 * * *"), Zone.parse("Europe/Stockholm")

    assert next_after(cron, zone, gap - timedelta(seconds=1)) == gap
    assert next_after(cron, zone, gap) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


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
