"""What a record of a change tells: the schedule before and after, as it is answered."""

from dataclasses import replace
from datetime import UTC, datetime

from shared.api.schedules import wire
from shared.core.audit import Action, of_change
from shared.core.callers import Origin
from shared.core.schedules import Change
from tests.unit.builders import a_schedule

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ORIGIN = Origin(caller="erp", address="203.0.113.7")


def test_a_record_tells_what_was_before_and_after() -> None:
    schedule = a_schedule(problem="Its zone is gone.")
    schedule = replace(schedule, definition=replace(schedule.definition, tags=None))
    tagged = replace(schedule, definition=replace(schedule.definition, tags=("a",)), problem="")
    change = Change(before=schedule, after=tagged)

    record = of_change(change, Action.SCHEDULE_REPLACED, ORIGIN, record_id="1", at=NOW, through="startall")

    assert (record.id, record.at, record.origin, record.through) == ("1", NOW, ORIGIN, "startall")
    assert (record.action, record.schedule_id, record.outcome) == ("schedule_replaced", schedule.id, "done")
    assert (record.before, record.after) == (wire.schedule(schedule), wire.schedule(tagged))
    assert "tags" not in record.before
    assert (record.before["problem"], record.after["tags"]) == ("Its zone is gone.", ["a"])


def test_what_is_made_was_not_before_and_what_is_deleted_is_not_after() -> None:
    schedule = a_schedule()

    made = of_change(Change(after=schedule), Action.SCHEDULE_CREATED, ORIGIN, record_id="1", at=NOW)
    gone = of_change(Change(before=schedule), Action.SCHEDULE_DELETED, ORIGIN, record_id="2", at=NOW)

    assert (made.before, made.after, made.schedule_id) == ({}, schedule.told(), schedule.id)
    assert (gone.before, gone.after, gone.schedule_id) == (schedule.told(), {}, schedule.id)
