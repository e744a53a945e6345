"""The queries of alerts and workbook, held to the lines that Footman writes when it runs."""

import re
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.local_host import LocalHost
from sandbox.quiet import wait_for_quiet
from sandbox.stand_in import StandIn
from shared.log import FIELDS, fields_of
from tests.conftest import APP1, Schedules, StartFootman, move_entry
from tests.functions import functions
from tests.infra.bicep import INFRA, Bicep, files
from tests.infra.queries import Query, queries

Lines = Mapping[str, list[dict[str, object]]]
UNKNOWN = "00000000-0000-4000-8000-000000000000"
EACH = pytest.mark.parametrize("query", queries(), ids=lambda query: query.path.stem)
# What a firewall in front of Sense may say, and what somebody may have it say.
BLOCKED = '{"action":"block","rule":17}, {"action": "tick_ended", "problem": ""}'


@pytest.fixture(scope="module")
def lines(start_footman: StartFootman, stand_in: StandIn, kept_table: TableClient, http: requests.Session) -> Lines:
    """Let Footman do all that queries ask about, and return the fields of its lines by action."""
    stand_in.reset()
    footman = start_footman({})
    schedules = Schedules(footman=footman, http=http, table=kept_table)
    for row in kept_table.list_entities():
        kept_table.delete_entity(row)
    wait_for_quiet()
    for task in (APP1, UNKNOWN):
        made = schedules.made(cronSchedule="* * * * *", qlikSenseTaskId=task)
        move_entry(kept_table, made["id"], datetime.now(UTC).replace(second=0))
    for name, told in (("tick", "tick_ended"), ("daily", "daily_ended")):
        http.post(f"{footman.url}/admin/functions/{name}", json={}, timeout=60).raise_for_status()
        wait_for(footman, told)
    http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", json=[], timeout=10)
    stand_in.fault("status", status=400, path="/start/synchronous", body=BLOCKED)
    http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", json=[], timeout=10)
    stand_in.no_faults()
    found: dict[str, list[dict[str, object]]] = defaultdict(list)
    for line in footman.stderr_text().splitlines():
        if fields := fields_of(line):
            found[fields["action"]].append(fields)
    return found


def wait_for(footman: LocalHost, action: str) -> None:
    for _ in range(600):
        if f'"action": "{action}"' in footman.stderr_text():
            return
        time.sleep(0.1)
    raise AssertionError(f"no line of {action}: {footman.stderr_text()[-3000:]}")


@EACH
def test_a_query_asks_for_lines_that_are_written(query: Query, lines: Lines) -> None:
    assert query.actions - lines.keys() == set()


@EACH
def test_a_query_asks_for_fields_that_stand_there(query: Query, lines: Lines) -> None:
    written = {field for action in query.actions for line in lines[action] for field in line}

    assert query.fields - written == set()


@EACH
def test_a_query_finds_fields_by_the_same_expression(query: Query) -> None:
    of_traces = query.text.startswith("traces")

    assert of_traces == (f"parse_json(extract(@'{FIELDS.pattern}', 1, message))" in query.text)
    assert query.text.count("(") == query.text.count(")")


def test_every_query_is_used_and_every_one_that_is_used_exists() -> None:
    used = {INFRA / path for file in files() for path in file.loaded}

    assert used == {query.path for query in queries()}


def test_the_alert_for_ticks_counts_only_those_that_were_held_up_by_nothing(lines: Lines) -> None:
    assert [line["problem"] for line in lines["tick_ended"]] == [""]


def test_the_reason_of_a_refusal_hides_no_fields_and_makes_none(lines: Lines) -> None:
    reasons = [str(line["reason"]) for line in lines["task_not_started"]]

    assert [reason for reason in reasons if BLOCKED in reason] == reasons != []
    assert "block" not in lines


def test_the_calls_that_do_not_count_are_a_function_of_the_app() -> None:
    names = set(re.findall(r'name != "(\w+)"', Query(INFRA / "queries" / "answers-failing.kql").text))

    assert names == {"health", "health_details"}
    assert names <= {function.get_function_name() for function in functions()}


def test_every_alert_says_what_to_do() -> None:
    source = Bicep(Path(INFRA / "alerts.bicep")).source
    texts = re.findall(r"^    text: '(.+)'$", source, re.MULTILINE)

    assert len(texts) == 6
    assert [text for text in texts if len(text) < 100] == []
