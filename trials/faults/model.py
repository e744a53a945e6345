"""Many lives of schedules on the real store and the real tick, each compared with a model of twenty lines."""

import os
import subprocess
import sys

from sandbox.environment import ROOT
from trials.faults.report import Trial
from trials.say import say

LIVES = 500


def main(rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    lives = rounds or LIVES
    say(
        f"model: {lives} lives of up to 15 steps: create, edit, stop, start, delete, also while starts are "
        "under way; wait, tick, crash and recover, a host behind, new rules of a zone"
    )
    command = [sys.executable, "-m", "pytest", "-q", "tests/integration/test_model.py"]
    code = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"FOOTMAN_MODEL_RUNS": str(lives)}, check=False
    ).returncode
    problems = ["a life differs from the model: the lines above tell it"] if code else []
    done = (
        f"{lives} lives of edits and stops while starts are under way, ticks that die, hosts behind, zones with new "
        "rules, against a model of 20 lines"
    )
    return [Trial(fault="any of these", done=done, found=None, problems=problems)]
