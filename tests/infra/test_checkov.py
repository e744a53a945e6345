"""What a stranger's checker finds in infra/: nothing that is not skipped there with its reason."""

import json
import subprocess
from typing import Any

import pytest

from sandbox.environment import ROOT, checkov
from tests.infra.bicep import INFRA, files


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    where = ["--directory", str(INFRA), "--framework", "bicep"]
    done = subprocess.run(
        [checkov(), *where, "--skip-download", "--output", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_it_could_read_every_file(found: dict[str, Any]) -> None:
    assert found["summary"]["parsing_errors"] == 0
    assert found["results"]["parsing_errors"] == []
    declared = sum(1 for file in files() for _ in file.nodes("resource_declaration"))
    assert found["summary"]["resource_count"] >= declared > 30


def test_it_finds_nothing(found: dict[str, Any]) -> None:
    assert [(one["check_id"], one["resource"]) for one in found["results"]["failed_checks"]] == []
    assert found["summary"]["passed"] > 30


def test_what_is_skipped_has_a_reason(found: dict[str, Any]) -> None:
    skipped = found["results"]["skipped_checks"]

    assert skipped
    reasons = {one["check_id"]: one["check_result"]["suppress_comment"] for one in skipped}
    assert [check for check, reason in reasons.items() if len(reason or "") < 10] == []


def test_no_skip_is_left_over(found: dict[str, Any]) -> None:
    used = {one["check_id"] for one in found["results"]["skipped_checks"]}
    written = {
        line.split("skip=")[1].split(":")[0] for file in files() for line in file.source.splitlines() if "skip=" in line
    }

    assert written - used == set()
