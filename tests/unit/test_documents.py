"""What is documented exists, and what exists is documented, in one document."""

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import dev
from shared.api.routes import ROUTES
from shared.core.health import WORDS
from shared.core.runs import OUTCOME_WORDS
from shared.core.schedules import Deleted
from shared.core.unreadable import Unreadable
from shared.settings import Settings
from shared.storage import audit_rows, gone_rows, rows, run_rows
from shared.storage.key_values import KEY_VALUE
from shared.version import VERSION
from tests.documents import (
    DOCUMENTS,
    README,
    ROOT,
    Chapter,
    anchors,
    cells,
    chapters,
    code_in,
    curl_lines,
    links,
    powershell_calls,
    prose,
    text_of,
)
from tests.unit.builders import NINE, a_due, a_run, a_schedule
from trials.faults.__main__ import TRIALS

DOCS = ROOT / "docs"
SETTINGS = {field.alias for field in Settings.model_fields.values() if field.alias}
EACH_DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
CHAPTERS = [chapter for document in DOCUMENTS for chapter in chapters(document)]
A_CALL = re.compile(r"`(GET|PUT|POST|DELETE)[^`]* /v4/[^`]*`|^(GET|PUT|POST|DELETE)\S* /v4/", re.MULTILINE)
# What the system says, not Footman.
OF_THE_SYSTEM = {"connection refused", "connection reset by peer"}


def chapter(document: str, title: str) -> Chapter:
    [found] = [each for each in CHAPTERS if each.place == f"{document}: {title}"]
    return found


def test_the_readme_is_short() -> None:
    assert len(text_of(README).splitlines()) <= 180


@pytest.mark.parametrize(
    "part", ["What it is not yet", "What it needs", "What it costs", "Settings", "Troubleshooting"]
)
def test_the_readme_has_the_parts_that_others_point_at(part: str) -> None:
    assert links_of(chapter("README.md", part)) or part == "What it is not yet"


def links_of(one: Chapter) -> list[str]:
    return re.findall(r"\]\((?:docs|infra)/[^)]+\)", one.text)


def test_every_document_stands_in_the_index() -> None:
    named = {(README.parent / target.partition("#")[0]).resolve() for target in links(README)}
    of_the_decisions = {(DOCS / "decisions" / target).resolve() for target in links(DOCS / "decisions" / "README.md")}

    assert set(DOCUMENTS) - named - of_the_decisions - {README} == set()


@EACH_DOCUMENT
def test_a_link_leads_somewhere(document: Path) -> None:
    def is_lost(target: str) -> bool:
        path, _, anchor = target.partition("#")
        to = (document.parent / path).resolve() if path else document
        return not to.exists() or bool(anchor and anchor not in anchors(to))

    assert [target for target in links(document) if is_lost(target)] == []


def test_every_setting_stands_in_one_table_of_one_document() -> None:
    found = [
        (document.relative_to(ROOT).as_posix(), name)
        for document in DOCUMENTS
        for name in re.findall(r"^\| `([A-Z][A-Z_]+)` \|", text_of(document), re.MULTILINE)
    ]

    assert Counter(found) == Counter(("docs/settings.md", name) for name in SETTINGS)


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    of_azure = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "AzureWebJobsDisableHomepage"}

    assert set(values) - of_azure == SETTINGS
    with_a_site = values | {"QRS_URL": "http://127.0.0.1/qrs"}
    given = {name: with_a_site[name] for name in SETTINGS if name and with_a_site[name]}
    assert Settings.model_validate(given) == Settings.model_validate({"QRS_URL": "http://127.0.0.1/qrs"})


def test_every_default_stands_beside_its_setting() -> None:
    defaults = {
        field.alias: str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        for field in Settings.model_fields.values()
        if isinstance(field.default, str | int)
    }
    told = {name[0]: default for first, default, *_ in cells(text_of(DOCS / "settings.md")) if (name := code_in(first))}

    assert len(defaults) > 5
    assert {name: told[str(name)] for name in defaults} == {name: f"`{value}`" for name, value in defaults.items()}


def test_every_route_stands_in_the_document_of_its_kind() -> None:
    routes = [route.path for route in ROUTES]
    document = {True: text_of(DOCS / "schedules.md"), False: text_of(DOCS / "api.md")}

    assert len(routes) > 10
    assert [
        route
        for route in (*routes, "v4/openapi.json", "documentation")
        if not re.search(rf"[ `]/{re.escape(route)}[`?]", document[route.startswith("v4/schedules")].replace("\n", "`"))
    ] == []


@EACH_DOCUMENT
def test_what_stands_in_a_document_stands_in_no_other(document: Path) -> None:
    others = {line for other in DOCUMENTS if other != document for line in prose(other)}

    assert [line for line in prose(document) if len(line) > 80 and line in others] == []


@pytest.mark.parametrize("each", CHAPTERS, ids=lambda each: each.place)
def test_a_chapter_with_calls_has_one_for_powershell_with_a_key(each: Chapter) -> None:
    is_table_of_calls = any(A_CALL.match(row[0]) for row in cells(each.text))
    if curl_lines(each.text) or is_table_of_calls or A_CALL.search(re.sub(r"`[^`]*`", "", each.text)):
        assert [call for call in powershell_calls(each.text) if call.headers.get("x-functions-key")]


@EACH_DOCUMENT
def test_a_document_that_names_python3_names_py_too(document: Path) -> None:
    assert "python3 dev.py" not in text_of(document) or "py -3.13 dev.py" in text_of(document)


def sentences_of_the_code() -> str:
    """Return every text of the code, one a line, with a NUL for each value that is put into it."""
    of_the_local_run = ROOT / f"{dev.COMMANDS['run'].replace('.', '/')}.py"
    files = [*(ROOT / "shared").rglob("*.py"), of_the_local_run]
    return "\n".join(text for file in files for text in texts(ast.parse(file.read_text(encoding="utf-8"))))


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_message_that_troubleshooting_names_is_one_that_footman_gives() -> None:
    rows_ = cells(chapter("docs/connect-to-sense.md", "Troubleshooting").text)
    shown = [part for row in rows_ for part in code_in(row[1 if len(row) == 4 else 0])]
    # Of storage whole messages are shown, with … for what differs, and its own words for a refusal.
    named = [piece for part in shown for piece in re.split(r"\d{3} \([\w…]*\)\. |\(…\)|…", part) if len(piece) > 4]
    said = sentences_of_the_code()

    def is_said(part: str) -> bool:
        return bool(re.search(re.sub(r"\d{2,}", "(?:\\\\d+|\0|\0 MiB)", re.escape(part)), said))

    assert len(named) > 40
    assert [part for part in named if part not in OF_THE_SYSTEM | {"invalid"} and not is_said(part.strip())] == []


def test_every_word_of_health_about_sense_is_explained() -> None:
    rows_ = cells(chapter("docs/connect-to-sense.md", "Troubleshooting").text)
    explained = {word for row in rows_ if len(row) == 4 for word in code_in(row[0])}

    assert explained == {*WORDS.values(), "failed"} - {"no usable answer"}


def test_every_outcome_is_explained() -> None:
    explained = [code_in(row[0])[0] for row in cells(chapter("docs/schedules.md", "History").text) if code_in(row[0])]

    assert explained == list(OUTCOME_WORDS)


def test_every_column_is_told_of() -> None:
    told = cells(chapter("docs/architecture.md", "What is kept").text)
    columns = {row[1]: set(code_in(row[2])) for row in told if len(row) == 4}
    declared = {
        "`schedule:{id}`": rows.SCHEDULE,
        "`due:{instant}:{id}`": rows.ENTRY,
        "`heartbeat`": rows.BEAT,
        "`gone:{id}`": gone_rows.GONE,
        "`audit:{milliseconds, counted down}:{id}`": audit_rows.AUDIT,
        "`{id}:{seq mod RUN_HISTORY_ROWS}`, six digits": run_rows.RUN,
        "`{SHA-256 of the namespace}:{SHA-256 of the key}`": KEY_VALUE,
    }

    assert {key: columns[key] for key in declared} == {
        # A long object of JSON has further columns, whose names end in a number.
        key: {column.name for column in row.columns if not column.name[-1].isdigit()}
        for key, row in declared.items()
    }


UNREADABLE = replace(a_schedule(), unreadable=Unreadable(key="schedule:id", columns=("seq is no number",)))


def test_every_column_that_is_declared_is_written() -> None:
    written = {
        rows.SCHEDULE: rows.schedule_row(a_schedule()),
        rows.ENTRY: rows.entry_row(a_due()),
        gone_rows.GONE: gone_rows.gone_row(Deleted(schedule=UNREADABLE, at=NINE)),
        run_rows.RUN: run_rows.run_row(a_run(), ring=1),
    }

    assert {columns: set(row) for columns, row in written.items()} == {
        columns: {"PartitionKey", "RowKey", *(column.name for column in columns.columns)} for columns in written
    }


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == VERSION


def test_what_azure_installs_has_a_range_each() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    libraries = [line for line in lines if not line.startswith("#")]

    assert [line for line in libraries if ">=" not in line] == []
    names = [re.split(r"[>=<]", line)[0] for line in libraries]
    assert names == [
        "azure-functions",
        "requests",
        "urllib3",
        "certifi",
        "pydantic",
        "croniter",
        "azure-core",
        "azure-data-tables",
        "azure-identity",
        "cryptography",
        "tzdata",
        "tzlocal",
        "typing-extensions",
    ]


@EACH_DOCUMENT
def test_every_command_of_a_document_is_there(document: Path) -> None:
    commands = re.findall(r"dev\.py ([a-z][a-z-]*)", text_of(document))

    assert [command for command in commands if command not in dev.COMMANDS] == []


def test_every_command_that_shows_a_promise_is_there() -> None:
    promises = text_of(DOCS / "promises.md")
    commands = re.findall(r"`python3 dev\.py ([a-z-]+)([a-z ]*)", promises)
    named = {name for command, names in commands if command == "faults" for name in names.split()}

    assert len(commands) > 10
    assert named - set(TRIALS) == set()


@EACH_DOCUMENT
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    files = re.findall(r"`((?:tests|trials|sandbox|shared|client|infra|docs)/[a-z_/.-]+\.[a-z]+)`", text_of(document))

    assert [file for file in files if not (ROOT / file).exists()] == []
