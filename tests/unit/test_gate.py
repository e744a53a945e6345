import sys
import time
from collections.abc import Callable
from functools import partial
from threading import Event

import pytest

from sandbox.environment import SetupFailed
from tests.compiled import COMPILED, compiled_kept
from tests.gate import BESIDE, FULL, NO_BROWSER, NO_WORKER, Result, in_turn, not_run, told, usual


@pytest.mark.parametrize(
    ("step", "why", "what"),
    [("worker", NO_WORKER, "the real Azure Functions worker"), ("page", NO_BROWSER, "the page at /documentation")],
)
@pytest.mark.parametrize(
    ("ci", "outcome", "code"), [("true", "FAILED", 1), ("", "NOT RUN", 0), ("false", "NOT RUN", 0)]
)
def test_what_could_not_be_run_can_not_be_missed(
    ci: str, outcome: str, code: int, step: str, why: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = not_run(step, why, ci)

    assert result.outcome == outcome
    assert told([Result(step="unit", outcome="ok", seconds=1), result]) == code
    said = capsys.readouterr().out
    assert f"!!! NOT TESTED: {what}." in said
    assert "All is well" not in said


def test_what_takes_the_whole_machine_comes_after_all_else() -> None:
    ended: list[str] = []

    def ending(step: str) -> Callable[[], Result]:
        def run() -> Result:
            time.sleep(0 if step in FULL else 0.05)
            ended.append(step)
            return Result(step=step, outcome="ok", seconds=0)

        return run

    steps = ["unit", *FULL, "page", "worker"]
    results = in_turn({step: ending(step) for step in steps})

    assert [result.step for result in results] == steps
    assert (sorted(ended[:3]), ended[3:]) == (["page", "unit", "worker"], [*FULL])


def test_what_waits_is_beside_all_but_the_last_which_is_alone() -> None:
    running: set[str] = set()
    seen: dict[str, set[str]] = {}
    others_began = Event()

    def noting(step: str) -> Callable[[], Result]:
        def run() -> Result:
            running.add(step)
            seen[step] = set(running)
            if step == FULL[0]:
                others_began.set()
            if step == BESIDE:
                assert others_began.wait(10)
            running.remove(step)
            return Result(step=step, outcome="ok", seconds=0)

        return run

    steps = ["unit", BESIDE, *FULL]
    results = in_turn({step: noting(step) for step in steps})

    assert [result.step for result in results] == steps
    assert BESIDE in seen[FULL[0]]
    assert seen[FULL[-1]] == {FULL[-1]}


def test_what_needs_nothing_begins_while_the_rest_is_installed() -> None:
    has_begun = Event()

    def of(step: str) -> Callable[[], Result]:
        def run() -> Result:
            if step == "unit":
                has_begun.set()
            return Result(step=step, outcome="ok" if has_begun.is_set() else "FAILED", seconds=0)

        return run

    steps = {step: of(step) for step in ("unit", "contract", BESIDE, "timing")}
    results = in_turn(steps, {"storage": partial(has_begun.wait, 10)})

    assert [(result.step, result.outcome) for result in results] == [(step, "ok") for step in steps]


def test_what_can_not_be_installed_ends_it_and_nothing_that_needs_it_runs() -> None:
    ran: list[str] = []

    def refuse() -> None:
        raise SetupFailed("no registry")

    def of(step: str) -> Callable[[], Result]:
        def run() -> Result:
            ran.append(step)
            return Result(step=step, outcome="ok", seconds=0)

        return run

    with pytest.raises(SetupFailed, match="no registry"):
        in_turn({step: of(step) for step in ("unit", "contract", BESIDE, *FULL)}, {"storage": refuse})

    assert ran == ["unit"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"PYTHONDONTWRITEBYTECODE": "", "A": "b"}, {"PYTHONDONTWRITEBYTECODE": "", "A": "b"}),
        ({"PYTHONDONTWRITEBYTECODE": "1"}, {"PYTHONPYCACHEPREFIX": str(COMPILED)}),
        ({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/else"}, {"PYTHONPYCACHEPREFIX": "/else"}),
    ],
)
def test_what_python_compiles_is_kept_and_never_beside_the_sources_of_somebody_who_forbids_it(
    before: dict[str, str], after: dict[str, str]
) -> None:
    assert compiled_kept(before) == after


@pytest.mark.parametrize(
    ("worker", "runs_unit"), [(None, False), ([sys.executable], False), (["py", "-3.13"], True)], ids=str
)
def test_a_whole_run_has_the_unit_tests_once_for_each_python_and_always_their_coverage(
    worker: list[str] | None, *, runs_unit: bool
) -> None:
    steps = usual(["lint", "unit", "coverage", "worker"], worker)

    assert steps == ["lint", *(["unit"] if runs_unit else []), "coverage", "worker"]
