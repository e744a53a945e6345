"""What is kept and logged of a start: all names and ids, as much else as there is place for, and never a value."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.core.audit_starts import MOST_TOLD, ended, of_start, told_tasks
from shared.core.callers import Origin
from shared.core.key_values import KeyValue
from shared.core.starts import NotStarted, Plan, Started, StartReport, StartRequest, UnknownStart
from shared.core.tasks import Property, Task
from shared.storage import audit_rows
from shared.use_cases.tell_audit import tell_start

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ORIGIN = Origin(caller="erp", address="203.0.113.7")
OTHERS = ["by_tag", "by_property", "invalid_ids", "denied_ids", "denied_tags", "denied_properties"]
NOTHING: dict[str, Any] = dict.fromkeys([*OTHERS, "unknown_tags", "unknown_properties"], ())


def record(**asked: Any) -> Any:
    return of_start(StartRequest(**asked), ORIGIN, record_id="1", at=NOW)


def report(count: int, name: str = "Sales") -> StartReport:
    tasks = [Task(id=f"00000000-0000-4000-8000-{number:012d}", name=name) for number in range(count)]
    outcomes = {task.id: Started(execution_id=task.id) for task in tasks}
    return StartReport(plan=Plan(by_id=tuple(tasks), **NOTHING), outcomes=outcomes)


def test_what_was_asked_for_is_kept_without_the_values() -> None:
    pair = KeyValue(namespace="sales", key="password", value="secret", ttl_ms=5000)
    made = record(task_ids=("a",), tags=("t",), properties=(Property(name="n", value="v"),), key_values=(pair,))

    assert made.requested == {
        "taskIds": ["a"],
        "tags": ["t"],
        "customProperties": [{"name": "n", "value": "v"}],
        "keyValues": [{"namespace": "sales", "key": "password", "length": 6, "ttl": 5000}],
    }
    assert (made.outcome, made.after, made.action) == ("not recorded", {}, "tasks_started")
    assert "ttl" not in record(key_values=(replace(pair, ttl_ms=None),)).requested["keyValues"][0]


def test_of_a_request_that_is_too_long_the_numbers_are_kept() -> None:
    assert record(tags=tuple("t" * 100 for _ in range(2000))).requested == {"tags": 2000}


def test_what_became_of_each_task_is_told() -> None:
    done = report(3)
    first, second, third = done.plan.tasks
    outcomes = {**done.outcomes, second.id: NotStarted(reason="x" * 500), third.id: UnknownStart(reason="lost")}

    assert told_tasks(replace(done, outcomes=outcomes)) == [
        {"taskId": first.id, "taskName": "Sales", "outcome": "started", "executionId": first.id},
        {"taskId": second.id, "taskName": "Sales", "outcome": "notStarted", "reason": "x" * 200},
        {"taskId": third.id, "taskName": "Sales", "outcome": "unknown", "reason": "lost"},
    ]


FITS = {
    0: None,
    100: {"taskId", "taskName", "outcome", "executionId"},
    2500: {"taskId", "taskName"},
    4500: {"taskId"},
    6000: 6000,
}


@pytest.mark.parametrize(("count", "told"), FITS.items())
def test_of_many_tasks_as_much_is_kept_as_goes_into_a_row(count: int, told: Any) -> None:
    done = ended(record(), told_tasks(report(count)))
    tasks = done.after.get("tasks")

    assert (set(tasks[0]) if isinstance(tasks, list) else tasks) == told
    row = audit_rows.row(done)
    assert audit_rows.record(row, "").after == done.after
    assert sum(len(value) for value in row.values() if isinstance(value, str)) < MOST_TOLD * 1.2
    assert max(len(value) for value in row.values() if isinstance(value, str)) <= 30_000


@pytest.mark.parametrize(
    ("count", "name", "lines"), [(0, "", 1), (100, "Sales", 2), (450, "Sales", 5), (3, "x" * 255, 1)]
)
def test_the_log_has_all_tasks_in_lines_that_nobody_cuts_off(
    count: int, name: str, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    tasks = told_tasks(report(count, name))

    tell_start(ended(record(), tasks), tasks, stored=False)

    told = [json.loads(each.getMessage().partition(" {")[2].join(["{", ""])) for each in caplog.records]
    assert [task for line in told for task in line["tasks"]] == tasks
    assert [line["part"] for line in told] == list(range(1, lines + 1))
    assert {(line["audit_id"], line["stored"], line["caller"], line["parts"]) for line in told} == {
        ("1", False, "erp", lines)
    }
    assert max(len(each.getMessage()) for each in caplog.records) < 32_768
