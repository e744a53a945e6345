"""Send raw bytes that mean harm to every endpoint: python3 dev.py hostile [--requests 20000] [--seed N]."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from trials.hostile import report
from trials.hostile.attempts import drawn
from trials.hostile.trial import Target, Trial, open_target
from trials.say import say

USUAL_REQUESTS = 20_000
BATCH = 1000
# Zones and rules are cached once read; a real leak would go on growing.
GROWTH_ALLOWED = 1.25


def main() -> int:
    """Run the trial, or repeat a finding, and return the exit code."""
    parser = argparse.ArgumentParser(prog="dev.py hostile", description=__doc__)
    parser.add_argument("--requests", type=int, default=USUAL_REQUESTS)
    parser.add_argument("--seed", type=int, default=1, help="another one draws other requests")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="send the request of a finding again, alone")
    options = parser.parse_args()
    with open_target() as target:
        return _repeat(target, options.repeat) if options.repeat else _try(target, options.requests, options.seed)


def _try(target: Target, count: int, seed: int) -> int:
    say(f"hostile: {count:,} requests, seed {seed}")
    trial, begun = Trial(target), time.monotonic()
    memory = {"start": target.memory()}
    while trial.sent < count:
        trial.send(drawn(min(BATCH, count - trial.sent), seed + trial.sent))
        if "quarter" not in memory and trial.sent >= count / 4:
            memory["quarter"] = target.memory()
        held = f", {target.memory() or 0:.0f} MB"
        say(f"  {trial.sent:,} sent, {len(trial.findings)} findings, {time.monotonic() - begun:.0f} s{held}")
    memory["end"] = target.memory()
    report.table(trial.tallies)
    sizes = ", ".join(f"{when} {size:.0f} MB" for when, size in memory.items() if size)
    say(f"memory of the host: {sizes or 'not told by this system'}")
    return report.verdict(trial.findings, [*_growth(memory), *_crashes(target)])


def _growth(memory: Mapping[str, float | None]) -> list[str]:
    quarter, end = memory["quarter"], memory["end"]
    if quarter and end and end > quarter * GROWTH_ALLOWED:
        return [f"memory grew from {quarter:.0f} MB after a quarter to {end:.0f} MB"]
    return []


def _crashes(target: Target) -> list[str]:
    crashes = target.crashes()
    return [f"the host logged {crashes} tracebacks"] if crashes else []


def _repeat(target: Target, file: Path) -> int:
    received = target.ask_raw(file.read_bytes())
    say(
        f"{received.status} {received.content_type} after {received.seconds:.2f} s\n"
        f"{received.body.decode(errors='replace')}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
