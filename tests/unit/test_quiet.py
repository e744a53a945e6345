from datetime import UTC, datetime, timedelta

import pytest

from sandbox.quiet import until_quiet

TURN = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before_the_turn", "waits"), [(60, 0), (30, 0), (10, 0), (9.75, 9.75), (1, 1), (0.000001, 0.000001)]
)
def test_what_a_tick_has_to_do_waits_for_the_next_minute_where_the_running_one_ends_before(
    before_the_turn: float, waits: float
) -> None:
    assert until_quiet(TURN - timedelta(seconds=before_the_turn), 10) == pytest.approx(waits)
