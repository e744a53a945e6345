import pytest

from tests.sandbox.gate import NO_BROWSER, NO_WORKER, Result, not_run, told


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
