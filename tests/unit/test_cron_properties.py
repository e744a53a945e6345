"""What must hold of every expression, in every zone."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.cron_texts import EXPRESSIONS
from shared.core.cron import Cron, due_after, next_after
from shared.core.zones import Zone
from tests.unit.cron_model import drawn, expected

# Tracing would double their time, and other tests reach every line already.
pytestmark = pytest.mark.no_cover
# The same examples every time: a check that passes today passes tomorrow.
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True, database=None)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ZONES = [
    Zone.parse(name)
    for name in (
        "Europe/Stockholm",
        "Europe/London",
        "Europe/Dublin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Santiago",
        "Africa/Casablanca",
        "Asia/Tehran",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
    )
]
STEADY = [Zone.parse(name) for name in ("UTC", "Asia/Kolkata", "Asia/Tokyo", "Pacific/Honolulu")]


def changes(zone: Zone) -> Iterator[datetime]:
    change = zone.change_after(datetime(2015, 1, 1, tzinfo=UTC))
    while change is not None and change.year <= 2035:
        yield change
        change = zone.change_after(change)


def shift(zone: Zone, change: datetime) -> timedelta:
    return zone.offset(change) - zone.offset(change - SECOND)


CHANGES = [(zone, change) for zone in ZONES for change in changes(zone)]
FORTH = [(zone, change) for zone, change in CHANGES if shift(zone, change) > timedelta(0)]
BACK = [(zone, change) for zone, change in CHANGES if shift(zone, change) < timedelta(0)]


def due(cron: Cron, zone: Zone, since: datetime, until: datetime) -> list[datetime]:
    """Return what is due in (since, until]."""
    found = []
    instant = next_after(cron, zone, since)
    while instant is not None and instant <= until:
        found.append(instant)
        instant = next_after(cron, zone, instant)
    return found


INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
NEAR_A_CHANGE = st.tuples(st.sampled_from(CHANGES), st.integers(-200, 200)).map(
    lambda drawn: (drawn[0][0], drawn[0][1] + drawn[1] * MINUTE)
)


def numbers(field: str, first: int, last: int) -> set[int]:
    """Read a field a second time, by hand."""
    found: set[int] = set()
    for item in field.split(","):
        values, _, step = item.partition("/")
        low, _, high = (f"{first}-{last}" if values == "*" else values).partition("-")
        found |= set(range(int(low), int(high or low) + 1, int(step or 1)))
    return found


def matcher(text: str) -> Callable[[datetime], bool]:
    bounds = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
    allowed = [numbers(field, *bound) for field, bound in zip(text.split(), bounds, strict=True)]

    def matches(local: datetime) -> bool:
        values = (local.minute, local.hour, local.day, local.month, local.isoweekday() % 7)
        return all(value in some for value, some in zip(values, allowed, strict=True))

    return matches


@EXAMPLES
@given(text=EXPRESSIONS, zone=st.sampled_from(STEADY), since=INSTANTS)
def test_where_clocks_never_change_it_agrees_with_a_walk_over_every_minute(
    text: str, zone: Zone, since: datetime
) -> None:
    first = since.replace(second=0, microsecond=0) + MINUTE
    minutes = (first + step * MINUTE for step in range(24 * 60))
    matches = matcher(text)
    expected = [instant for instant in minutes if matches(zone.local(instant))]

    assert due(Cron.parse(text), zone, since, first + timedelta(days=1) - MINUTE) == expected


@EXAMPLES
@given(text=EXPRESSIONS, at=NEAR_A_CHANGE)
def test_instants_strictly_increase(text: str, at: tuple[Zone, datetime]) -> None:
    zone, instant = at
    cron = Cron.parse(text)
    for _ in range(10):
        following = next_after(cron, zone, instant)
        assert following is not None
        assert following > instant
        instant = following


@EXAMPLES
@given(text=EXPRESSIONS, at=NEAR_A_CHANGE, splits=st.lists(st.integers(1, 21_599), max_size=5))
def test_windows_tile_however_they_are_cut(text: str, at: tuple[Zone, datetime], splits: list[int]) -> None:
    zone, since = at
    cron, until = Cron.parse(text), since + timedelta(hours=6)
    cuts = [since, *(since + cut * SECOND for cut in sorted(splits)), until]
    windows = [due(cron, zone, start, end) for start, end in pairwise(cuts)]

    assert [instant for window in windows for instant in window] == due(cron, zone, since, until)


def test_every_change_of_twenty_years_is_looked_at() -> None:
    assert len(FORTH) > 150
    assert len(BACK) > 150


@pytest.mark.parametrize(("zone", "change"), BACK, ids=str)
def test_in_a_repeated_hour_elapsed_time_runs_on_both_passes_and_a_fixed_time_on_the_first(
    zone: Zone, change: datetime
) -> None:
    back = -shift(zone, change)
    repeated = zone.local(change - back)
    both = due(Cron.parse("*/15 * * * *"), zone, change - back - SECOND, change + back - SECOND)
    once = due(Cron.parse(f"{repeated.minute} {repeated.hour} * * *"), zone, change - back - SECOND, change + 2 * back)

    assert both == [change - back + step * 15 * MINUTE for step in range(len(both))]
    assert len(both) * 15 * MINUTE == 2 * back
    assert once == [change - back]


@pytest.mark.parametrize(("zone", "change"), FORTH, ids=str)
def test_in_a_skipped_hour_a_fixed_time_moves_behind_it_and_elapsed_time_makes_nothing_up(
    zone: Zone, change: datetime
) -> None:
    skipped = change + zone.offset(change - SECOND) + 10 * MINUTE  # a wall clock's time, in UTC's clothes
    fixed = Cron.parse(f"20 {skipped.minute} {skipped.hour} * * *")
    elapsed = Cron.parse(f"{skipped.minute} * * * *")
    until = change + timedelta(hours=5)

    assert due(fixed, zone, change - timedelta(hours=5), until) == [change + 20 * SECOND]
    assert [zone.local(instant).minute for instant in due(elapsed, zone, change - SECOND, until)] == [
        skipped.minute
    ] * len(due(elapsed, zone, change - SECOND, until))


@pytest.mark.parametrize("half_seconds", range(-6, 4))
@pytest.mark.parametrize(("zone", "change"), CHANGES[::7], ids=str)
def test_beside_a_change_every_moment_sees_the_same_instants(half_seconds: int, zone: Zone, change: datetime) -> None:
    local = (change + zone.offset(change - SECOND) + 10 * MINUTE).time()
    cron = Cron.parse(f"{local.minute} {local.hour} * * *")
    after = change + half_seconds * SECOND / 2
    all_of_them = due(cron, zone, change - timedelta(days=1), change + timedelta(days=2))

    assert due(cron, zone, after, change + timedelta(days=2)) == [instant for instant in all_of_them if instant > after]


def test_an_expression_that_never_comes_is_never_due() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)

    assert next_after(Cron.parse("0 0 30 2 *"), STEADY[0], since) is None
    assert next_after(Cron.parse("0 0 31 4,6,9,11 *"), ZONES[0], since) is None


def test_a_leap_day_is_waited_for_over_a_century_without_one() -> None:
    after = next_after(Cron.parse("0 0 29 2 *"), STEADY[0], datetime(2096, 3, 1, tzinfo=UTC))

    assert after == datetime(2104, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_expressions_are_due_when_a_second_reading_says_so(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(1000):
        text = drawn(chance)
        after = datetime(2015, 1, 1, tzinfo=UTC) + chance.randint(0, 20 * 365 * 24 * 60) * MINUTE

        assert list(islice(due_after(Cron.parse(text), STEADY[0], after), 3)) == list(
            islice(expected(text, after), 3)
        ), f"{text} after {after}"
