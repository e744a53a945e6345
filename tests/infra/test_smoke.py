"""The smoke test that follows a deployment, as people run it, against a Footman that works and others that don't."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import requests
import yaml

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.conftest import ROOT, StartFootman

KEY = "a key that only tests know"
LOOKS = ["functions", "shut door", "open door", "health", "dry start", "tick"]


def smoke(url: str, *arguments: str, key: str = KEY) -> tuple[int, dict[str, str], str]:
    """Return the exit code, what each look came to, and all that was printed."""
    done = subprocess.run(
        [sys.executable, "-m", "client.smoke", "--url", url, "--patience", "0", *arguments],
        cwd=ROOT,
        env={**os.environ, "FOOTMAN_KEY": key},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    outcomes = {line[:10].strip(): line[11:18].strip() for line in done.stdout.splitlines()}
    return done.returncode, outcomes, done.stdout + done.stderr


@pytest.fixture(scope="module")
def keyed(start_footman: StartFootman, http: requests.Session) -> LocalHost:
    """Footman with a key, and a tick that came."""
    footman = start_footman({}, key=KEY)
    http.post(f"{footman.url}/admin/functions/tick", json={}, headers={"x-functions-key": KEY}, timeout=30)
    return footman


@pytest.fixture
def broken(sense: StandIn) -> Iterator[StandIn]:
    sense.fault("status", status=500)
    yield sense
    sense.no_faults()


def test_a_footman_that_works_passes_every_look(keyed: LocalHost, sense: StandIn) -> None:
    code, outcomes, told = smoke(keyed.url, "--patience", "20")

    assert (code, outcomes) == (0, dict.fromkeys(LOOKS, "ok")), told
    assert sense.starts() == []
    assert KEY not in told


@pytest.mark.parametrize(
    ("settings", "key", "failing"),
    [
        ({}, "a wrong one", {"open door", "health", "dry start"}),
        ({"HTTP_AUTH_LEVEL": "ANONYMOUS"}, KEY, {"shut door", "tick"}),
        ({"QRS_URL": "nonsense"}, KEY, {"health", "dry start", "tick"}),
        ({"STORAGE_CONNECTION": "nonsense"}, KEY, {"health", "tick"}),
    ],
)
def test_a_look_fails_by_its_name(
    settings: Mapping[str, str], key: str, failing: set[str], keyed: LocalHost, start_footman: StartFootman
) -> None:
    url = start_footman(settings, key=KEY).url if settings else keyed.url

    code, outcomes, told = smoke(url, key=key)

    assert code == 1
    assert {name for name, outcome in outcomes.items() if outcome == "FAILED"} - {"tick"} == failing - {"tick"}, told
    assert "Traceback" not in told


@pytest.mark.usefixtures("broken")
def test_sense_that_fails_is_told_by_health_and_the_dry_start(start_footman: StartFootman) -> None:
    # One that nobody has asked: what health answered is good for seconds.
    code, outcomes, told = smoke(start_footman({}, key=KEY).url)

    assert code == 1
    assert (outcomes["health"], outcomes["dry start"], outcomes["open door"]) == ("FAILED", "FAILED", "ok"), told


def test_where_nobody_answers_every_look_fails_in_a_sentence() -> None:
    code, outcomes, told = smoke("http://127.0.0.1:9")

    assert (code, outcomes) == (1, dict.fromkeys(LOOKS, "FAILED"))
    assert "Traceback" not in told


def test_the_workflow_tests_looks_deploys_and_sees_it_work() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]
    commands = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}

    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    assert "python3 dev.py test" in commands["test"]
    assert (jobs["what-if"]["needs"], jobs["deploy"]["needs"]) == ("test", "what-if")
    assert "azd provision --preview --no-prompt" in commands["what-if"]
    assert commands["deploy"][-3:-1] == ["azd provision --no-prompt", "azd deploy --no-prompt"]
    assert commands["deploy"][-1].startswith("python3 dev.py smoke --url")


def test_azd_finds_the_files_and_the_app() -> None:
    project = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    [(service, how)] = project["services"].items()

    assert (how["host"], how["language"], how["project"]) == ("function", "python", ".")
    assert (ROOT / project["infra"]["path"] / f"{project['infra']['module']}.bicep").is_file()
    assert f"'azd-service-name': '{service}'" in (ROOT / "infra" / "app.bicep").read_text(encoding="utf-8")
