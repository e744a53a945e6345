"""Files of tests stand alone: what one leaves in storage, in Sense and running is not there for the next."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

# Each expects all as new, and leaves all it can.
FILE = """
from datetime import UTC, datetime
from pathlib import Path

from tests.conftest import APP1, move_entry

SEEN = Path(__file__).with_name("seen.txt")


def test_all_is_as_new_and_is_left_in_disorder(schedules, stand_in, footman, http, azurite, kept_table):
    seen = SEEN.read_text().splitlines() if SEEN.exists() else []
    assert schedules.rows == {}
    assert stand_in.starts() == stand_in.log() == []
    assert len(stand_in.ask("GET", "/task/full").json()) == 20
    assert azurite.connection not in seen
    assert footman.url not in seen
    for pid in (line for line in seen if line.isdigit()):
        assert not Path("/proc", pid).exists()

    made = schedules.made(cronSchedule="* * * * *")
    move_entry(kept_table, made["id"], datetime.now(UTC).replace(second=0))
    stand_in.tasks([{"id": APP1, "name": "left"}])
    stand_in.settings(latencyMs=300)
    http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", timeout=10)
    http.post(f"{footman.url}/admin/functions/tick", json={}, timeout=10)
    stand_in.fault("status", status=500)
    SEEN.write_text("\\n".join([*seen, azurite.connection, footman.url, str(footman.pid)]))
"""


def test_a_file_finds_nothing_of_the_one_before_it(tmp_path: Path) -> None:
    files = [tmp_path / f"test_{name}.py" for name in ("first", "second")]
    for file in files:
        file.write_text(FILE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml")]

    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--rootdir", str(tmp_path), *map(str, files)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in done.stdout, done.stdout[-3000:] + done.stderr[-1000:]
