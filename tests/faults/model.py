"""Many lives of schedules on the real store and the real tick, each held to a model of twenty lines."""

import os
import subprocess
import sys

from tests.sandbox.environment import ROOT

LIVES = 500


def main(rounds: int | None) -> int:
    lives = rounds or LIVES
    print(f"model: {lives} lives of up to 15 steps: create, edit, stop, start, delete, wait, tick, crash and recover")
    command = [sys.executable, "-m", "pytest", "-q", "tests/integration/test_model.py"]
    code = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"FOOTMAN_MODEL_RUNS": str(lives)}, check=False
    ).returncode
    print(f"model: {'differs' if code else 'holds'}")
    return code
