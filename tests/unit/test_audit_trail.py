"""Records on their way to storage: so many may wait, and whoever waits for one no longer takes no room."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Event

import pytest

from shared.core.audit import Action, AuditRecord
from shared.core.callers import UNKNOWN_ORIGIN
from shared.use_cases.audit_trail import MOST_WAITING, AuditTrail

RECORD = AuditRecord(
    id="1", at=datetime(2026, 12, 1, tzinfo=UTC), origin=UNKNOWN_ORIGIN, action=Action.TICK_REQUESTED.value
)


class Hanging:
    """Storage that answers when it is let go."""

    def __init__(self) -> None:
        self.let_go = Event()

    def insert(self, _: Sequence[AuditRecord]) -> None:
        self.let_go.wait()

    put = insert


@pytest.fixture
def storage() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.let_go.set()


def test_while_storage_hangs_no_more_wait_than_memory_is_meant_for(storage: Hanging) -> None:
    trail = AuditTrail(lambda: storage)
    begun = [trail.begin([RECORD]) for _ in range(MOST_WAITING + 5)]

    assert [each.writing is None for each in begun] == [False] * MOST_WAITING + [True] * 5


def test_records_that_nobody_waits_for_any_more_take_no_room_for_ever(storage: Hanging) -> None:
    trail = AuditTrail(lambda: storage)
    begun = [trail.begin([RECORD]) for _ in range(MOST_WAITING)]
    assert not begun[-1].is_stored()  # it waits in vain, behind the others
    storage.let_go.set()
    assert all(each.is_stored() for each in begun[:-1])
    assert trail.begin([RECORD]).is_stored()

    storage.let_go.clear()
    assert all(trail.begin([RECORD]).writing for _ in range(MOST_WAITING))
