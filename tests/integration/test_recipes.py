"""Who follows CONTRIBUTING.md to the letter gets what it says, and has to change no more than it says."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox.azurite import Azurite
from sandbox.local_host import start_local_host
from sandbox.run import sense_settings
from sandbox.stand_in import StandIn
from tests.recipes import copy_of_the_project, recipe

# Those that a new route concerns and that need nothing but Python.
TESTS = ("tests/unit/test_routes.py", "tests/unit/test_documents.py", "tests/contract/test_openapi.py")
RECIPE = recipe("A route")
CONCERNING = "(route or operation or example or link) and not served"


@pytest.fixture(scope="module")
def with_the_route(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the recipe for a route was followed."""
    project = copy_of_the_project(tmp_path_factory.mktemp("project"))
    for change in RECIPE:
        change.make(project)
    return project


def test_a_route_is_two_files_of_the_app() -> None:
    assert len({change.file for change in RECIPE if change.is_of_the_app}) == 2


def test_a_route_that_was_added_by_the_recipe_is_in_the_contract_and_answers(
    with_the_route: Path, azurite: Azurite, stand_in: StandIn, http: requests.Session
) -> None:
    settings = {**sense_settings(stand_in), "STORAGE_CONNECTION": azurite.connection}
    with start_local_host(with_the_route, settings, arguments=["--no-timers"], project=with_the_route) as host:
        contract = http.get(f"{host.url}/v4/openapi.json", timeout=30).json()
        counted = http.get(f"{host.url}/v4/schedules/count", timeout=30)
        refused = http.get(f"{host.url}/v4/schedules/count?limit=1", timeout=30)

    assert contract["paths"]["/v4/schedules/count"]["get"]["operationId"] == "schedule_count_get"
    assert (counted.status_code, counted.json()) == (200, {"count": 0})
    assert refused.status_code == 400


def test_a_route_that_was_added_by_the_recipe_passes_the_tests_of_all_routes(with_the_route: Path) -> None:
    tested = run(with_the_route, "pytest", "-v", "-p", "no:cacheprovider", "-k", CONCERNING, *TESTS)

    assert "GET /v4/schedules/count" in tested


@pytest.mark.parametrize("check", [("check",), ("format", "--check")], ids=" ".join)
def test_what_the_recipes_add_is_written_as_the_rest_is(check: tuple[str, ...], with_the_route: Path) -> None:
    run(
        with_the_route, "ruff", *check, "--no-cache", *{change.file for change in RECIPE if change.file.endswith(".py")}
    )


def run(project: Path, module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout
