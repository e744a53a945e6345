import pytest

from tests.sandbox.gate import Result, told, without_worker


@pytest.mark.parametrize(
    ("ci", "outcome", "code"), [("true", "FAILED", 1), ("", "NOT RUN", 0), ("false", "NOT RUN", 0)]
)
def test_a_missing_worker_can_not_be_missed(
    ci: str, outcome: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    result = without_worker(ci)

    assert result.outcome == outcome
    assert told([Result(step="unit", outcome="ok", seconds=1), result]) == code
    said = capsys.readouterr().out
    assert "!!! NOT TESTED: the real Azure Functions worker." in said
    assert "All is well" not in said
