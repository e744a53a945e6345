"""What a look-up tells of a task's last execution, whatever Sense's clock shows."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox.stand_in import StandIn
from shared.core.tasks import Execution, Task, TaskQuery
from tests.integration.conftest import OpenTasks

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
ANY = TaskQuery(task_ids=(APP1,))
EXECUTION = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"
ZERO = "00000000-0000-0000-0000-000000000000"
HALF_PAST_TEN = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
WITHIN = timedelta(seconds=2)


@contextmanager
def a_site(operational: object, date: str | None = None) -> Iterator[str]:
    """Answer every look-up with one task and this Date header."""
    body = json.dumps([{"id": APP1, "name": "A", "operational": operational}]).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Content-Length", str(len(body)))
            if date is not None:
                self.send_header("Date", date)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/qrs"
        server.shutdown()


def ran(start_time: object, execution_id: object = EXECUTION) -> dict[str, object]:
    return {"lastExecutionResult": {"executionID": execution_id, "startTime": start_time}}


def found(open_tasks: OpenTasks, operational: object, date: str | None = None) -> Task:
    with a_site(operational, date) as url:
        [task] = open_tasks(base_urls=(url,)).find(ANY).by_id
    return task


def test_a_start_is_the_last_execution(open_tasks: OpenTasks) -> None:
    tasks = open_tasks()
    execution_id = tasks.start(APP1)
    [task] = tasks.find(ANY).by_id

    assert task.last_execution is not None
    assert task.last_execution.id == execution_id
    assert abs(task.last_execution.began - datetime.now(UTC)) < WITHIN


def test_a_task_that_never_ran_has_none(sense: StandIn, open_tasks: OpenTasks) -> None:
    sense.tasks([{"id": APP1, "name": "A"}])
    [task] = open_tasks().find(ANY).by_id

    assert task.last_execution is None


@pytest.mark.parametrize(
    "start_time",
    ["2024-01-15T10:30:00.000Z", "2024-01-15T10:30:00Z", "2024-01-15T10:30:00.0000000Z", "2024-01-15T12:30:00+02:00"],
)
def test_the_time_is_read_in_every_form_that_names_its_zone(start_time: str, open_tasks: OpenTasks) -> None:
    last = found(open_tasks, ran(start_time)).last_execution

    assert last == Execution(id=EXECUTION, began=HALF_PAST_TEN)
    assert last.began.tzinfo is UTC


@pytest.mark.parametrize(
    "result", [{"startTime": "2024-01-15T10:30:00.000Z"}, {"startTime": "2024-01-15T10:30:00Z", "executionID": None}]
)
def test_a_site_that_tells_no_id_tells_when_it_began(result: object, open_tasks: OpenTasks) -> None:
    last = found(open_tasks, {"lastExecutionResult": result}).last_execution

    assert last == Execution(id=None, began=HALF_PAST_TEN)


@pytest.mark.parametrize(
    "operational",
    [
        None,
        [],
        "ran",
        {},
        {"lastExecutionResult": None},
        {"lastExecutionResult": []},
        {"lastExecutionResult": {}},
        {"lastExecutionResult": {"executionID": EXECUTION}},
        ran("2024-01-15T10:30:00.000Z", execution_id=ZERO),
        ran("2024-01-15T10:30:00.000Z", execution_id="the last one"),
        ran("1753-01-01T00:00:00.000Z"),
        ran("2024-01-15T10:30:00.000"),
        ran("2024-01-15"),
        ran("15/01/2024 10:30"),
        ran("0001-01-01T00:00:00+23:59"),
        ran(1705314600),
        ran(None),
    ],
)
def test_what_tells_of_no_execution_is_none_and_no_error(operational: object, open_tasks: OpenTasks) -> None:
    assert found(open_tasks, operational) == Task(id=APP1, name="A")


@pytest.mark.parametrize("ahead", [timedelta(seconds=10), timedelta(minutes=-5), timedelta(hours=2), timedelta(-400)])
def test_a_clock_that_is_off_is_put_right(ahead: timedelta, open_tasks: OpenTasks) -> None:
    now = datetime.now(UTC)
    began = now - timedelta(minutes=1)
    last = found(open_tasks, ran((began + ahead).isoformat()), format_datetime(now + ahead)).last_execution

    assert last is not None
    assert abs(last.began - began) < WITHIN


def test_a_clock_in_another_zone_is_not_off(open_tasks: OpenTasks) -> None:
    date = format_datetime(datetime.now(timezone(timedelta(hours=9))))

    assert found(open_tasks, ran("2024-01-15T10:30:00.000Z"), date) == found(
        open_tasks, ran("2024-01-15T10:30:00.000Z")
    )


@pytest.mark.parametrize(
    "date", [None, "", "soon", "Mon, 15 Jan 2024 10:30:00 -0000", "Mon, 15 Jan 99999999999 10:30:00 GMT"]
)
def test_a_clock_that_does_not_tell_is_taken_as_right(date: str | None, open_tasks: OpenTasks) -> None:
    last = found(open_tasks, ran("2024-01-15T10:30:00.000Z"), date).last_execution

    assert last == Execution(id=EXECUTION, began=HALF_PAST_TEN)


def test_a_second_is_no_difference_as_the_header_has_whole_ones(open_tasks: OpenTasks) -> None:
    # In whole seconds it shows as less than one ahead.
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=1))
    last = found(open_tasks, ran("2024-01-15T10:30:00.000Z"), date).last_execution

    assert last == Execution(id=EXECUTION, began=HALF_PAST_TEN)


def test_a_time_beyond_all_dates_is_none(open_tasks: OpenTasks) -> None:
    task = found(open_tasks, ran("9999-12-31T23:59:59Z"), "Mon, 15 Jan 2024 10:30:00 GMT")

    assert task.last_execution is None
