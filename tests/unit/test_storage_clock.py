"""What a host makes of storage's time, of which an answer tells the second, and of its own clock."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.entry import UNSURE
from shared.storage.clock import StorageClock, StoragesTime
from tests.unit.builders import EXAMPLES, HOUR, MILLISECOND, MINUTE, NINE, SECOND

BOOTED = NINE - HOUR


@dataclass
class Host:
    """A host that booted an hour before nine, by storage's time, and whose own clock is off by so much."""

    off: timedelta = timedelta(0)
    true: datetime = NINE
    storage: StoragesTime = field(default_factory=StoragesTime)

    def now(self) -> datetime:
        return self.true + self.off

    def sleep(self, seconds: float) -> None:
        self.true += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return (self.true - BOOTED).total_seconds()

    @property
    def clock(self) -> StorageClock:
        return StorageClock(machine=self, storage=self.storage)

    def ask(self, there: timedelta = timedelta(0), back: timedelta = timedelta(0)) -> None:
        """Ask storage, by a way that takes so long there and back."""
        sent = self.monotonic()
        self.true += there
        date = format_datetime(self.true, usegmt=True)
        self.true += back
        self.storage.hear(date, sent=sent, came=self.monotonic())

    @property
    def error(self) -> timedelta:
        return self.clock.now() - self.true


def test_before_the_first_answer_it_goes_by_its_own_clock() -> None:
    assert Host(off=MINUTE).error == MINUTE


@pytest.mark.parametrize("off", [timedelta(0), 200 * MILLISECOND, -200 * MILLISECOND])
def test_its_own_clock_is_believed_as_long_as_it_may_be_right(off: timedelta) -> None:
    host = Host(off=off, true=NINE + 500 * MILLISECOND)
    host.ask()

    assert host.error == off


@pytest.mark.parametrize(
    ("off", "error"),
    [
        (-MINUTE, -500 * MILLISECOND),
        (-HOUR, -500 * MILLISECOND),
        (20 * SECOND, 500 * MILLISECOND),
        (HOUR, 500 * MILLISECOND),
    ],
)
def test_one_that_is_off_is_put_right_to_the_second(off: timedelta, error: timedelta) -> None:
    host = Host(off=off, true=NINE + 500 * MILLISECOND)
    host.ask()
    host.true += 3 * HOUR

    assert host.error == error


def test_a_step_of_its_clock_between_two_answers_is_not_seen() -> None:
    host = Host(true=NINE + 500 * MILLISECOND)
    host.ask()
    host.off = HOUR
    host.true += MINUTE

    assert host.error == 500 * MILLISECOND


def test_several_answers_tell_more_than_one() -> None:
    host = Host(off=-MINUTE)
    for _ in range(10):
        host.ask()
        host.true += 1100 * MILLISECOND

    assert -100 * MILLISECOND <= host.error <= timedelta(0)


def test_a_slow_answer_takes_nothing_from_what_a_quick_one_has_told() -> None:
    host = Host(off=-MINUTE)
    host.ask()
    host.ask(there=4 * SECOND, back=5 * SECOND)

    assert host.error == timedelta(0)


def test_where_storages_clock_has_stepped_the_newest_answer_holds() -> None:
    host = Host()
    host.storage.hear(format_datetime(NINE - HOUR, usegmt=True), sent=host.monotonic(), came=host.monotonic())
    host.ask()

    assert host.error == timedelta(0)


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Nov 2026 09:00:00 GMT"])
def test_an_answer_without_a_date_tells_nothing(date: str) -> None:
    host = Host(off=MINUTE)
    host.storage.hear(date, sent=0, came=1)

    assert host.error == MINUTE


def test_it_sleeps_as_the_machine_does() -> None:
    host = Host()
    host.clock.sleep(5)

    assert host.true == NINE + 5 * SECOND


WAYS = st.integers(0, 400).map(lambda count: count * MILLISECOND)


@EXAMPLES
@given(
    off=st.integers(-7_200_000, 30_000).map(lambda count: count * MILLISECOND),
    answers=st.lists(st.tuples(WAYS, WAYS, WAYS), min_size=1, max_size=5),
    later=st.integers(0, 120_000).map(lambda count: count * MILLISECOND),
)
def test_however_its_own_clock_is_off_it_is_never_so_far_off_as_claims_allow_for(
    off: timedelta, answers: list[tuple[timedelta, timedelta, timedelta]], later: timedelta
) -> None:
    host = Host(off=off)
    for pause, there, back in answers:
        host.true += pause
        host.ask(there, back)
    host.true += later

    assert abs(host.error) < UNSURE
