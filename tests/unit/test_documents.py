"""What is documented exists, and what exists is documented."""

import json
import re
import tomllib
from pathlib import Path

import dev
import function_app
from shared.settings import Settings
from shared.version import VERSION
from trials.faults.__main__ import TRIALS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = {field.alias for field in Settings.model_fields.values()}


def test_every_setting_stands_in_the_readme() -> None:
    rows = set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", README, re.MULTILINE))

    assert rows == SETTINGS


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    of_azure = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "AzureWebJobsDisableHomepage"}

    assert set(values) - of_azure == SETTINGS
    with_a_site = values | {"QRS_URL": "http://127.0.0.1/qrs"}
    given = {name: with_a_site[name] for name in SETTINGS if name and with_a_site[name]}
    assert Settings.model_validate(given) == Settings.model_validate({"QRS_URL": "http://127.0.0.1/qrs"})


def test_every_route_stands_in_the_readme() -> None:
    routes = [route.path for resource in function_app.resources for route in resource.served]

    assert len(routes) > 10
    assert [route for route in (*routes, "v4/openapi.json", "documentation") if f"/{route}" not in README] == []


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
        "offapi",
        "typing-extensions",
    ]


def test_every_command_that_shows_a_promise_is_there() -> None:
    promises = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    commands = re.findall(r"`python3 dev\.py ([a-z-]+)([a-z ]*)", promises)
    named = {name for command, names in commands if command == "faults" for name in names.split()}
    files = re.findall(r"`(tests/[a-z_/]+\.py)`", promises)

    assert len(commands) > 10
    assert [command for command, _ in commands if command not in dev.COMMANDS] == []
    assert named - set(TRIALS) == set()
    assert [file for file in files if not (ROOT / file).exists()] == []
