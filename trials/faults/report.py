"""The results of trials as one table, a row each."""

from collections.abc import Sequence
from dataclasses import dataclass

from trials.faults.accounting import Audit
from trials.say import say

MOST_SHOWN = 10
HEADS = ("fault", "what was done", "starts", "overtaken", "taken over", "lost", "doubled", "latest", "")
UNCOUNTED = ("", "", "", "0", "0", "")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A fault, what was done, and the audit, None without one; `problems` are those that an audit can't show."""

    fault: str
    done: str
    found: Audit | None
    doubled_at_most: int = 0
    problems: Sequence[str] = ()

    @property
    def wrong(self) -> list[str]:
        """Return each promise that was broken."""
        found = self.found or Audit()
        wrong = [*self.problems, *found.wrong]
        if found.lost:
            wrong.append(f"{found.lost} occurrences were neither started nor overtaken")
        if found.doubled > self.doubled_at_most:
            wrong.append(f"{found.doubled} starts were doubled, {self.doubled_at_most} are allowed")
        return wrong


def verdict(trials: Sequence[Trial]) -> int:
    """Print the results as a Markdown table, and return the exit code: 1 if a promise is broken."""
    say("\n" + "\n".join(table(trials)))
    for trial in trials:
        for line in trial.wrong[:MOST_SHOWN]:
            say(f"{trial.fault}: WRONG: {line}")
        if len(trial.wrong) > MOST_SHOWN:
            say(f"{trial.fault}: WRONG: and {len(trial.wrong) - MOST_SHOWN} more")
    failed = sum(bool(trial.wrong) for trial in trials)
    say(f"\n{failed} of {len(trials)} trials FAILED" if failed else f"\nAll {len(trials)} hold")
    return 1 if failed else 0


def table(trials: Sequence[Trial]) -> list[str]:
    """Return the lines of the table."""
    rows = [HEADS, tuple("---" for _ in HEADS), *map(_row, trials)]
    return [f"| {' | '.join(row)} |" for row in rows]


def _row(trial: Trial) -> tuple[str, ...]:
    return trial.fault, trial.done, *_figures(trial.found), "FAILED" if trial.wrong else "holds"


def _figures(found: Audit | None) -> Sequence[str]:
    if found is None:
        return UNCOUNTED
    counts = (found.started, found.overtaken, found.taken_over, found.lost, found.doubled)
    return *(f"{count:,}" for count in counts), f"{found.latest:.1f} s"
