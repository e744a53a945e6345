"""/v4/schedules over HTTP: the walk that Butler's documentation shows, and what else there is."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests

from shared.core.runs import Run, RunOutcome
from shared.storage.history import History
from shared.storage.run_rows import LAST_RUN
from shared.storage.table import Table
from tests.conftest import APP1, Schedules, StartFootman, a_schedule, move_entry

JSON = "application/json; charset=utf-8"
OVERRIDE = "X-HTTP-Method-Override"
TASK = "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b"
EVERY_TWO_HOURS = {
    "name": "Every 2 hours",
    "cronSchedule": "* */2 * * *",
    "timezone": "Europe/London",
    "qlikSenseTaskId": TASK,
    "startupState": "started",
    "tags": ["tag 3", "abc 123 åäö"],
}
EVERY_FIVE_SECONDS = {
    "name": "Every 5 sec",
    "cronSchedule": "*/5 * * * * *",
    "timezone": "Europe/Stockholm",
    "qlikSenseTaskId": TASK,
    "startupState": "started",
    "tags": ["tag 1", "abc 123 åäö"],
}
A_SECOND = timedelta(seconds=1)

Ask = Callable[..., requests.Response]


def as_it_is(schedules: Schedules, method: str, path: str = "", body: object = None) -> requests.Response:
    return schedules.ask(method, path, body)


def as_a_post(schedules: Schedules, method: str, path: str = "", body: object = None) -> requests.Response:
    """Ask as Qlik's REST connector must."""
    return schedules.ask("POST", path, body, headers={OVERRIDE: method})


def told(answer: requests.Response, status: int = 200) -> Any:
    """Return what was answered, with this status and in Butler's layout."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, JSON), answer.text
    assert answer.text == json.dumps(answer.json(), indent=2, ensure_ascii=False)
    return answer.json()


def not_found(schedule_id: str) -> dict[str, object]:
    message = f"REST SCHEDULER: Schedule ID {schedule_id} not found."
    return {"error": "Bad Request", "message": message, "statusCode": 400}


# --- what Butler's clients know


@pytest.mark.parametrize("ask", [as_it_is, as_a_post])
def test_the_walk_of_butlers_documentation(ask: Ask, schedules: Schedules) -> None:
    first = schedules.made(**EVERY_TWO_HOURS)
    kept = {**EVERY_TWO_HOURS, "id": first["id"], "created": first["created"], "lastKnownState": "started"}

    assert told(ask(schedules, "GET")) == [kept]
    unknown = ask(schedules, "GET", "?id=Manually-added-schedule-1")
    assert told(unknown, 400) == not_found("Manually-added-schedule-1")
    assert told(ask(schedules, "GET", f"?id={kept['id']}")) == kept

    made = told(ask(schedules, "POST", "", EVERY_FIVE_SECONDS), 201)
    assert made == {
        **EVERY_FIVE_SECONDS,
        "id": made["id"],
        "created": made["created"],
        "lastKnownState": "started",
    }
    assert told(ask(schedules, "PUT", f"/{made['id']}/stop")) == {}
    assert told(ask(schedules, "GET", f"?id={made['id']}")) == {**made, "lastKnownState": "stopped"}
    assert told(ask(schedules, "PUT", f"/{made['id']}/start")) == [made]
    assert told(ask(schedules, "GET")) == [kept, made]


@pytest.mark.parametrize("ask", [as_it_is, as_a_post])
def test_with_current_answers_one_schedule_is_a_list_of_one(
    ask: Ask, schedules: Schedules, start_footman: StartFootman
) -> None:
    footman = start_footman({"BUTLER_ANSWERS": "current"})
    current = Schedules(footman=footman, http=schedules.http, table=schedules.table)
    kept, made = current.made(name="Another"), current.made()
    stopped = {**made, "lastKnownState": "stopped"}

    assert told(ask(current, "PUT", f"/{made['id']}/stop")) == [stopped]
    assert told(ask(current, "PUT", f"/{made['id']}/stop")) == [stopped]
    assert told(ask(current, "GET", f"?id={made['id']}")) == [stopped]
    assert told(ask(current, "GET", f"/{made['id']}")) == stopped
    assert told(ask(current, "PUT", f"/{made['id']}/start")) == [made]
    assert told(ask(current, "GET")) == [kept, made]
    unknown = "Manually-added-schedule-1"
    assert told(ask(current, "GET", f"?id={unknown}"), 400) == not_found(unknown)
    assert told(ask(current, "PUT", f"/{unknown}/stop"), 400) == not_found(unknown)
    contract = current.http.get(f"{footman.url}/v4/openapi.json", timeout=10).json()
    stopping = contract["paths"]["/v4/schedules/{id}/stop"]["put"]["responses"]["200"]["content"]["application/json"]
    assert stopping["schema"]["type"] == "array"


def test_a_new_schedule_has_an_id_and_the_time_of_its_making(schedules: Schedules) -> None:
    before = datetime.now(UTC)
    made = schedules.made()

    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["created"])
    assert before - A_SECOND < datetime.fromisoformat(made["created"]) < datetime.now(UTC) + A_SECOND


@pytest.mark.parametrize(
    ("given", "state"), [("start", "started"), ("started", "started"), ("stop", "stopped"), ("stopped", "stopped")]
)
def test_it_begins_in_the_state_that_was_asked_for(given: str, state: str, schedules: Schedules) -> None:
    made = schedules.made(startupState=given)

    assert (made["startupState"], made["lastKnownState"]) == (given, state)
    assert schedules.agenda == ([made["id"]] if state == "started" else [])


def test_the_zone_may_be_called_as_butlers_code_calls_it(schedules: Schedules) -> None:
    body = a_schedule(timeZone="Asia/Kathmandu")
    del body["timezone"]
    made = told(schedules.ask("POST", "", body), 201)

    assert made["timezone"] == "Asia/Kathmandu"
    assert "timeZone" not in made


@pytest.mark.parametrize(("tags", "answered"), [([], {"tags": []}), (None, {}), (["", "ä"], {"tags": ["", "ä"]})])
def test_tags_are_answered_as_they_were_given(
    tags: list[str] | None, answered: dict[str, list[str]], schedules: Schedules
) -> None:
    made = schedules.made(tags=tags)

    assert {name: value for name, value in made.items() if name == "tags"} == answered
    assert schedules.ask("GET", f"/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        ({"name": 2024}, {"name": "2024"}),
        ({"name": True}, {"name": "true"}),
        ({"name": 1.0}, {"name": "1"}),
        ({"tags": [2024, False, 0.5, "x"]}, {"tags": ["2024", "false", "0.5", "x"]}),
        ({"tags": "sales"}, {"tags": ["sales"]}),
        ({"tags": ""}, {"tags": [""]}),
        ({"tags": 2024}, {"tags": ["2024"]}),
        ({"tags": True}, {"tags": ["true"]}),
    ],
)
def test_numbers_are_texts_and_one_tag_is_a_list_of_one(
    changes: dict[str, object], answered: dict[str, object], schedules: Schedules
) -> None:
    made = schedules.made(**changes)

    assert made.items() >= answered.items()
    assert told(schedules.ask("PUT", f"/{made['id']}", a_schedule(**changes))) == made


def test_what_else_stands_in_the_body_is_passed_over(schedules: Schedules) -> None:
    more = {"id": TASK, "created": "1999-01-01T00:00:00.000Z", "lastKnownState": "stopped", "x": {"y": [1]}}
    made = schedules.made(**more)

    assert set(made) == {*a_schedule(), "id", "created", "lastKnownState"}
    assert [name for name, value in more.items() if made.get(name) == value] == []


def test_a_byte_order_mark_before_the_body_and_no_content_type_are_no_fault(schedules: Schedules) -> None:
    body = json.dumps(a_schedule()).encode("utf-8-sig")

    assert schedules.ask("POST", data=body).status_code == 201


@pytest.mark.parametrize("text", ["x", '"', "\\", "😀", "\x80", "\u2028", "<", "&"])
def test_the_most_that_is_allowed_is_kept(text: str, schedules: Schedules) -> None:
    most = {"name": f"x{text * 199}", "tags": [text * 256] * 50, "cronSchedule": f"{'0,' * 59}00 0 1 1 *"}
    made = schedules.made(**most)

    assert len(most["cronSchedule"]) == 128
    assert made.items() >= most.items()
    assert told(schedules.ask("GET", f"/{made['id']}")) == made


def test_an_id_is_read_in_any_case(schedules: Schedules) -> None:
    made = schedules.made()
    shouted = made["id"].upper()

    assert told(schedules.ask("GET", f"?id={shouted}")) == made
    assert told(schedules.ask("PUT", f"/{shouted}", a_schedule())) == made
    assert schedules.ask("DELETE", f"/{shouted}").status_code == 204


# --- one schedule by its id


def test_it_is_found_by_id(schedules: Schedules) -> None:
    schedules.made()
    made = schedules.made(name="Another")

    assert told(schedules.ask("GET", f"/{made['id']}")) == made


def test_it_is_replaced_but_for_id_and_time_of_making(schedules: Schedules) -> None:
    made = schedules.made()
    other = {
        "name": "Another",
        "cronSchedule": "30 6 * * 1-5",
        "timezone": "America/New_York",
        "qlikSenseTaskId": TASK,
        "startupState": "start",
    }
    changed = told(schedules.ask("PUT", f"/{made['id']}", other))

    assert changed == {**other, "id": made["id"], "created": made["created"], "lastKnownState": "started"}
    assert told(schedules.ask("GET")) == [changed]
    assert schedules.agenda == [made["id"]]
    [entry] = [row for key, row in schedules.rows.items() if key.startswith("due:")]
    assert (entry["cron"], entry["zone"], entry["taskId"], entry["name"]) == (
        "30 6 * * 1-5",
        "America/New_York",
        TASK,
        "Another",
    )


# What it is made with, what is done by hand then, what a PUT says, and what it is after that.
STATES = [
    ("started", None, {"startupState": "stopped"}, "stopped"),
    ("started", None, {"startupState": "stop"}, "stopped"),
    ("stopped", None, {"startupState": "start"}, "started"),
    ("stopped", "start", {"startupState": "stopped"}, "stopped"),
    ("stopped", "start", {"startupState": "started"}, "started"),
    ("started", "stop", {"startupState": "started"}, "stopped"),
    ("start", "stop", {"startupState": "started", "cronSchedule": "* * * * *"}, "stopped"),
    ("started", "stop", {"startupState": "stopped"}, "stopped"),
    ("started", None, {"startupState": "stopped", "keepState": True}, "started"),
    ("stopped", None, {"startupState": "started", "keepState": True}, "stopped"),
    ("stopped", None, {"startupState": "started", "lastKnownState": "stopped"}, "started"),
]


@pytest.mark.parametrize(("made_with", "by_hand", "said", "then"), STATES)
def test_the_state_follows_what_a_replacement_says_anew(
    made_with: str, by_hand: str | None, said: dict[str, object], then: str, schedules: Schedules
) -> None:
    made = schedules.made(startupState=made_with)
    if by_hand:
        schedules.ask("PUT", f"/{made['id']}/{by_hand}")
    changed = told(schedules.ask("PUT", f"/{made['id']}", a_schedule(**said)))

    assert (changed["startupState"], changed["lastKnownState"]) == (said["startupState"], then)
    assert "keepState" not in changed
    assert told(schedules.ask("GET", f"/{made['id']}")) == changed
    assert schedules.agenda == ([made["id"]] if then == "started" else [])


def test_a_run_that_is_waiting_is_not_lost_by_another_name(schedules: Schedules) -> None:
    made = schedules.made()
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    move_entry(schedules.table, made["id"], new_year)
    assert schedules.ask("PUT", f"/{made['id']}", a_schedule(name="Another", tags=[])).status_code == 200

    assert schedules.rows[f"due:2026-01-01T00:00:00Z:{made['id']}"]["name"] == "Another"


def test_a_deleted_one_is_gone(schedules: Schedules) -> None:
    kept, made = schedules.made(), schedules.made()
    answer = schedules.ask("DELETE", f"/{made['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert told(schedules.ask("DELETE", f"/{made['id']}"), 400) == not_found(made["id"])
    assert told(schedules.ask("GET")) == [kept]
    assert [key for key in schedules.rows if made["id"] in key] == [f"gone:{made['id']}"]


def test_starting_and_stopping_put_it_on_the_agenda_and_take_it_off(schedules: Schedules) -> None:
    made = schedules.made(startupState="stop")
    assert schedules.ask("PUT", f"/{made['id']}/start").json()[0]["lastKnownState"] == "started"
    assert schedules.agenda == [made["id"]]
    assert schedules.ask("PUT", f"/{made['id']}/stop").json() == {}
    assert schedules.agenda == []


@pytest.mark.parametrize(("verb", "state"), [("start", "started"), ("stop", "stopped")])
def test_doing_so_again_writes_nothing(verb: str, state: str, schedules: Schedules) -> None:
    made = schedules.made(startupState=state)
    before = schedules.rows

    assert told(schedules.ask("PUT", f"/{made['id']}/{verb}")) == ([made] if verb == "start" else {})
    assert schedules.rows == before


# --- all schedules


def test_they_are_listed_oldest_first(schedules: Schedules) -> None:
    made = [schedules.made(name=f"Number {number}") for number in range(10)]

    assert told(schedules.ask("GET")) == made


def test_all_are_stopped_and_started_at_once_and_again(schedules: Schedules) -> None:
    made = [schedules.made(startupState=state) for state in ("start", "stop", "start")]
    ids = {each["id"] for each in made}

    for verb, state, entries in [
        ("startall", "started", ids),
        ("stopall", "stopped", set()),
        ("startall", "started", ids),
    ]:
        expected = [{**each, "lastKnownState": state} for each in made]
        assert told(schedules.ask("PUT", f"/{verb}")) == expected
        after = schedules.rows
        assert told(schedules.ask("PUT", f"/{verb}")) == expected
        assert schedules.rows == after
        assert (set(schedules.agenda), len(schedules.agenda)) == (entries, len(entries))


def test_all_are_more_than_a_transaction_holds(schedules: Schedules) -> None:
    row = schedules.table.get_entity("schedules", f"schedule:{schedules.made(startupState='stop')['id']}")
    ids = [str(uuid.uuid4()) for _ in range(60)]
    copies = [("create", {**row, "RowKey": f"schedule:{schedule_id}"}) for schedule_id in ids]
    schedules.table.submit_transaction([*copies, ("delete", row)])

    assert [each["lastKnownState"] for each in schedules.ask("PUT", "/startall").json()] == ["started"] * 60
    assert sorted(schedules.agenda) == sorted(ids)
    assert [each["lastKnownState"] for each in schedules.ask("PUT", "/stopall").json()] == ["stopped"] * 60
    assert schedules.agenda == []


@pytest.mark.parametrize("path", ["", "/status"])
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_of_none_there_is_an_empty_list(verb: str, path: str, schedules: Schedules) -> None:
    answer = schedules.ask(verb, path)

    assert (answer.status_code, answer.text) == (200, "" if verb == "HEAD" else "[]")


@pytest.mark.parametrize("verb", ["startall", "stopall"])
def test_none_can_be_started_and_stopped(verb: str, schedules: Schedules) -> None:
    assert told(schedules.ask("PUT", f"/{verb}")) == []
    assert schedules.rows == {}


# --- those of a tag


def tagged(schedules: Schedules, **changes: object) -> dict[str, list[dict[str, Any]]]:
    """Make six schedules and return those of each tag."""
    made = [
        schedules.made(name=f"{tags}", tags=tags, **changes)
        for tags in (["nightly"], ["a,b", "nightly"], ["Nightly"], ["nightly "], [], None)
    ]
    return {"nightly": made[:2], "a,b": made[1:2], "Nightly": made[2:3], "nightly ": made[3:4], "": made}


@pytest.mark.parametrize("tag", ["nightly", "a,b", "Nightly", "nightly "])
@pytest.mark.parametrize("ask", [as_it_is, as_a_post])
def test_those_with_exactly_a_tag_are_listed_stopped_and_started(ask: Ask, tag: str, schedules: Schedules) -> None:
    made = tagged(schedules)
    query, wanted = f"?tag={quote(tag)}", made[tag]
    others = {each["id"] for each in made[""]} - {each["id"] for each in wanted}
    stopped = [{**each, "lastKnownState": "stopped"} for each in wanted]

    assert told(ask(schedules, "GET", query)) == wanted
    assert told(ask(schedules, "PUT", f"/stopall{query}")) == stopped
    assert set(schedules.agenda) == others
    after = schedules.rows
    assert told(ask(schedules, "PUT", f"/stopall{query}")) == stopped
    assert schedules.rows == after
    told(ask(schedules, "PUT", "/stopall"))
    assert told(ask(schedules, "PUT", f"/startall{query}")) == wanted
    assert set(schedules.agenda) == {each["id"] for each in wanted}


@pytest.mark.parametrize("path", ["/stopall", "/startall"])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?tag=", "tag is empty: give it a value, or leave it out."),
        ("?tag", "tag is empty: give it a value, or leave it out."),
        ("?tag=nightly&tag=sales", "tag is given twice: it is read once."),
        ("?tags=nightly", "tags is no parameter of this call: it takes tag. Did you mean tag?"),
        (
            "?Tag=nightly",
            "Tag is no parameter of this call: it takes tag. Write tag: upper and lower case are told apart.",
        ),
        ("?id=nightly", "id is no parameter of this call: it takes tag."),
        (f"?tag={'x' * 257}", "tag: 257 characters are too many; at most 256 are allowed."),
    ],
)
def test_a_tag_that_can_not_be_read_changes_no_schedule(
    path: str, query: str, message: str, schedules: Schedules
) -> None:
    schedules.made(), schedules.made(startupState="stop")
    before = schedules.rows

    assert told(schedules.ask("PUT", f"{path}{query}"), 400)["message"] == message
    assert schedules.rows == before


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", "/stopall"), ("PUT", "/startall")])
def test_a_tag_that_none_has_is_about_none(method: str, path: str, schedules: Schedules) -> None:
    tagged(schedules)
    before = schedules.rows

    assert told(schedules.ask(method, f"{path}?tag=night")) == []
    assert schedules.rows == before


@pytest.mark.parametrize("query", ["id=", "id", "tag=", "ID={}", "ids={}", "id={0}&id={0}", "id={}&tag=nightly"])
def test_a_list_that_was_to_be_narrowed_is_not_told_whole(query: str, schedules: Schedules) -> None:
    made = schedules.made()

    assert told(schedules.ask("GET", f"?{query.format(made['id'])}"), 400)["error"] == "Bad Request"


# --- what became of them


SIX = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def runs_of(schedule_id: str) -> list[Run]:
    """Return three runs, oldest first."""
    return [
        Run(
            schedule_id=schedule_id,
            seq=0,
            due=SIX,
            outcome=RunOutcome.MISSED,
            reason="Nobody was there",
            missed_count=7,
        ),
        Run(
            schedule_id=schedule_id,
            seq=1,
            due=SIX + timedelta(hours=1),
            outcome=RunOutcome.FAILED,
            started=SIX + timedelta(hours=1, seconds=2, milliseconds=500),
            attempt=3,
            reason="Sense refused with 404: Gone",
        ),
        Run(
            schedule_id=schedule_id,
            seq=2,
            due=SIX + timedelta(hours=2),
            outcome=RunOutcome.STARTED,
            started=SIX + timedelta(hours=2, microseconds=123_456),
            attempt=1,
            execution_id=TASK,
        ),
    ]


OLDEST_LAST = [
    {
        "due": "2026-11-22T08:00:00Z",
        "started": "2026-11-22T08:00:00Z",
        "lateSeconds": 0.123,
        "attempt": 1,
        "outcome": "started",
        "reason": None,
        "executionId": TASK,
        "missedCount": 0,
    },
    {
        "due": "2026-11-22T07:00:00Z",
        "started": "2026-11-22T07:00:02Z",
        "lateSeconds": 2.5,
        "attempt": 3,
        "outcome": "failed",
        "reason": "Sense refused with 404: Gone",
        "executionId": None,
        "missedCount": 0,
    },
    {
        "due": "2026-11-22T06:00:00Z",
        "started": None,
        "lateSeconds": None,
        "attempt": 0,
        "outcome": "missed",
        "reason": "Nobody was there",
        "executionId": None,
        "missedCount": 7,
    },
]


def made_with_runs(schedules: Schedules) -> str:
    schedule_id: str = schedules.made()["id"]
    runs = runs_of(schedule_id)
    history = History(table=Table(lambda: schedules.table), ring=1000)
    for run in runs:
        history.record([run])
    row = schedules.table.get_entity("schedules", f"schedule:{schedule_id}")
    schedules.table.update_entity({**row, "seq": len(runs), "lastRun": LAST_RUN.write(runs[-1])})
    return schedule_id


@pytest.mark.parametrize(("query", "shown"), [("", 3), ("?limit=1000", 3), ("?limit=2", 2), ("?limit=1", 1)])
def test_history_tells_the_last_runs_newest_first(query: str, shown: int, schedules: Schedules) -> None:
    schedule_id = made_with_runs(schedules)

    assert told(schedules.ask("GET", f"/{schedule_id}/history{query}")) == OLDEST_LAST[:shown]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "1.5", "9" * 5000])
def test_a_wrong_limit_is_told(limit: str, schedules: Schedules) -> None:
    made = schedules.made()
    message = told(schedules.ask("GET", f"/{made['id']}/history?limit={limit}"), 400)["message"]

    assert message.startswith(f'limit: "{limit[:50]}')
    assert message.endswith("is not allowed; use a whole number from 1 to 1000.")


def test_without_a_run_there_is_no_history(schedules: Schedules) -> None:
    made = schedules.made()

    assert told(schedules.ask("GET", f"/{made['id']}/history")) == []


def test_status_tells_the_next_and_the_last_run(schedules: Schedules) -> None:
    ran = made_with_runs(schedules)
    stopped = schedules.made(name="Another", startupState="stop")["id"]
    asked = {"cronSchedule": "0 0 1 1 *", "timezone": "Europe/Stockholm", "count": 1}
    [next_run] = schedules.ask("GET", "/preview", params=asked).json()["next"]

    assert next_run["local"].endswith("-01-01T00:00:00+01:00")
    assert told(schedules.ask("GET", "/status")) == [
        {"id": ran, "name": "New year", "state": "started", "nextRun": next_run, "lastRun": OLDEST_LAST[0]},
        {"id": stopped, "name": "Another", "state": "stopped", "nextRun": None, "lastRun": None},
    ]


def test_one_whose_expression_is_no_more_keeps_its_clock(schedules: Schedules) -> None:
    made = schedules.made(name="Broken", timezone="Asia/Kolkata")
    spoil(schedules, f"schedule:{made['id']}", cron="1 2 3")

    [listed] = told(schedules.ask("GET", "/status"))

    assert listed["nextRun"]["local"].endswith("+05:30")


def test_one_whose_zone_is_no_more_does_not_hide_the_others(schedules: Schedules) -> None:
    broken, well = schedules.made(name="Broken"), schedules.made(name="Well")
    row = schedules.table.get_entity("schedules", f"schedule:{broken['id']}")
    schedules.table.update_entity({**row, "zone": "Mars/Base"})

    assert [each["name"] for each in told(schedules.ask("GET"))] == ["Broken", "Well"]
    assert [each["name"] for each in told(schedules.ask("GET", "/status"))] == ["Broken", "Well"]
    assert told(schedules.ask("PUT", f"/{broken['id']}", a_schedule(name="Mended")))["timezone"] == "Europe/Stockholm"
    assert [each["id"] for each in told(schedules.ask("PUT", "/stopall"))] == [broken["id"], well["id"]]


def spoil(schedules: Schedules, key: str, **values: object) -> None:
    schedules.table.update_entity({"PartitionKey": "schedules", "RowKey": key, **values})


def test_rows_that_cant_be_read_are_a_problem_of_their_schedules_and_hide_nothing(schedules: Schedules) -> None:
    entry, itself, well = (schedules.made(name=name) for name in ("Entry", "Itself", "Well"))
    due = next(key for key in schedules.rows if key.startswith("due:") and key.endswith(entry["id"]))
    spoil(schedules, due, taskId=5)
    spoil(schedules, f"schedule:{itself['id']}", tags="tag 1")
    problems = {
        "Entry": f"The row {due} in storage can't be read (taskId is no text). ",
        "Itself": f"The row schedule:{itself['id']} in storage can't be read (tags is no JSON). ",
    }
    to_do = "Correct it there, and the schedule goes on by itself; or stop or delete the schedule."

    for path in ("", "/status"):
        listed = {each["name"]: each.get("problem") for each in told(schedules.ask("GET", path))}
        assert listed == {"Well": None, **{name: text + to_do for name, text in problems.items()}}
    for made in (entry, itself):
        for path in (f"?id={made['id']}", f"/{made['id']}"):
            assert told(schedules.ask("GET", path))["problem"] == problems[made["name"]] + to_do
        assert told(schedules.ask("GET", f"/{made['id']}/history")) == []
    assert {each["lastKnownState"] for each in told(schedules.ask("GET"))} == {"started"}

    refused = schedules.ask("PUT", f"/{itself['id']}", a_schedule())
    assert (refused.status_code, refused.json()["message"]) == (503, problems["Itself"] + to_do)
    assert "problem" not in told(schedules.ask("PUT", f"/{entry['id']}", a_schedule(name="Entry")))
    assert told(schedules.ask("PUT", f"/{itself['id']}/stop")) == {}
    assert schedules.agenda == [key for key in schedules.agenda if key in {entry["id"], well["id"]}]
    assert schedules.ask("DELETE", f"/{itself['id']}").status_code == 204
    assert {each["name"]: each.get("problem") for each in told(schedules.ask("GET"))} == {
        "Entry": None,
        "Well": None,
    }


def test_they_outlive_the_host(start_footman: StartFootman, schedules: Schedules) -> None:
    first = start_footman({})
    early = Schedules(footman=first, http=schedules.http, table=schedules.table)
    early.made()
    early.ask("PUT", f"/{early.made(name='Stopped')['id']}/stop")
    before = early.ask("GET").json(), early.ask("GET", "/status").json()
    first.kill()
    late = Schedules(footman=start_footman({}), http=schedules.http, table=schedules.table)

    assert [each["lastKnownState"] for each in before[0]] == ["started", "stopped"]
    assert (late.ask("GET").json(), late.ask("GET", "/status").json()) == before


# --- methods and paths


PREVIEW = "/preview?cronSchedule=0+6+*+*+*&timezone=UTC&count=1"
ALLOWED = {
    "": "GET, POST",
    PREVIEW: "GET",
    "/status": "GET",
    "/startall": "PUT",
    "/stopall": "PUT",
    "/{id}": "GET, PUT, DELETE",
    "/{id}/start": "PUT",
    "/{id}/stop": "PUT",
    "/{id}/history": "GET",
}
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
def test_any_other_method_is_405_and_changes_nothing(path: str, allowed: str, schedules: Schedules) -> None:
    made = schedules.made()
    at, before = path.format(id=made["id"]), schedules.rows
    for method in set(METHODS) - set(allowed.split(", ")):
        for answer in (as_it_is(schedules, method, at, a_schedule()), as_a_post(schedules, method, at, a_schedule())):
            assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
            assert answer.json() == {
                "statusCode": 405,
                "error": "Method Not Allowed",
                "message": f"{method} is not allowed here; use {allowed}.",
            }

    assert schedules.rows == before


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for path, allowed in ALLOWED.items() for method in allowed.split(", ")]
)
def test_a_post_may_stand_for_any_method(method: str, path: str, schedules: Schedules) -> None:
    made = schedules.made()
    answer = as_a_post(schedules, method, path.format(id=made["id"]), a_schedule())

    assert answer.status_code == {"POST": 201, "DELETE": 204}.get(method, 200)
    assert len(schedules.ask("GET").json()) == {"POST": 2, "DELETE": 0}.get(method, 1)


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
def test_head_is_get_without_the_body(path: str, allowed: str, schedules: Schedules) -> None:
    made = schedules.made()
    answer = schedules.ask("HEAD", path.format(id=made["id"]))

    assert answer.status_code == (200 if "GET" in allowed else 405)
    assert (answer.headers["Content-Type"], answer.content) == (JSON, b"")
    assert answer.headers.get("Allow", allowed) == allowed


def test_the_words_among_the_paths_are_no_ids(schedules: Schedules) -> None:
    made = schedules.made()

    assert told(schedules.ask("GET", PREVIEW))["next"][0]["utc"].endswith("T06:00:00Z")
    assert [each["id"] for each in told(schedules.ask("GET", "/status"))] == [made["id"]]
    assert told(schedules.ask("PUT", "/startall", a_schedule(name="Another"))) == [made]
    assert told(schedules.ask("PUT", "/stopall"))[0]["lastKnownState"] == "stopped"


@pytest.mark.parametrize("word", ["startall", "stopall", "status", "preview"])
def test_nor_are_they_below_an_id(word: str, schedules: Schedules) -> None:
    for method, path in (("PUT", "start"), ("PUT", "stop"), ("GET", "history")):
        assert told(schedules.ask(method, f"/{word}/{path}"), 400) == not_found(word)


@pytest.mark.parametrize("path", ["/StartAll", "/STARTALL/", "/startall/"])
def test_a_path_is_found_in_any_case_and_with_a_slash_at_its_end(path: str, schedules: Schedules) -> None:
    made = schedules.made()

    assert told(schedules.ask("PUT", path)) == [made]


def test_the_task_is_kept_in_the_callers_spelling(schedules: Schedules) -> None:
    made = schedules.made(qlikSenseTaskId=APP1.upper())

    assert made["qlikSenseTaskId"] == APP1.upper()
    assert told(schedules.ask("GET", f"/{made['id']}")) == made
