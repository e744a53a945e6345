"""START_TASK_FILTER against those who would get round it: Sense is asked to start nothing but what it allows."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from time import sleep
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.local_host import LocalHost
from sandbox.quiet import wait_for_quiet
from sandbox.stand_in import StandIn
from tests.conftest import Schedules, StartFootman, a_schedule, move_entry

BY_ID = "a11ced00-0000-4000-8000-000000000001"
BY_TAG = "a11ced00-0000-4000-8000-000000000002"
BY_PROPERTY = "a11ced00-0000-4000-8000-000000000003"
EVERY_MINUTE = "* * * * *"
ALLOWED = {BY_ID, BY_TAG, BY_PROPERTY}
PLAIN = "f0bb1dde-0000-4000-8000-000000000001"
TAG, NAME, VALUE = "caf\u00e9 2", "taskGroup", "group\u00e9"
FILTER = {"taskIds": [BY_ID], "tags": [TAG], "customProperties": [{"name": NAME, "value": VALUE}]}


def look_alikes(text: str) -> list[str]:
    """Return texts that people, databases or libraries may take for this one."""
    return [
        text.upper(),
        text.title(),
        text.swapcase(),
        f"{text} ",
        f" {text}",
        f"{text}\u00a0",
        f"{text}\u200b",
        f"\ufeff{text}",
        unicodedata.normalize("NFD", text),
        text.replace("a", "\u0430"),
        text.replace("2", "\uff12"),
        text.replace(" ", "\u00a0"),
        text.replace("\u00e9", "e"),
        f"{text}'",
        f"'{text}'",
        f'"{text}"',
        f"{text}\\",
        f"\\{text}",
        f"{text}' or 1 eq 1 or name eq '",
        f"{text}\\' or 1 eq 1 or name eq \\'",
        f"{text}' or tags.name ne '",
        f"{text}%",
        "%",
        "*",
        quote(text),
        quote(quote(text)),
    ]


def a_task(task_id: str, tags: list[str], properties: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "id": task_id,
        "name": f"Reload {task_id}",
        "enabled": True,
        "taskType": 0,
        "tags": [{"id": task_id, "name": tag} for tag in tags],
        "customProperties": [{"value": value, "definition": {"name": name}} for name, value in properties],
    }


# Two properties with the name of one that is allowed and the value of one: Sense tests the two apart.
PAIRS = [
    *([(NAME, value)] for value in look_alikes(VALUE) if value != VALUE),
    *([(name, VALUE)] for name in look_alikes(NAME) if name != NAME),
    [(NAME, "other"), ("other", VALUE)],
    [(VALUE, NAME)],
]
TAGS = [tag for tag in look_alikes(TAG) if tag != TAG]


def forbidden_tasks() -> Iterator[dict[str, object]]:
    numbers = iter(range(1, 1000))
    yield a_task(PLAIN, [], [])
    for tag in [*TAGS, BY_ID, VALUE]:
        yield a_task(f"f0bb1dde-0000-4000-8001-{next(numbers):012d}", [tag], [])
    for pairs in PAIRS:
        yield a_task(f"f0bb1dde-0000-4000-8002-{next(numbers):012d}", [], pairs)


FORBIDDEN = list(forbidden_tasks())


@pytest.fixture(scope="module")
def filtered_footman(start_footman: StartFootman) -> LocalHost:
    return start_footman({"START_TASK_FILTER": json.dumps(FILTER)})


@pytest.fixture
def site(sense: StandIn) -> StandIn:
    """A site with three tasks that are allowed, among many that look like them."""
    sense.settings(reloadMs=0, triggerMs=0)
    allowed = [a_task(BY_ID, [], []), a_task(BY_TAG, [TAG], []), a_task(BY_PROPERTY, [], [(NAME, VALUE)])]
    sense.tasks([*FORBIDDEN, *allowed])
    return sense


def asked_to_start(sense: StandIn) -> list[str]:
    """Return what Sense was asked to start, whatever came of it: the part of the path that names it."""
    paths = [asked["path"] for asked in sense.log() if asked["method"] == "POST" and "/start" in asked["path"].lower()]
    return [path.lower().partition("/task/")[2].partition("/")[0] for path in paths]


def put(footman: LocalHost, target: str, body: bytes) -> int:
    """Send a request whose target is left as it is, which client libraries don't."""
    address = urlsplit(footman.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.request("PUT", target, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def start(footman: LocalHost, items: list[dict[str, object]], *, escaped: bool = True) -> int:
    """Send a request that names its tasks in the body alone; return the status."""
    return put(footman, "/v4/reloadtask/-/start", json.dumps(items, ensure_ascii=escaped).encode())


def by_id(task_id: object) -> dict[str, object]:
    return {"type": "starttaskid", "payload": {"taskId": task_id}}


def by_tag(tag: str) -> dict[str, object]:
    return {"type": "starttasktag", "payload": {"tag": tag}}


def by_property(name: str, value: str) -> dict[str, object]:
    return {"type": "starttaskcustomproperty", "payload": {"customPropertyName": name, "customPropertyValue": value}}


ID_TRIES = [
    PLAIN,
    PLAIN.upper(),
    "{" + PLAIN + "}",
    f"'{PLAIN}'",
    f'"{PLAIN}"',
    f"{PLAIN} ",
    f" {PLAIN}",
    f"{PLAIN}\x00",
    f"{PLAIN}\x00{BY_ID}",
    f"{BY_ID}\x00{PLAIN}",
    f"{PLAIN}\n",
    f"{PLAIN}\x1f",
    f"{PLAIN}\u200b",
    f"\ufeff{PLAIN}",
    PLAIN.replace("0", "\uff10"),
    PLAIN.replace("0", "\u0660"),
    PLAIN.replace("-", "\u2010"),
    PLAIN.replace("f", "\uff46"),
    PLAIN.replace("d", "\U0001d41d"),
    PLAIN.replace("-", ""),
    f"{BY_ID},{PLAIN}",
    f"{BY_ID} or id eq {PLAIN}",
    f"{BY_ID}' or 1 eq 1",
    f"{BY_ID}' or '1' eq '1",
    f"{BY_ID}\\' or 1 eq 1 or id eq \\'{PLAIN}",
    f"{BY_ID}/start/../../{PLAIN}",
    f"{BY_ID}/../{PLAIN}",
    f"{BY_ID}\\..\\{PLAIN}",
    f"../{PLAIN}",
    f"{BY_ID}?id={PLAIN}",
    f"{BY_ID}#{PLAIN}",
    f"{BY_ID};{PLAIN}",
    "' or 1 eq 1",
    "1 eq 1",
    "many",
    "*",
    "%",
]


def ways_in(text: str) -> list[tuple[str, object]]:
    """Return path and body of requests that name a task by this text: the body also names one that is allowed."""
    once = quote(text, safe="")
    every_letter = "".join(f"%{byte:02x}" for byte in text.encode())
    paths = [once, quote(once, safe=""), quote(quote(once, safe=""), safe=""), every_letter]
    return [*((path, [by_id(BY_ID)]) for path in paths), ("-", [by_id(text), by_id(BY_ID)]), (BY_ID, [by_id(text)])]


@pytest.mark.parametrize("text", ID_TRIES)
def test_by_its_id_nothing_else_is_started_however_it_is_written(
    text: str, filtered_footman: LocalHost, site: StandIn
) -> None:
    for path, items in ways_in(text):
        status = put(filtered_footman, f"/v4/reloadtask/{path}/start", json.dumps(items).encode())
        assert status in {200, 400, 404}, path

    assert set(asked_to_start(site)) == {BY_ID}
    assert {start["taskId"] for start in site.starts()} == {BY_ID}


def test_without_a_filter_the_same_request_starts_it(footman: LocalHost, site: StandIn) -> None:
    for path, items in ways_in(PLAIN):
        put(footman, f"/v4/reloadtask/{path}/start", json.dumps(items).encode())

    assert set(asked_to_start(site)) == {PLAIN, BY_ID}


def test_by_tag_only_the_very_tag_is_served(filtered_footman: LocalHost, site: StandIn) -> None:
    tries = [TAG, *TAGS, BY_ID, VALUE]
    statuses = {
        start(filtered_footman, [by_tag(tag), by_tag(TAG)], escaped=escaped)
        for tag in tries
        for escaped in (True, False)
    }

    assert statuses == {200}
    assert asked_to_start(site) == [BY_TAG] * len(tries) * 2


def test_by_property_only_the_very_pair_is_served(filtered_footman: LocalHost, site: StandIn) -> None:
    tries = [(NAME, VALUE), *(pair for pairs in PAIRS for pair in pairs)]
    statuses = {start(filtered_footman, [by_property(*pair), by_property(NAME, VALUE)]) for pair in tries}

    assert statuses == {200}
    assert asked_to_start(site) == [BY_PROPERTY] * len(tries)


@pytest.mark.parametrize(
    "item",
    [
        by_tag(""),
        by_tag("\x00"),
        by_tag(f"{TAG}\x00"),
        by_tag(f"{TAG}\n"),
        by_tag(f"\x7f{TAG}"),
        by_property("", VALUE),
        by_property(f"{NAME}\x00", VALUE),
        by_property(NAME, f"{VALUE}\t"),
    ],
)
def test_a_name_with_a_control_character_stops_all(
    item: dict[str, object], filtered_footman: LocalHost, site: StandIn
) -> None:
    assert start(filtered_footman, [by_id(BY_ID), item]) == 400
    assert asked_to_start(site) == []


def test_what_is_allowed_in_one_way_is_served_in_no_other(filtered_footman: LocalHost, site: StandIn) -> None:
    crossed = [by_id(BY_TAG), by_id(BY_PROPERTY), by_tag(VALUE), by_tag(BY_ID), by_property("tag", TAG)]
    status = start(filtered_footman, crossed)

    assert status == 200
    assert asked_to_start(site) == []


# One thing said twice: the reader of a log may see the other.
TWICE = [
    '[{"type":"starttaskid","payload":{"taskId":"%(good)s","taskId":"%(bad)s"}}]',
    '[{"type":"starttaskid","payload":{"taskId":"%(bad)s","taskId":"%(good)s"}}]',
    '[{"type":"starttaskid","payload":{"taskId":"%(good)s"},"payload":{"taskId":"%(bad)s"}}]',
    '[{"type":"starttasktag","type":"starttaskid","payload":{"tag":"x","taskId":"%(bad)s"}}]',
    '[{"type":"starttaskid","payload":{"taskId":"%(good)s","TASKID":"%(bad)s","task_id":"%(bad)s","id":"%(bad)s"}}]',
    '[{"type":"starttaskid","payload":{"taskId":["%(bad)s"]}}]',
    '[{"type":"starttaskid","payload":{"taskId":{"$ne":null}}}]',
    '[{"type":"starttaskid","payload":{"taskId":"\\u0066%(bad_tail)s"}}]',
    '[{"type":"starttaskid","payload":{"taskId":"%(bad)s\\u0000"}}]',
    '\ufeff[{"type":"starttaskid","payload":{"taskId":"%(bad)s"}}]',
    '{"type":"starttaskid","payload":{"taskId":"%(bad)s"}}',
]


@pytest.mark.parametrize("text", TWICE)
@pytest.mark.parametrize("query", ["", "?allTaskIdsMustExist=true", f"?taskId={PLAIN}&START_TASK_FILTER=", "?x=%00"])
def test_a_body_that_says_two_things_gets_no_further(
    text: str, query: str, filtered_footman: LocalHost, site: StandIn
) -> None:
    body = text % {"good": BY_ID, "bad": PLAIN, "bad_tail": PLAIN[1:]}
    for path in ("-", BY_ID, PLAIN):
        put(filtered_footman, f"/v4/reloadtask/{path}/start{query}", body.encode())

    assert set(asked_to_start(site)) <= {BY_ID}


@pytest.fixture
def filtered(filtered_footman: LocalHost, http: requests.Session, table: TableClient, site: StandIn) -> Schedules:  # noqa: ARG001 - Sense has the tasks
    """None are stored."""
    return Schedules(footman=filtered_footman, http=http, table=table)


def outcomes(schedules: Schedules, made: Sequence[dict[str, Any]]) -> list[str]:
    """Let all be due in this minute and run a tick; return what became of each, which is written after the starts."""
    wait_for_quiet()
    due = datetime.now(UTC).replace(second=0, microsecond=0)
    for each in made:
        move_entry(schedules.table, each["id"], due)
    schedules.http.post(f"{schedules.footman.url}/admin/functions/tick", json={}, timeout=30).raise_for_status()
    end = datetime.now(UTC) + timedelta(seconds=30)
    while not all(runs := [schedules.ask("GET", f"/{each['id']}/history").json() for each in made]):
        assert datetime.now(UTC) < end, f"a schedule has no run: {runs}"
        sleep(0.1)
    return [run["outcome"] for [run] in runs]


def test_no_schedule_is_made_or_changed_for_another_task_however_it_is_written(filtered: Schedules) -> None:
    made = filtered.made(cronSchedule=EVERY_MINUTE, qlikSenseTaskId=BY_ID)
    tries = [*ID_TRIES, *(task["id"] for task in FORBIDDEN[::8])]
    statuses = {
        filtered.ask(method, path, a_schedule(qlikSenseTaskId=text)).status_code
        for text in tries
        for method, path in (("POST", ""), ("PUT", f"/{made['id']}"))
    }

    assert statuses == {400, 403}
    assert filtered.ask("GET").json() == [made]


def test_a_schedule_that_the_filter_allowed_before_it_was_tightened_is_denied(
    filtered: Schedules, footman: LocalHost, site: StandIn
) -> None:
    before = Schedules(footman=footman, http=filtered.http, table=filtered.table)
    forbidden = [str(task["id"]) for task in FORBIDDEN[::8]]
    kept = [
        before.made(cronSchedule=EVERY_MINUTE, qlikSenseTaskId=task_id)
        for task_id in [*forbidden, PLAIN.upper(), *sorted(ALLOWED)]
    ]

    assert outcomes(filtered, kept) == [*["denied"] * (len(forbidden) + 1), *["started"] * 3]
    assert sorted(asked_to_start(site)) == sorted(ALLOWED)


def test_a_schedule_whose_task_has_lost_what_allowed_it_is_denied(filtered: Schedules, site: StandIn) -> None:
    made = [filtered.made(cronSchedule=EVERY_MINUTE, qlikSenseTaskId=task_id) for task_id in (BY_TAG, BY_PROPERTY)]
    site.tasks([a_task(BY_TAG, TAGS, []), a_task(BY_PROPERTY, [TAG.upper()], PAIRS[-2])])

    assert outcomes(filtered, made) == ["denied", "denied"]
    assert asked_to_start(site) == []


def test_a_row_that_somebody_wrote_by_hand_starts_nothing_else(filtered: Schedules, site: StandIn) -> None:
    made = filtered.made(cronSchedule=EVERY_MINUTE, qlikSenseTaskId=BY_ID)
    for row in filtered.rows.values():
        if row.get("taskId") == BY_ID:
            filtered.table.update_entity({**row, "taskId": PLAIN})

    assert outcomes(filtered, [made]) == ["denied"]
    assert asked_to_start(site) == []
