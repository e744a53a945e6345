"""Run every check: python3 dev.py test [STEP ...]."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from sandbox.environment import (
    ROOT,
    SetupFailed,
    azurite,
    checkov,
    deployed_packages,
    python_packages,
    worker_python,
)
from tests.browser import browser
from tests.compiled import compiled_kept, forget_compiled_copies
from tests.package import show

# Most of a test's time is waiting; a file stays together, for its tests share a host. In the order of names: by the
# number of their tests, the file that takes longest would come last, for it has one.
TOGETHER = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
# These measure seconds, so nothing else may run beside them.
RUN = "tests/integration/test_run.py"
ALONE = (
    f"{RUN}::test_ctrl_c_lets_a_running_request_have_its_answer",
    f"{RUN}::test_a_host_that_dies_serves_again_within_two_seconds",
    "tests/timing/test_tick_faults.py",
)
# These wait for storage that does not answer, up to three minutes, and compute little: beside all that computes.
WAITING = tuple(f"tests/integration/test_{name}.py" for name in ("storage_hiccups", "lost_answers", "tick_hiccups"))
AT_ONCE = ("-n", str(len(WAITING)), "--dist", "loadfile")
# On every core where nothing runs beside: each process reads all tests first.
SPREAD = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")
BESIDE = "hiccups"
# These take the whole machine, and come after the others; the last one alone.
FULL = ("integration", "timing")
AT_A_TIME = 2
# These need nothing but Python's packages, and begin while the rest is installed.
WITHOUT_STORAGE = frozenset({"format", "lint", "types", "arrows", "unit"})
NO_WORKER = """
!!! NOT TESTED: the real Azure Functions worker.
!!! It needs Python 3.13 or newer, and none was found on PATH, with the py launcher or among pyenv's.
!!! Install one (for instance: pyenv install 3.13) and run this again.
"""
NO_BROWSER = """
!!! NOT TESTED: the page at /documentation.
!!! Its tests drive Chromium, Chrome or Edge, and none was found.
!!! Install one (on Debian and Ubuntu: apt install chromium) and run this again.
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one step went."""

    step: str
    outcome: str
    seconds: float


def main() -> int:
    commands = _commands(Path(sys.executable))
    steps: dict[str, Callable[[], Result]] = {name: partial(_result, name, line) for name, line in commands.items()}
    steps |= PARTLY
    names = [*steps]
    parser = argparse.ArgumentParser(prog="dev.py test", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(names))
    wanted = parser.parse_args().steps or usual(names, worker_python())
    if unknown := set(wanted) - {*names}:
        parser.error(f"there is no step {', '.join(sorted(unknown))}: choose from {', '.join(names)}")
    if [*wanted] == ["unit"]:
        steps["unit"] = partial(_result, "unit", [*commands["unit"], *SPREAD])
    forget_compiled_copies()
    try:
        results = in_turn({step: run for step, run in steps.items() if step in wanted}, set_up(wanted))
    except SetupFailed as failed:
        print(f"\n{failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded.", file=sys.stderr)
        return 130
    return told(results)


def usual(steps: Sequence[str], worker: Sequence[str] | None) -> list[str]:
    """Return the steps of a whole run: without `unit` where `coverage` has the same tests on the same Python."""
    return [step for step in steps if step != "unit" or is_another(worker)]


def is_another(worker: Sequence[str] | None) -> bool:
    """Return whether the Python for the worker is there, and not the one that runs this."""
    return worker is not None and [*worker] != [sys.executable]


def set_up(wanted: Sequence[str]) -> dict[str, Callable[[], object]]:
    """Return what has to be installed for the steps, by what it is; raises SetupFailed when it is called."""
    parts: dict[str, Callable[[], object]] = {}
    if set(wanted) - WITHOUT_STORAGE - {"coverage"}:
        parts["azurite"] = partial(azurite, Path(sys.executable))
    if "infra" in wanted:
        parts["checkov"] = checkov
    if {"coverage", "worker"} & {*wanted} and (found := worker_python()):
        parts["worker"] = partial(python_packages, found)
        if "worker" in wanted:
            parts["deployed"] = partial(deployed_packages, found)
    return parts


def in_turn(
    steps: Mapping[str, Callable[[], Result]], set_up: Mapping[str, Callable[[], object]] = MappingProxyType({})
) -> list[Result]:
    """Run the steps and return how each went, in their order.

    Two at a time, but for the one that waits, which runs beside all, and those that take the whole machine: they come
    after the others, the last one when nothing else runs any more. Meanwhile what they need is installed, on which
    only the steps wait that need anything.
    """
    pool, beside = ThreadPoolExecutor(AT_A_TIME), ThreadPoolExecutor(AT_A_TIME + 1)
    try:
        parts = [beside.submit(install) for install in set_up.values()]

        def ready(step: str) -> Result:
            for part in [] if step in WITHOUT_STORAGE else parts:
                part.result()
            return steps[step]()

        computing = {step: pool.submit(ready, step) for step in steps if step not in {*FULL, BESIDE}}
        waiting = {step: beside.submit(ready, step) for step in steps if step == BESIDE}
        done = _ended(computing)
        for step in (step for step in FULL if step in steps):
            if step == FULL[-1]:
                done |= _ended(waiting)
            done[step] = ready(step)
        done |= _ended(waiting)
    finally:
        for each in (pool, beside):
            each.shutdown(cancel_futures=True)  # after Ctrl-C none begins
    return [done[step] for step in steps]


def _ended(begun: Mapping[str, Future[Result]]) -> dict[str, Result]:
    """Wait until all have ended."""
    return {step: future.result() for step, future in begun.items()}


def _commands(python: Path) -> dict[str, list[str]]:
    def module(name: str, *arguments: str) -> list[str]:
        return [str(python), "-m", name, *arguments]

    return {
        "format": module("ruff", "format", "--check", "."),
        "lint": module("ruff", "check", "."),
        "types": module("mypy"),
        "arrows": module("pytest", "-q", "tests/unit/test_arrows.py"),
        "unit": module("pytest", "-q", "tests/unit", "--ignore=tests/unit/test_arrows.py"),
        "contract": module("pytest", "-q", "tests/contract"),
        "infra": module("pytest", "-q", "tests/infra"),
        BESIDE: module("pytest", "-q", *WAITING, *AT_ONCE),
        "integration": module(
            "pytest", "-q", "tests/integration", *TOGETHER, *(f"--deselect={one}" for one in (*ALONE, *WAITING))
        ),
        "timing": module("pytest", "-q", *ALONE, "--durations=5"),
    }


def _result(step: str, command: Sequence[str]) -> Result:
    """Run a step; what it says comes at once where it runs alone, else whole at its end."""
    begun, environment = time.monotonic(), compiled_kept(os.environ)
    print(f"\n== {step}" if step in FULL else f"{step} ...", flush=True)
    if step in FULL:
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    else:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        code = done.returncode
        print(f"\n== {step}\n{done.stdout.decode(errors='replace')}", end="", flush=True)
    return Result(step=step, outcome="FAILED" if code else "ok", seconds=time.monotonic() - begun)


def _page() -> Result:
    """Use the page at /documentation in a browser."""
    if browser() is None:
        return not_run("page", NO_BROWSER, os.environ.get("CI", ""))
    return _result("page", [sys.executable, "-m", "pytest", "-q", "tests/page"])


def _coverage() -> Result:
    """Run the unit tests on the worker's Python, or on this one where there is none, and tell what no test reaches.

    Tracing doubles their time, so it is done once, where they run a second time anyway.
    """
    found = worker_python()
    python = python_packages(found) if found else Path(sys.executable)
    once_is_enough = "test_cron_properties.py" if is_another(found) else "test_arrows.py"
    options = ["-q", "tests/unit", f"--ignore=tests/unit/{once_is_enough}", "--cov", "-p", "no:cacheprovider"]
    return _result("coverage", [str(python), "-m", "pytest", *options])


def _worker() -> Result:
    """Run the app in the real worker library."""
    found = worker_python()
    if found is None:
        return not_run("worker", NO_WORKER, os.environ.get("CI", ""))
    python = python_packages(found)
    show(Path(deployed_packages(found)))
    return _result("worker", [str(python), "-m", "pytest", "-q", "tests/worker", "-p", "no:cacheprovider"])


# What is run by another Python, or by a program, that not every machine has.
PARTLY: Mapping[str, Callable[[], Result]] = {"coverage": _coverage, "page": _page, "worker": _worker}


def not_run(step: str, why: str, ci: str) -> Result:
    """Say in a way that can't be missed what was not tested; where `CI` is "true" that is a failure."""
    print(why, flush=True)
    return Result(step=step, outcome="FAILED" if ci == "true" else "NOT RUN", seconds=0)


def told(results: Sequence[Result]) -> int:
    print("\n" + "\n".join(f"{result.step:12} {result.outcome:8} {result.seconds:6.1f} s" for result in results))
    failed = [result.step for result in results if result.outcome == "FAILED"]
    skipped = [result.step for result in results if result.outcome == "NOT RUN"]
    verdict = (
        f"FAILED: {', '.join(failed)}" if failed else f"NOT RUN: {', '.join(skipped)}" if skipped else "All is well."
    )
    print(f"\n{verdict}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
