"""What a schedule can't be: a 400 that names field, value and what is allowed, and everything stays as it was."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.azurite import Azurite
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from tests.conftest import APP1, Schedules, StartFootman, a_schedule

UNKNOWN = "b028d0a2-7116-41bf-b15a-4f01bd126464"


@pytest.fixture(scope="module")
def storage(azurite: Azurite) -> Iterator[FaultyStorage]:
    """Storage that tells what it was asked."""
    with start_faulty_storage(azurite.connection) as running:
        yield running


@pytest.fixture(scope="module")
def schedules(
    storage: FaultyStorage, start_footman: StartFootman, http: requests.Session, kept_table: TableClient
) -> Schedules:
    footman = start_footman({"STORAGE_CONNECTION": storage.connection})
    return Schedules(footman=footman, http=http, table=kept_table)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What was stored and what was listed before any test here, with one schedule at least."""

    id: str
    rows: dict[str, dict[str, Any]]
    listed: list[dict[str, Any]]


@pytest.fixture(scope="module")
def before(schedules: Schedules) -> Before:
    made = schedules.made()
    return Before(id=made["id"], rows=schedules.rows, listed=schedules.ask("GET").json())


@pytest.fixture(autouse=True)
def _nothing_is_changed(schedules: Schedules, before: Before) -> Iterator[None]:
    yield
    assert schedules.rows == before.rows
    assert schedules.ask("GET").json() == before.listed


@pytest.fixture
def kept(before: Before) -> str:
    """The id of a schedule that no test here changes."""
    return before.id


FIELDS = "use 5 fields (minute hour day month weekday), 6 with seconds first, or @hourly, @daily, @weekly, @monthly"
NO_ZONE = ", for instance 'Europe/Stockholm' or 'UTC'"
A_TEXT = "is not allowed; a text is expected"
A_GUID = "GUID is expected, such as 0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b"
STATES = "'start', 'started', 'stop' or 'stopped'"

Said = tuple[str, ...]
EXPRESSIONS: dict[str, str] = {
    "": f"it has 0 fields; {FIELDS}",
    " ": f"it has 0 fields; {FIELDS}",
    "0 6 * *": f"it has 4 fields; {FIELDS}",
    "0 0 6 * * * 2026": f"it has 7 fields; {FIELDS}",
    "@reboot": f"it has 1 fields; {FIELDS}",
    "@every 5m": f"it has 2 fields; {FIELDS}",
    "60 * * * * *": "second '60' is no value from 0 to 59",
    "60 * * * *": "minute '60' is no value from 0 to 59",
    "0 24 * * *": "hour '24' is no value from 0 to 23",
    "0 0 32 * *": "day of month '32' is no value from 1 to 31",
    "0 0 1 13 *": "month '13' is no value from 1 to 12 or jan-feb…",
    "0 0 * * 8": "weekday '8' is no value from 0 to 7 or sun-mon…",
    "R * * * *": "minute 'R' is no value from 0 to 59",
    "0 R * * *": "hour 'R' is no value from 0 to 23",
    "H * * * *": "minute 'H' is no value from 0 to 59",
    "+5 * * * *": "minute '+5' is no value from 0 to 59",
    "٣ * * * *": "minute '٣' is no value from 0 to 59",
    "1, * * * *": "minute '1,' is no value from 0 to 59",
    "5-5 * * * *": "minute '5-5' is a range from a value to itself; write the value alone",
    "0 0 * * mon-mon": "weekday 'mon-mon' is a range from a value to itself; write the value alone",
    "*/0 * * * *": "minute '*/0' has a step that is no number from 1 on",
    "*/x * * * *": "minute '*/x' has a step that is no number from 1 on",
    "0 0 15W * *": "day of month '15W' is no value from 1 to 31",
    "0 0 * * 1#6": "weekday '1#6' is no value from 0 to 7",
    "0 0 * * 1,2#1": "weekday '1,2#1' mixes weekdays with and without #",
    "0 0 * * monday": "weekday 'monday' is no value from 0 to 7 or sun-mon…; for 'monday' write mon or 1",
    "0 0 30 2 *": "the date it names does not come within ten years",
    "0 0 31 4,6,9,11 *": "the date it names does not come within ten years",
}
ZONES: dict[str, str] = {
    "": NO_ZONE,
    " ": NO_ZONE,
    "Mars/Base": NO_ZONE,
    "../../etc/passwd": NO_ZONE,
    "/etc/localtime": NO_ZONE,
    "+02:00": NO_ZONE,
    "tzdata.zoneinfo": NO_ZONE,
    "Europe/Stockholm\0": "'Europe/Stockholm'",
    "europe/stockholm": "'Europe/Stockholm'",
    "Europe/Stokholm": "'Europe/Stockholm'",
    "W. Europe Standard Time": "'Europe/Berlin'",
    "Eastern Standard Time": "'America/New_York'",
}
FIELDS_OF_THE_BODY: list[tuple[dict[str, object], Said]] = [
    ({"cronSchedule": "1" * 1001}, ("cronSchedule: 1001 characters are too many; at most 1000 are allowed",)),
    ({"cronSchedule": 5}, ("cronSchedule: 5", A_TEXT)),
    ({"cronSchedule": None}, ("cronSchedule: null", A_TEXT)),
    ({"cronSchedule": ["* * * * *"]}, ('cronSchedule: ["* * * * *"]', A_TEXT)),
    ({"timezone": 5}, ("timezone: 5", A_TEXT)),
    ({"timezone": None}, ("timezone: null", A_TEXT)),
    ({"timezone": "x" * 10_000}, ("timezone: 'xxxxxxxxxx", NO_ZONE)),
    ({"timezone": "UTC", "timeZone": "Europe/Paris"}, ('timeZone: "Europe/Paris"', 'timezone "UTC"', "one thing")),
    ({"timeZone": 5}, ("timeZone: 5", A_TEXT)),
    ({"qlikSenseTaskId": ""}, ('qlikSenseTaskId: ""', A_GUID)),
    ({"qlikSenseTaskId": "abc"}, ('qlikSenseTaskId: "abc"', A_GUID)),
    (
        {"qlikSenseTaskId": "Reload task of App1"},
        ("it looks like the task's name", A_GUID, "the QMC shows it under Tasks"),
    ),
    ({"qlikSenseTaskId": "Försäljning"}, ("it looks like the task's name, and a", A_GUID)),
    ({"qlikSenseTaskId": "-"}, ('qlikSenseTaskId: "-"', A_GUID)),
    ({"qlikSenseTaskId": f"{{{APP1}}}"}, (f'qlikSenseTaskId: "{{{APP1}}}"', A_GUID)),
    ({"qlikSenseTaskId": f"{APP1}\n"}, (f'qlikSenseTaskId: "{APP1}\\n"', A_GUID)),
    ({"qlikSenseTaskId": f"{APP1}' or 1 eq 1"}, ("qlikSenseTaskId: ", "' or 1 eq 1", A_GUID)),
    ({"qlikSenseTaskId": APP1.replace("-", "")}, ("qlikSenseTaskId: ", A_GUID)),
    ({"qlikSenseTaskId": 17}, ("qlikSenseTaskId: 17", A_TEXT)),
    ({"name": ""}, ('name: ""', "it must not be empty")),
    ({"name": " \t"}, ("name: ", "control characters have no place here")),
    ({"name": "   "}, ('name: "   "', "it must not be empty")),
    ({"name": "\u2003\u3000"}, ("name: ", "it must not be empty")),
    ({"name": "x" * 201}, ('name: "xxxxxxxxxx', "at most 200 characters fit")),
    ({"name": "two\nlines"}, (r'name: "two\nlines"', "control characters have no place here")),
    ({"name": None}, ("name: null", A_TEXT)),
    ({"name": ["A name"]}, ('name: ["A name"]', A_TEXT)),
    ({"name": {}}, ("name: {}", A_TEXT)),
    ({"cronSchedule": True}, ("cronSchedule: true", A_TEXT)),
    ({"timezone": False}, ("timezone: false", A_TEXT)),
    ({"tags": {"0": "tag 1"}}, ('tags: {"0": "tag 1"}', "a list is expected")),
    ({"tags": "a\tb"}, (r'tags[0]: "a\tb"', "control characters have no place here")),
    ({"tags": "x" * 257}, ('tags[0]: "xxxxxxxxxx', "at most 256 characters fit")),
    ({"tags": ["tag 1", {}]}, ("tags[1]: {}", A_TEXT)),
    ({"tags": [None]}, ("tags[0]: null", A_TEXT)),
    ({"tags": [["tag 1"]]}, ('tags[0]: ["tag 1"]', A_TEXT)),
    ({"tags": ["x"] * 51}, ("tags has too many items; at most 50 are allowed",)),
    ({"tags": ["ok", "x" * 257]}, ('tags[1]: "xxxxxxxxxx', "at most 256 characters fit")),
    ({"tags": ["a\tb"]}, (r'tags[0]: "a\tb"', "control characters have no place here")),
    ({"startupState": "paused"}, ('startupState: "paused" is not allowed', STATES)),
    ({"startupState": "Started"}, ('startupState: "Started" is not allowed', STATES)),
    ({"startupState": ""}, ('startupState: "" is not allowed', STATES)),
    ({"startupState": True}, ("startupState: true is not allowed", STATES)),
]


def refused() -> Iterator[tuple[dict[str, object], Said]]:
    for cron, why in EXPRESSIONS.items():
        yield {"cronSchedule": cron}, (f"cronSchedule: {cron!r} is not allowed: {why}",)
    for zone, why in ZONES.items():
        yield {"timezone": zone}, (f"timezone: {zone!r} is no IANA time zone", why)
    yield from FIELDS_OF_THE_BODY


def assert_refused(answer: requests.Response, *said: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request"), answer.text
    assert [part for part in said if part not in answer.json()["message"]] == [], answer.json()["message"]
    assert len(answer.text) < 700


@pytest.mark.parametrize(("changes", "said"), list(refused()))
def test_what_is_wrong_is_named(changes: dict[str, object], said: Said, schedules: Schedules, kept: str) -> None:
    assert_refused(schedules.ask("POST", "", a_schedule(**changes)), *said)
    assert_refused(schedules.ask("PUT", f"/{kept}", a_schedule(**changes)), *said)


@pytest.mark.parametrize("field", ["name", "cronSchedule", "timezone", "qlikSenseTaskId", "startupState"])
def test_what_is_missing_is_named(field: str, schedules: Schedules, kept: str) -> None:
    body = {name: value for name, value in a_schedule().items() if name != field}

    assert_refused(schedules.ask("POST", "", body), f"{field} is missing")
    assert_refused(schedules.ask("PUT", f"/{kept}", body), f"{field} is missing")


@pytest.mark.parametrize(
    ("zone", "said"),
    [("Mars/Base", ("timezone: 'Mars/Base' is no IANA time zone", NO_ZONE)), (5, ("imeZone: 5", A_TEXT))],
)
def test_by_its_other_name_a_zone_is_no_better(zone: object, said: Said, schedules: Schedules) -> None:
    body = a_schedule(timeZone=zone)
    del body["timezone"]

    assert_refused(schedules.ask("POST", "", body), *said)


BODIES: list[tuple[bytes, str]] = [
    (b"", "body: null is not allowed; an object is expected"),
    (b"null", "body: null is not allowed; an object is expected"),
    (b"[]", "body: [] is not allowed; an object is expected"),
    (b'"a text"', 'body: "a text" is not allowed; an object is expected'),
    (b"17", "body: 17 is not allowed; an object is expected"),
    (json.dumps([a_schedule()]).encode(), "is not allowed; an object is expected"),
    (b"{}", "body.name is missing. body.cronSchedule is missing."),
    (b"{", "body is not valid JSON: EOF while parsing an object at line 1 column 1"),
    (b"name=New+year&timezone=UTC", "body is not valid JSON"),
    (json.dumps(a_schedule()).encode()[:-1], "body is not valid JSON"),
    (json.dumps(a_schedule()).encode() * 2, "body is not valid JSON"),
    (json.dumps(a_schedule()).encode("utf-16"), "body is not UTF-8 but UTF-16"),
    (json.dumps(a_schedule(name="å"), ensure_ascii=False).encode("latin-1"), "body is not UTF-8: byte 11 is 0xE5"),
    (json.dumps(a_schedule(name="\ud800")).encode(), "body is not valid JSON"),
    (b'{"tags":' * 100_000, "body is not valid JSON: recursion limit"),
    (json.dumps(a_schedule(more="x" * 1_048_576)).encode(), "bytes are too many; at most 1,048,576 are allowed"),
]


@pytest.mark.parametrize(("body", "message"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_no_schedule_is_refused(body: bytes, message: str, schedules: Schedules, kept: str) -> None:
    assert_refused(schedules.ask("POST", data=body), message)
    assert_refused(schedules.ask("PUT", f"/{kept}", data=body), message)


def test_of_many_faults_the_first_are_told_and_the_rest_is_counted(schedules: Schedules) -> None:
    answer = schedules.ask("POST", "", a_schedule(tags=[None] * 50))

    assert_refused(answer, "tags[0]: null", "tags[1]: null", "tags[2]: null", "And 47 more.")


# --- ids

WITH_ID = [("GET", ""), ("PUT", ""), ("DELETE", ""), ("PUT", "/start"), ("PUT", "/stop"), ("GET", "/history")]
ODD = [
    "Manually-added-schedule-1",
    " ",
    "-",
    "*",
    "'",
    "' or RowKey ne '",
    "åäö 日本 😀",
    "%",
    "a+b&c#d?e",
    "a\\b",
    "a\0b",
    "schedule:x",
    f"schedule:{UNKNOWN}",
    f"{{{UNKNOWN}}}",
    UNKNOWN.replace("-", ""),
    "x" * 3000,
]


def assert_not_found(answer: requests.Response, schedule_id: str) -> None:
    assert answer.status_code == 400
    assert answer.json() == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": f"REST SCHEDULER: Schedule ID {schedule_id} not found.",
    }


@pytest.mark.parametrize("schedule_id", [UNKNOWN, UNKNOWN.upper()])
def test_an_unknown_id_is_told_as_butler_tells_it(schedule_id: str, schedules: Schedules) -> None:
    for method, path in WITH_ID:
        assert_not_found(schedules.ask(method, f"/{schedule_id}{path}", a_schedule()), schedule_id)
    assert_not_found(schedules.ask("GET", params={"id": schedule_id}), schedule_id)


@pytest.mark.parametrize("schedule_id", ODD, ids=range(len(ODD)))
def test_what_is_no_guid_is_unknown_without_asking_storage(
    schedule_id: str, schedules: Schedules, storage: FaultyStorage
) -> None:
    storage.forget()
    for method, path in WITH_ID:
        answer = schedules.ask(method, f"/{quote(schedule_id, safe='')}{path}", a_schedule())
        assert_not_found(answer, schedule_id)
    assert_not_found(schedules.ask("GET", params={"id": schedule_id}), schedule_id)

    assert storage.requests == []


@pytest.mark.parametrize("schedule_id", ["..", "../schedules", "a/b", "a\nb", f"{UNKNOWN}\n"])
def test_nor_does_a_query_lead_elsewhere(schedule_id: str, schedules: Schedules, storage: FaultyStorage) -> None:
    storage.forget()

    assert_not_found(schedules.ask("GET", params={"id": schedule_id}), schedule_id)
    assert storage.requests == []


def test_of_two_ids_in_a_query_neither_is_meant(schedules: Schedules, kept: str) -> None:
    assert_refused(schedules.ask("GET", f"?id={kept}&id={kept}"), "id is given twice: it is read once.")


def test_a_separator_in_a_path_is_told_as_it_was_meant(schedules: Schedules) -> None:
    assert_not_found(schedules.ask("GET", "/a%2Fb"), "a/b")


@pytest.mark.parametrize(("method", "path"), [("PUT", "//start"), ("PUT", "//stop"), ("GET", "//history")])
def test_an_empty_id_is_a_missing_one(method: str, path: str, schedules: Schedules) -> None:
    assert_refused(schedules.ask(method, path), "Required parameter is missing")
