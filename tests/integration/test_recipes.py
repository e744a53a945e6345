"""Who follows CONTRIBUTING.md to the letter gets what it says, and has to change no more than it says."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.azurite import Azurite
from sandbox.local_host import LocalHost, start_local_host
from sandbox.run import sense_settings
from sandbox.stand_in import StandIn
from tests.conftest import Schedules, a_schedule
from tests.recipes import Change, copy_of_the_project, recipe

ROUTE, FIELD = recipe("A route"), recipe("A field of a schedule")
# Those that a new route concerns and that need nothing but Python.
TESTS = ("tests/contract/test_routes.py", "tests/unit/test_documents.py", "tests/contract/test_openapi.py")
CONCERNING = "(route or operation or example or link) and not served"
# Those that a new field, and so a new column, concerns.
TESTS_OF_A_FIELD = (
    "tests/unit/test_documents.py",
    "tests/unit/test_schedule_edits.py",
    "tests/unit/test_unreadable.py",
)
CONCERNING_A_FIELD = "column or example or link or edit or unreadable or there"
SAID = {"description": "Before the first of the sales staff come."}


@pytest.fixture(scope="module")
def with_the_route(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the recipe for a route was followed."""
    return followed(ROUTE, tmp_path_factory.mktemp("with-the-route"))


@pytest.fixture(scope="module")
def with_the_field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the recipe for a field of a schedule was followed."""
    return followed(FIELD, tmp_path_factory.mktemp("with-the-field"))


def followed(changes: Sequence[Change], to: Path) -> Path:
    project = copy_of_the_project(to)
    for change in changes:
        change.make(project)
    return project


@pytest.fixture(scope="module")
def host_with_the_field(with_the_field: Path, azurite: Azurite, stand_in: StandIn) -> Iterator[LocalHost]:
    with start_local_host(
        with_the_field, settings(azurite, stand_in), arguments=["--no-timers"], project=with_the_field
    ) as host:
        yield host


@pytest.fixture
def newer(host_with_the_field: LocalHost, http: requests.Session, table: TableClient) -> Schedules:
    """The version with the field; nothing is stored."""
    return Schedules(footman=host_with_the_field, http=http, table=table)


def settings(azurite: Azurite, stand_in: StandIn) -> dict[str, str]:
    return {**sense_settings(stand_in), "STORAGE_CONNECTION": azurite.connection}


def files_of_the_app(changes: Sequence[Change]) -> set[str]:
    return {change.file for change in changes if change.is_of_the_app}


def test_a_route_is_two_files_of_the_app() -> None:
    assert len(files_of_the_app(ROUTE)) == 2


def test_a_field_of_a_schedule_is_five_files_of_the_app() -> None:
    # With the sixth, which a field needs that a tick needs too, it is as many as the recipe may have.
    assert len(files_of_the_app(FIELD)) == 5


@pytest.mark.usefixtures("table")
def test_a_route_that_was_added_by_the_recipe_is_in_the_contract_and_answers(
    with_the_route: Path, azurite: Azurite, stand_in: StandIn, http: requests.Session
) -> None:
    with start_local_host(
        with_the_route, settings(azurite, stand_in), arguments=["--no-timers"], project=with_the_route
    ) as host:
        contract = http.get(f"{host.url}/v4/openapi.json", timeout=30).json()
        counted = http.get(f"{host.url}/v4/schedules/count", timeout=30)
        refused = http.get(f"{host.url}/v4/schedules/count?limit=1", timeout=30)

    assert contract["paths"]["/v4/schedules/count"]["get"]["operationId"] == "schedule_count_get"
    assert (counted.status_code, counted.json()) == (200, {"count": 0})
    assert refused.status_code == 400


def test_a_route_that_was_added_by_the_recipe_passes_the_tests_of_all_routes(with_the_route: Path) -> None:
    tested = run(with_the_route, "pytest", "-v", "-p", "no:cacheprovider", "-k", CONCERNING, *TESTS)

    assert "GET /v4/schedules/count" in tested


def test_a_field_that_was_added_by_the_recipe_is_kept_whatever_is_done(newer: Schedules) -> None:
    made = newer.made(**SAID)
    place = f"/{made['id']}"
    assert made.items() > SAID.items()
    assert newer.rows[f"schedule:{made['id']}"].items() > SAID.items()

    calls = [("PUT", "/stop", None), ("PUT", "/start", None), ("PUT", "", a_schedule(name="Another", **SAID))]
    assert [newer.ask(method, f"{place}{path}", body).status_code for method, path, body in calls] == [200] * 3
    assert newer.ask("GET", place).json() == made | {"name": "Another"}
    assert newer.ask("GET").json() == [made | {"name": "Another"}]


def test_a_field_that_was_added_by_the_recipe_is_answered_only_when_it_was_set(newer: Schedules) -> None:
    plain, as_null = newer.made(), newer.made(description=None)
    said = newer.made(**SAID)
    unsaid = newer.ask("PUT", f"/{said['id']}", a_schedule()).json()

    kept_as_ever = {"id", "created", "lastKnownState", *a_schedule()}
    assert [set(answer) for answer in (plain, as_null, unsaid)] == [kept_as_ever] * 3
    assert [each["id"] for each in newer.ask("GET").json() if "description" in each] == []


@pytest.mark.parametrize("wrong", ["", "x" * 201, "two\nlines", 5, ["a list"]])
def test_what_is_wrong_in_a_field_that_was_added_by_the_recipe_is_refused(wrong: object, newer: Schedules) -> None:
    answer = newer.ask("POST", "", a_schedule(description=wrong))

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("body.description")
    assert newer.rows == {}


def test_rows_go_both_ways_between_the_versions_with_and_without_a_field(
    newer: Schedules, schedules: Schedules
) -> None:
    old = schedules.made(name="Of the version without")
    new = newer.made(name="Of the version with", **SAID)
    assert newer.ask("GET", f"/{old['id']}").json() == old
    without = {name: value for name, value in new.items() if name not in SAID}
    assert schedules.ask("GET", f"/{new['id']}").json() == without

    both = (old["id"], new["id"])
    stopped = [schedules.ask("PUT", f"/{each}/stop").status_code for each in both]
    started = [newer.ask("PUT", f"/{each}/start").status_code for each in both]
    assert stopped + started == [200] * 4
    assert newer.ask("GET").json() == [old, new]


def test_a_field_that_was_added_by_the_recipe_is_in_the_contract(newer: Schedules, schedules: Schedules) -> None:
    def parts(site: Schedules) -> dict[str, set[str]]:
        contract = site.http.get(f"{site.footman.url}/v4/openapi.json", timeout=30).json()["components"]["schemas"]
        return {name: set(contract[name]["properties"]) for name in ("ScheduleBody", "ScheduleAnswer")}

    assert parts(newer) == {name: known | {"description"} for name, known in parts(schedules).items()}


def test_a_field_that_was_added_by_the_recipe_goes_out_and_comes_in_again(
    newer: Schedules, with_the_field: Path, tmp_path: Path
) -> None:
    file, site = tmp_path / "schedules.yaml", ("--url", newer.footman.url)
    made = [newer.made(name="A", **SAID), newer.made(name="B")]
    run(with_the_field, "client.export", *site, str(file))
    for one in made:
        assert newer.ask("DELETE", f"/{one['id']}").status_code == 204
    run(with_the_field, "client.import_file", str(file), *site)

    def told(schedules: Sequence[dict[str, object]]) -> list[dict[str, object]]:
        return [{name: value for name, value in one.items() if name not in {"id", "created"}} for one in schedules]

    assert told(newer.ask("GET").json()) == told(made)
    file.write_text(file.read_text(encoding="utf-8").replace("Before", "Long before"), encoding="utf-8")
    assert "A: replaced: description differ" in run(with_the_field, "client.import_file", str(file), *site)
    assert newer.ask("GET").json()[0]["description"].startswith("Long before")


def test_a_field_that_was_added_by_the_recipe_passes_the_tests_of_columns_and_documents(with_the_field: Path) -> None:
    tested = run(with_the_field, "pytest", "-v", "-p", "no:cacheprovider", "-k", CONCERNING_A_FIELD, *TESTS_OF_A_FIELD)

    assert "test_every_column_is_told_of" in tested
    assert "test_every_column_that_is_declared_is_written" in tested


@pytest.mark.parametrize("name", ["with_the_route", "with_the_field"])
@pytest.mark.parametrize("check", [("check",), ("format", "--check")], ids=" ".join)
def test_what_the_recipes_add_is_written_as_the_rest_is(
    check: tuple[str, ...], name: str, request: pytest.FixtureRequest
) -> None:
    changes = {"with_the_route": ROUTE, "with_the_field": FIELD}[name]
    files = {change.file for change in changes if change.file.endswith(".py")}
    run(request.getfixturevalue(name), "ruff", *check, "--no-cache", *files)


def run(project: Path, module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
