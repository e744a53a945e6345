"""The books of the trial of the audit: they notice a change without a record, and one with two."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from shared.core.audit import AuditRecord
from shared.core.callers import Origin
from trials.faults.audit import wrong

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOTHING: dict[str, Any] = {}
STARTED, STOPPED = {"state": "started"}, {"state": "stopped"}


def life(*states: dict[str, Any]) -> list[AuditRecord]:
    return [
        AuditRecord(id=f"{n}", at=NOON, origin=Origin(), action="a", schedule_id="1", before=before, after=after)
        for n, (before, after) in enumerate(pairwise(states))
    ]


WHOLE = life(NOTHING, STARTED, STOPPED, STARTED, STOPPED)


@pytest.mark.parametrize("order", [1, -1])
def test_records_of_all_changes_are_right_in_any_order(order: int) -> None:
    assert wrong(WHOLE[::order], {"1": STOPPED}) == []
    assert wrong(life(NOTHING, STARTED, NOTHING), {}) == []


@pytest.mark.parametrize("number", range(4))
def test_a_change_without_a_record_and_one_with_two_are_noticed(number: int) -> None:
    assert wrong([*WHOLE[:number], *WHOLE[number + 1 :]], {"1": STOPPED})
    assert wrong([*WHOLE, WHOLE[number]], {"1": STOPPED})


def test_a_record_without_a_change_and_a_schedule_without_records_are_noticed() -> None:
    assert wrong([*WHOLE, *life(STOPPED, STOPPED)], {"1": STOPPED})
    assert wrong([], {"1": STOPPED})
