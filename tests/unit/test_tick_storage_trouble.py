"""How long a tick goes on asking storage that fails, and what it remembers of it."""

from datetime import datetime, timedelta

import pytest

from shared.core.endings import Trouble
from shared.core.errors import StorageConflict, StorageDenied, StorageError
from shared.core.tick.storage_trouble import may_ask_again, may_go_on, trouble_of
from tests.unit.builders import HOUR, MILLISECOND, MINUTE, NINE, SECOND

END = NINE + MINUTE


@pytest.mark.parametrize(
    ("now", "begins", "goes_on"),
    [
        (NINE - HOUR, False, False),
        (NINE - 5 * SECOND - MILLISECOND, False, False),
        (NINE - 5 * SECOND, True, True),
        (NINE, True, True),
        (END - MILLISECOND, True, True),
        (END, False, True),
        (END + MINUTE, False, True),
        (END + MINUTE + MILLISECOND, False, False),
    ],
)
def test_storage_is_asked_again_in_the_minute_and_a_minute_longer_for_what_is_in_hand(
    now: datetime, *, begins: bool, goes_on: bool
) -> None:
    assert may_ask_again(StorageError("No answer."), NINE, now) is begins
    assert may_ask_again(StorageConflict("Another was first."), NINE, now) is begins
    assert may_go_on(NINE, now) is goes_on


def test_what_only_an_administrator_can_mend_is_left_to_the_next_tick() -> None:
    assert not may_ask_again(StorageDenied("403"), NINE, NINE)


@pytest.mark.parametrize(
    ("catch_up", "earliest"), [(timedelta(0), NINE), (10 * SECOND, NINE), (HOUR, NINE - HOUR + 20 * SECOND)]
)
def test_a_trouble_held_up_what_the_tick_would_still_have_started(catch_up: timedelta, earliest: datetime) -> None:
    found = trouble_of("No answer.", NINE, NINE + 20 * SECOND, catch_up)

    assert found == Trouble(minute=NINE, earliest=earliest, text="No answer.")
