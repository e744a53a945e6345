"""A stranger's tool walks through the contract, sends what it allows and what it doesn't, and finds nothing."""

import os
import subprocess
import sys
from pathlib import Path

import requests

from tests.conftest import ROOT, StartFootman

HERE = Path(__file__).parent
KEY = "a key that only tests know"
REQUESTS = 2_000
WALK = (
    *("--config-file", str(HERE / "contract_walk" / "schemathesis.toml"), "run"),
    *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "80"),
    *("--header", f"x-functions-key: {KEY}", "--no-color"),
)


def test_schemathesis_finds_nothing_in_2000_requests(
    start_footman: StartFootman, http: requests.Session, tmp_path: Path
) -> None:
    footman = start_footman({}, key=KEY)
    http.post(f"{footman.url}/admin/functions/tick", json={}, headers={"x-functions-key": KEY}, timeout=30)
    command = Path(sys.executable).parent / ("schemathesis.exe" if os.name == "nt" else "schemathesis")
    hooks = {"SCHEMATHESIS_HOOKS": "tests.integration.contract_walk.formats", "PYTHONPATH": str(ROOT)}

    walk = subprocess.run(
        [command, *WALK, f"{footman.url}/v4/openapi.json"],
        cwd=tmp_path,
        env=os.environ | hooks,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert walk.returncode == 0, walk.stdout[-8000:] + walk.stderr[-2000:]
    assert footman.stderr_text().count(" host: Executing ") >= REQUESTS
