"""How long importing function_app takes, compared with the libraries that it needs at start."""

import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
# "import pydantic" alone loads almost nothing: it imports each name on first use.
NEEDED = "import azure.functions, requests; from pydantic import BaseModel, SecretStr, TypeAdapter"
OURS = "import function_app"
LATER = ("croniter", "azure.identity", "azure.data.tables", "tzdata", "shared.core.cron", "shared.core.schedules")
LIMIT = 1.3
RUNS = 21


def main() -> int:
    """Time each import in fresh interpreters, in turn."""
    times: dict[str, list[float]] = {NEEDED: [], OURS: []}
    for _ in range(RUNS):
        for code, list_ in times.items():
            list_.append(_seconds(code))
    needed, ours = (median(list_) for list_ in times.values())
    ratio = median(one / other for one, other in zip(times[OURS], times[NEEDED], strict=True))
    print(f"medians of {RUNS} pairs of fresh interpreters\n")
    print(f"{NEEDED:87} {needed * 1000:6.0f} ms")
    print(f"{OURS:87} {ours * 1000:6.0f} ms   ratio {ratio:.2f}, limit {LIMIT}")
    loaded = _output(f"{OURS}; import sys; print(*[name for name in {LATER} if name in sys.modules])").strip()
    print(f"loaded at start though not needed: {loaded or 'none'}")
    return 1 if ratio > LIMIT or loaded else 0


def _seconds(code: str) -> float:
    """Return how long the code takes in a fresh interpreter, by its own clock, without starting the interpreter."""
    timed = f"import time; begun = time.perf_counter(); exec({code!r}); print(time.perf_counter() - begun)"
    return float(_output(timed))


def _output(code: str) -> str:
    return subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
