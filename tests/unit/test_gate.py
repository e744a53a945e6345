import time
from collections.abc import Callable

import pytest

from tests.gate import FULL, NO_BROWSER, NO_WORKER, Result, in_turn, not_run, told


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
