"""Schedules on the move, by the commands as people run them: from Butler's file, to a file for Git, and back."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unicodedata import category
from uuid import uuid4

import pytest
import requests
import yaml
from azure.data.tables import TableClient

from sandbox.azurite import start_azurite
from sandbox.local_host import LocalHost
from tests.commands import Done, run_command
from tests.conftest import APP1, Schedules, StartFootman, a_schedule

KEY = "a key that only tests know"
STOCKHOLM = ("--server-timezone", "Europe/Stockholm")
TWO_HOURLY = """\
butlerSchedule:
  - id: 3702cec1-b6c8-463e-bda3-58d6a94dd9ac
    created: 2021-10-08T07:24:38.373Z
    name: Every 2 hours
    cronSchedule: 0 */2 * * *
    timezone: Europe/London
    qlikSenseTaskId: 0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b
    startupState: started
    tags:
      - tag 3
      - abc 123 åäö
    lastKnownState: started
  - id: 5
    name: yes
    cronSchedule: 0 0 31 1 *
    timezone: Europe/Stockholm
    qlikSenseTaskId: 0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b
    startupState: start
    lastKnownState: stopped
"""


Run = Callable[..., Done]


def run(command: str, *arguments: str | Path, environment: dict[str, str] | None = None) -> Done:
    return run_command(f"client.{command}", arguments, {"PATH": "", **(environment or {})})


@pytest.fixture
def butlers(tmp_path: Path, schedules: Schedules) -> Callable[..., Done]:
    """Import a text as Butler's file, numeric months counting from 0 unless told otherwise."""

    def import_(text: str, *arguments: str, base: str = "0", **environment: str) -> Done:
        file = tmp_path / "schedules.yaml"
        file.write_text(text, encoding="utf-8")
        where = ("--url", schedules.footman.url, *STOCKHOLM, "--month-base", base)
        return run("import_butler", file, *where, *arguments, environment=environment)

    return import_


def entry(**changes: str) -> str:
    """Return a file of one schedule."""
    values = {
        "id": str(uuid4()),
        "name": "Nightly",
        "cronSchedule": "30 2 * * *",
        "timezone": "Europe/Stockholm",
        "qlikSenseTaskId": APP1,
        "startupState": "started",
    } | changes
    return yaml.safe_dump({"butlerSchedule": [values]}, sort_keys=False)


def kept(schedules: Schedules) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = schedules.ask("GET").json()
    return [{name: value for name, value in one.items() if name not in {"id", "created"}} for one in found]


def test_butlers_schedules_come_over_with_their_instants(butlers: Run, schedules: Schedules) -> None:
    done = butlers(TWO_HOURLY)

    assert (done.code, done.complained) == (0, "")
    assert kept(schedules) == [
        {
            "name": "Every 2 hours",
            "cronSchedule": "0 */2 * * *",
            "timezone": "Europe/Stockholm",
            "qlikSenseTaskId": "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b",
            "startupState": "started",
            "tags": ["tag 3", "abc 123 åäö"],
            "lastKnownState": "started",
        },
        {
            "name": "yes",
            "cronSchedule": "0 0 2 2 *",
            "timezone": "Europe/Stockholm",
            "qlikSenseTaskId": "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b",
            "startupState": "start",
            "lastKnownState": "stopped",
        },
    ]


BOTH = [("Butler", r"0 0 31 1 \*"), ("Footman", r"0 0 2 2 \*")]


def test_it_shows_what_butler_did_and_what_footman_will_do(butlers: Run, schedules: Schedules) -> None:
    done = butlers(TWO_HOURLY, "--dry-run")

    assert "line 2: Every 2 hours (task 0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b), started" in done.told
    assert "the file says 'Europe/London'; Butler ran it on its server's clock, Europe/Stockholm" in done.told
    assert "Footman is also due where clocks change" in done.told
    assert "line 13: yes (task 0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b), stopped" in done.told
    butler, footman = (re.search(rf"  {who} +{cron}  next (.*)", done.told) for who, cron in BOTH)
    assert butler is not None
    assert footman is not None
    assert re.fullmatch(r"20..-02-02T00:00:00\+01:00", butler[1])
    assert butler[1] == footman[1]
    assert "stopped, as it is in Butler now, though it says start for Butler's next start" in done.told
    assert "2 new, 0 already there" in done.told
    assert "Nothing was sent." in done.told
    assert kept(schedules) == []


def test_it_can_be_repeated(butlers: Run, schedules: Schedules) -> None:
    butlers(TWO_HOURLY)
    before = schedules.rows

    again = butlers(TWO_HOURLY)

    assert "0 new, 2 already there, 0 there in another form, left as they are." in again.told
    assert schedules.rows == before


def test_what_was_changed_in_footman_since_is_recognised_and_left(butlers: Run, schedules: Schedules) -> None:
    butlers(entry())
    [made] = schedules.ask("GET").json()
    schedules.ask("PUT", f"/{made['id']}", a_schedule(name="Nightly", qlikSenseTaskId=APP1.upper()))
    before = schedules.rows

    again = butlers(entry())

    assert "there, but cronSchedule, qlikSenseTaskId, tags differ: left as it is" in again.told
    assert schedules.rows == before


def test_two_that_share_name_and_task_are_two(butlers: Run, schedules: Schedules) -> None:
    text = entry() + entry(cronSchedule="30 14 * * *").replace("butlerSchedule:\n", "")

    first, again = butlers(text), butlers(text)

    assert "2 new" in first.told
    assert "0 new, 2 already there" in again.told
    assert {one["cronSchedule"] for one in kept(schedules)} == {"30 2 * * *", "30 14 * * *"}


@pytest.mark.parametrize(("base", "cron"), [("0", "0 0 1 2 *"), ("1", "0 0 1 1 *")])
def test_the_month_base_decides_what_a_numeric_month_means(
    base: str, cron: str, butlers: Run, schedules: Schedules
) -> None:
    butlers(entry(cronSchedule="0 0 1 1 *"), base=base)

    assert [one["cronSchedule"] for one in kept(schedules)] == [cron]


def test_with_a_month_base_of_1_it_shows_that_butler_did_otherwise(butlers: Run) -> None:
    done = butlers(entry(cronSchedule="0 0 1 12 *"), "--dry-run", base="1")

    assert "  Butler   0 0 1 12 *  never ran: Butler can't read it" in done.told
    assert "  Footman  0 0 1 12 *  next 20" in done.told


BAD = [
    (
        entry(cronSchedule="0 0 * * 7"),
        ["line 2: cronSchedule: Butler can't read '0 0 * * 7': weekday '7' lies outside"],
    ),
    (entry(cronSchedule="0 6 * * monday"), ["line 2:", "'day' is not a name it knows", "It never ran"]),
    (entry(qlikSenseTaskId="not-a-guid"), ["line 2: qlikSenseTaskId", "a GUID is expected"]),
    (entry(name="x" * 201), ["line 2: name", "at most 200 characters"]),
    (entry(startupState="running"), ["line 2: startupState"]),
    (entry(lastKnownState="running"), ["line 2: lastKnownState: 'running' is not allowed; use started or stopped."]),
    (entry().replace("  cronSchedule: 30 2 * * *\n", ""), ["line 2: cronSchedule is missing."]),
    (entry().replace("name: Nightly", "name: [a]"), ["line 2: name is not a text."]),
    (entry() + "  name: Again\n", ["line 8: name is given twice."]),
    (entry() + "  <<: {a: b}\n", ["line 8: << is not read here"]),
    ("butlerSchedule: []\nbutlerSchedule: []\n", ["line 2: butlerSchedule is given twice."]),
    (entry(timeZone="Mars/Olympus"), ["line 2: timeZone: 'Mars/Olympus' is no IANA time zone"]),
    (entry(id="7") + entry(id="7").replace("butlerSchedule:\n", ""), ["line 8: id '7' stands on line 2 too"]),
    (re.sub("id: .*", "id:", entry(), count=1), ["line 2: id is missing: Butler can't load it"]),
    (entry(cronSchedule="9" * 5000 + " * * * *"), ["line 2: cronSchedule", "can't be read"]),
    ("butlerSchedule: " + "[" * 3000, ["nested too deeply"]),
    ("butlerSchedule:\n- just a text\n", ["line 2: a schedule is expected"]),
    ("butlerSchedule: 7\n", ["line 1: butlerSchedule is not a list."]),
    ("other: []\n", ["has no list of schedules under butlerSchedule; it has other."]),
    ("", ["has no list of schedules under butlerSchedule."]),
    ("butlerSchedule:\n- name: 'x\n", ["is no YAML", "line"]),
    ("butlerSchedule:\n- name: \x07\n", ["is no YAML", "special characters"]),
    ("butlerSchedule:\n- cronSchedule: */5 * * * *\n", ["is no YAML", "line 2"]),
]


@pytest.mark.parametrize(("text", "reasons"), BAD, ids=[reasons[0][:60] for _, reasons in BAD])
def test_one_bad_entry_and_nothing_is_sent(text: str, reasons: list[str], butlers: Run, schedules: Schedules) -> None:
    good = entry(name="Good one").replace("butlerSchedule:\n", "")
    done = butlers(text + good if "startupState" in text else text)

    assert done.code == 1
    for reason in reasons:
        assert reason in done.complained
    assert "Traceback" not in done.complained
    assert "Nothing was sent." in done.complained
    assert kept(schedules) == []


def test_all_bad_entries_are_named_at_once(butlers: Run) -> None:
    bad = entry(cronSchedule="a * * * *") + entry(name="", cronSchedule="0 6 * * *").replace("butlerSchedule:\n", "")

    told = butlers(bad).complained

    assert "line 2: cronSchedule" in told
    assert "line 8: name" in told


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--server-timezone", "W. Europe Standard Time", "--month-base", "0"], "did you mean"),
        (["--server-timezone", "Europe/Stockholm", "--month-base", "2"], "--month-base"),
        (["--server-timezone", "Europe/Stockholm"], "--month-base"),
        (["--month-base", "0"], "--server-timezone"),
    ],
)
def test_what_it_can_not_know_it_asks_for(arguments: list[str], reason: str, tmp_path: Path) -> None:
    done = run("import_butler", tmp_path / "none.yaml", "--url", "http://127.0.0.1:9", *arguments)

    assert done.code == 2
    assert reason in done.complained


def test_a_footman_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(entry(), encoding="utf-8")

    done = run("import_butler", file, "--url", "http://127.0.0.1:9", *STOCKHOLM, "--month-base", "0", "--key", KEY)

    assert done.code == 1
    assert "http://127.0.0.1:9 could not be asked" in done.complained
    assert KEY not in done.told + done.complained
    assert "Traceback" not in done.complained


@pytest.mark.parametrize(
    "url",
    [
        "footman.example.net",
        "ftp://footman.example.net",
        f"https://user:{KEY}@footman.example.net",
        f"https://footman.example.net?code={KEY}",
        f"https://footman.example.net/#{KEY}",
        "https://[",
        "http://footman.example.net",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    done = run("export", "--url", url, "--key", KEY)

    assert done.code == 2
    assert "--url: use https:" in done.complained
    assert KEY not in done.told + done.complained


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "{}"), (200, "[1]"), (200, "null"), (200, '[{"name": "x"}]'), (500, '"oh"'), (503, "[]"), (200, "<html>")],
)
def test_what_does_not_answer_as_footman_does_is_not_believed(status: int, body: str, tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("footmanSchedule: [] # a good one\n", encoding="utf-8")
    with answering(status, body) as url:
        done = run("export", "--url", url, "--key", KEY, file)

    assert (done.code, "Traceback" in done.complained) == (1, False)
    assert f"{url} answered" in done.complained
    assert file.read_text(encoding="utf-8") == "footmanSchedule: [] # a good one\n"


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """Serve one answer to everything."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_key_that_no_header_can_hold_is_told_in_a_sentence(schedules: Schedules) -> None:
    done = run("export", "--url", schedules.footman.url, "--key", "ключ")

    assert (done.code, "Traceback" in done.complained) == (1, False)
    assert "could not be asked" in done.complained


def test_a_file_that_can_not_be_written_is_told_in_a_sentence(schedules: Schedules, tmp_path: Path) -> None:
    done = run("export", "--url", schedules.footman.url, tmp_path / "none" / "schedules.yaml")

    assert (done.code, "Traceback" in done.complained) == (1, False)
    assert "can't be written" in done.complained


def test_the_one_name_for_a_zone_that_butler_heeds_is_heeded(butlers: Run, schedules: Schedules) -> None:
    done = butlers(entry(timeZone="Asia/Tokyo"))

    assert "the file says timeZone: Asia/Tokyo, the one name that Butler heeds" in done.told
    assert [one["timezone"] for one in kept(schedules)] == ["Asia/Tokyo"]


def test_one_that_was_renamed_in_footman_is_asked_about(butlers: Run, schedules: Schedules) -> None:
    schedules.made(name="Another name", cronSchedule="30 2 * * *", qlikSenseTaskId=APP1)

    done = butlers(entry(), "--dry-run")

    assert "new; 'Another name' is there and starts the same task at the same times: was it renamed?" in done.told


def test_one_that_was_half_made_is_finished(butlers: Run, schedules: Schedules) -> None:
    schedules.made(name="Nightly", cronSchedule="30 2 * * *", startupState="stopped", qlikSenseTaskId=APP1, tags=None)

    done = butlers(entry(startupState="started", lastKnownState="stopped"))

    assert "there, but half made: it is finished" in done.told
    [made] = kept(schedules)
    assert (made["startupState"], made["lastKnownState"]) == ("started", "stopped")


def test_a_console_that_can_not_show_a_name_ends_nothing(butlers: Run, schedules: Schedules) -> None:
    file_of = entry(name="åäö 😀")
    done = butlers(file_of, PYTHONIOENCODING="ascii")

    assert done.code == 0
    assert [one["name"] for one in kept(schedules)] == ["åäö 😀"]


@pytest.fixture(scope="module")
def keyed(start_footman: StartFootman) -> LocalHost:
    return start_footman({}, key=KEY)


def test_the_key_comes_from_the_command_or_the_environment(keyed: LocalHost, table: TableClient) -> None:  # noqa: ARG001 - it empties it
    none = run("export", "--url", keyed.url)
    by_option = run("export", "--url", keyed.url, "--key", KEY)
    by_environment = run("export", "--url", keyed.url, environment={"FOOTMAN_KEY": KEY})

    assert (none.code, by_option.code, by_environment.code) == (1, 0, 0)
    assert "401: the key is missing or wrong" in none.complained
    assert "footmanSchedule: []" in by_option.told


@pytest.fixture(scope="module")
def another(start_footman: StartFootman) -> Iterator[LocalHost]:
    """A second Footman with a storage of its own."""
    with start_azurite() as storage:
        yield start_footman({"STORAGE_CONNECTION": storage.connection})


ODD_NAMES = [
    "null",
    "~",
    "0x10",
    "yes",
    "2026-11-22",
    "*/5",
    "- a",
    "a: b",
    "# no",
    "'",
    '"',
    " blanks ",
    "å 😀",
    "1e3",
]
ODD_NAMES += ["1e3", "a\x85b", "a\u2028b", "a\ufeffb", "a\u202eb: \u2066c", "\U000e0041'\xad", "👩\u200d👧"]


def test_a_round_trip_changes_nothing(
    schedules: Schedules, another: LocalHost, tmp_path: Path, http: requests.Session
) -> None:
    for name in ODD_NAMES:
        schedules.made(name=name, tags=[name])
    stopped = schedules.made(name="Stopped by hand", startupState="started", cronSchedule="*/5 * * * * *")
    schedules.ask("PUT", f"/{stopped['id']}/stop")
    started = schedules.made(name="Started by hand", startupState="stop", tags=[])
    schedules.ask("PUT", f"/{started['id']}/start")
    plain = schedules.made(name="No tags", tags=None)
    assert "tags" not in plain
    count = len(ODD_NAMES) + 3
    first, here, there = tmp_path / "first.yaml", tmp_path / "here.yaml", tmp_path / "there.yaml"

    assert run("export", "--url", schedules.footman.url, first).code == 0
    before = schedules.rows
    again = run("import_file", first, "--url", schedules.footman.url)
    assert run("export", "--url", schedules.footman.url, here).code == 0
    moved = run("import_file", first, "--url", another.url)
    assert run("export", "--url", another.url, there).code == 0

    assert f"0 new, {count} already there, 0 to be replaced. 0 others are left alone." in again.told
    assert schedules.rows == before
    assert f"{count} new" in moved.told
    assert first.read_bytes() == here.read_bytes() == there.read_bytes()
    told = again.told + moved.told + first.read_text(encoding="utf-8")
    assert {category(each) for each in told if each != "\n"} & {"Cc", "Cf", "Zl", "Zp"} == set()
    names = {one["name"] for one in http.get(f"{another.url}/v4/schedules", timeout=10).json()}
    assert set(ODD_NAMES) <= names


def test_a_file_that_was_edited_is_what_footman_becomes(schedules: Schedules, tmp_path: Path) -> None:
    schedules.made(name="Edited")
    schedules.made(name="To be stopped", cronSchedule="0 5 * * *")
    file = tmp_path / "schedules.yaml"
    run("export", "--url", schedules.footman.url, file)
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))["footmanSchedule"]
    rows[0]["cronSchedule"] = "15 4 * * *"
    rows[1]["lastKnownState"] = "stopped"
    file.write_text(yaml.safe_dump({"footmanSchedule": rows}), encoding="utf-8")
    left_alone = schedules.made(name="Not in the file")

    dry = run("import_file", file, "--url", schedules.footman.url, "--dry-run")
    done = run("import_file", file, "--url", schedules.footman.url)

    assert "Edited: replaced: cronSchedule differ" in dry.told
    assert "0 new, 0 already there, 2 to be replaced. 1 others are left alone." in dry.told
    assert done.code == 0
    found = {one["name"]: one for one in kept(schedules)}
    assert found["Edited"]["cronSchedule"] == "15 4 * * *"
    assert found["To be stopped"]["lastKnownState"] == "stopped"
    assert found["Not in the file"]["cronSchedule"] == left_alone["cronSchedule"]


STATES = [(startup, known) for startup in ("start", "started", "stop", "stopped") for known in ("started", "stopped")]


def made_in(schedules: Schedules, startup: str, known: str, **changes: object) -> None:
    """Make a schedule, then start or stop it as a person would."""
    made = schedules.made(startupState=startup, **changes)
    if made["lastKnownState"] != known:
        schedules.ask("PUT", f"/{made['id']}/{known.removesuffix('ed').removesuffix('p')}")


def test_a_maintenance_window_leaves_each_schedule_started_or_stopped_as_it_was(
    schedules: Schedules, tmp_path: Path
) -> None:
    for startup, known in STATES:
        made_in(schedules, startup, known, name=f"{startup}, {known}", tags=["nightly"])
        made_in(schedules, startup, known, name="Of one name", cronSchedule=f"{len(schedules.rows)} 5 1 1 *", tags=None)
    before, agenda = schedules.ask("GET").json(), sorted(schedules.agenda)
    file, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    where = ("--url", schedules.footman.url)

    assert run("export", *where, file).code == 0
    looked = run("import_file", file, *where, "--dry-run")
    stopped = schedules.ask("PUT", "/stopall").json()
    in_the_window = schedules.made(name="Made in the window", startupState="stop")
    to_be_done = run("import_file", file, *where, "--dry-run")
    done = run("import_file", file, *where)
    again = run("import_file", file, *where)
    schedules.ask("DELETE", f"/{in_the_window['id']}")
    assert run("export", *where, after).code == 0

    assert "0 new, 16 already there, 0 to be replaced. 0 others are left alone." in looked.told
    assert {each["lastKnownState"] for each in stopped} == {"stopped"}
    assert "0 new, 8 already there, 8 to be replaced. 1 others are left alone." in to_be_done.told
    assert (done.code, again.code) == (0, 0)
    assert "0 new, 16 already there, 0 to be replaced. 1 others are left alone." in again.told
    assert schedules.ask("GET").json() == before
    assert sorted(schedules.agenda) == agenda
    assert file.read_bytes() == after.read_bytes()


def test_a_filter_that_is_tighter_by_now_holds_back_no_state(
    schedules: Schedules, start_footman: StartFootman, tmp_path: Path
) -> None:
    filtered = start_footman({"START_TASK_FILTER": '{"taskIds": ["00000000-0000-4000-8000-000000000000"]}'})
    made = schedules.made()
    file = tmp_path / "before.yaml"
    assert run("export", "--url", filtered.url, file).code == 0
    schedules.ask("PUT", "/stopall")

    assert run("import_file", file, "--url", filtered.url).code == 0
    assert schedules.ask("GET").json() == [made]


def test_startall_after_stopall_starts_what_was_stopped_on_purpose_too(schedules: Schedules) -> None:
    made_in(schedules, "started", "stopped")
    schedules.ask("PUT", "/stopall")

    assert [each["lastKnownState"] for each in schedules.ask("PUT", "/startall").json()] == ["started"]


# What is there, what is done by hand since the export, what is edited in the file, and the states then.
BY_FILE = [
    ({"startupState": "started"}, None, {"startupState": "stopped"}, ("stopped", "stopped")),
    ({"startupState": "started"}, None, {"lastKnownState": "stopped"}, ("started", "stopped")),
    ({"startupState": "started"}, "stop", {}, ("started", "started")),
    ({"startupState": "started"}, "stop", {"cronSchedule": "1 1 * * *"}, ("started", "started")),
    ({"startupState": "stopped"}, None, {"startupState": "started"}, ("started", "started")),
    ({"startupState": "stopped"}, "start", {"lastKnownState": "started"}, ("stopped", "started")),
    ({"startupState": "stopped"}, "start", {}, ("stopped", "stopped")),
]


@pytest.mark.parametrize(("made", "by_hand", "edited", "states"), BY_FILE)
def test_a_file_starts_and_stops_what_it_says(
    made: dict[str, str],
    by_hand: str | None,
    edited: dict[str, str],
    states: tuple[str, str],
    schedules: Schedules,
    tmp_path: Path,
) -> None:
    kept_id = schedules.made(**made)["id"]
    file = tmp_path / "schedules.yaml"
    run("export", "--url", schedules.footman.url, file)
    [row] = yaml.safe_load(file.read_text(encoding="utf-8"))["footmanSchedule"]
    assert "lastKnownState" not in row
    file.write_text(yaml.safe_dump({"footmanSchedule": [row | edited]}), encoding="utf-8")
    if by_hand:
        schedules.ask("PUT", f"/{kept_id}/{by_hand}")

    done = run("import_file", file, "--url", schedules.footman.url)

    found = next(one for one in schedules.ask("GET").json() if one["id"] == kept_id)
    assert done.code == 0
    assert (found["startupState"], found["lastKnownState"]) == states
    again = run("import_file", file, "--url", schedules.footman.url, "--dry-run")
    assert "0 new, 1 already there, 0 to be replaced" in again.told


def test_stopped_written_into_an_export_of_the_version_before_stops_it_too(
    schedules: Schedules, tmp_path: Path
) -> None:
    schedules.made()
    row = a_schedule(startupState="stopped", lastKnownState="started")
    file = tmp_path / "schedules.yaml"
    file.write_text(yaml.safe_dump({"footmanSchedule": [row]}, allow_unicode=True), encoding="utf-8")

    done = run("import_file", file, "--url", schedules.footman.url)

    [found] = schedules.ask("GET").json()
    assert (found["startupState"], found["lastKnownState"]) == ("stopped", "stopped")
    assert "lastKnownState started beside it is passed over: take it out of the file" in done.told


def test_a_schedule_whose_row_can_not_be_read_is_left_out_and_named(schedules: Schedules, tmp_path: Path) -> None:
    well, spoilt = schedules.made(name="Well"), schedules.made(name="Spoilt")
    row = {"PartitionKey": "schedules", "RowKey": f"schedule:{spoilt['id']}", "cron": 7}
    schedules.table.update_entity(row)
    file = tmp_path / "schedules.yaml"

    done = run("export", "--url", schedules.footman.url, file)

    assert done.code == 1
    assert f"Schedule {spoilt['id']} is left out." in done.complained
    assert well["id"] not in done.complained
    assert run("import_file", file, "--url", schedules.footman.url).code == 0


def test_a_field_that_an_export_does_not_have_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("footmanSchedule:\n- name: A\n  lastKnownstate: stopped\n", encoding="utf-8")

    done = run("import_file", file, "--url", "http://127.0.0.1:9")

    assert "line 2: lastKnownstate is not allowed; use name, cronSchedule" in done.complained


def test_butlers_file_is_not_taken_for_an_export(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(entry(), encoding="utf-8")

    done = run("import_file", file, "--url", "http://127.0.0.1:9")

    assert "has no list of schedules under footmanSchedule; it has butlerSchedule." in done.complained
