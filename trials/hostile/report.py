"""The report at the end of the trial: a table of answers, and each finding with how to repeat it."""

from collections.abc import Mapping, Sequence
from itertools import chain

from sandbox.environment import LOCAL, ROOT
from trials.hostile.trial import Finding, Tally
from trials.say import say

FOLDER = LOCAL / "hostile"
MOST_SHOWN = 20
# By hundreds of the status; 0 is no answer.
CLASSES = (2, 3, 4, 5, 0)


def table(tallies: Mapping[str, Tally]) -> None:
    """Print how often each endpoint gave which answer, and how long it took."""
    heads = ["requests", "2xx", "3xx", "4xx", "5xx", "none", "> 1 s", "p50 ms", "p99 ms", "max ms"]
    say(f"\n{'':26}" + "".join(f"{head:>10}" for head in heads))
    for name in sorted(tallies):
        say(_row(name, tallies[name]))
    say(_row("all", _together(list(tallies.values()))))


def verdict(findings: Sequence[Finding], problems: Sequence[str]) -> int:
    """Print the findings and return the exit code: 1 if there are any."""
    for problem in problems:
        say(f"  WRONG: {problem}")
    for number, finding in enumerate(findings, 1):
        _save(number, finding)
        if number <= MOST_SHOWN:
            _print_finding(number, finding)
    if len(findings) > MOST_SHOWN:
        say(f"  WRONG: and {len(findings) - MOST_SHOWN} more, in {_folder_shown()}")
    say(f"hostile: {'FAILED' if findings or problems else 'holds'}")
    return 1 if findings or problems else 0


def _together(tallies: Sequence[Tally]) -> Tally:
    answers = {kind: sum(tally.answers.get(kind, 0) for tally in tallies) for kind in CLASSES}
    seconds = list(chain.from_iterable(tally.seconds for tally in tallies))
    return Tally(answers=answers, seconds=seconds, slow_once=sum(tally.slow_once for tally in tallies))


def _row(name: str, tally: Tally) -> str:
    seconds = sorted(tally.seconds)
    times = [seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100], seconds[-1]]
    counts = [len(seconds), *(tally.answers.get(kind, 0) for kind in CLASSES), tally.slow_once]
    cells = [*(f"{count:,}" for count in counts), *(f"{time * 1000:.0f}" for time in times)]
    return f"{name:26}" + "".join(f"{cell:>10}" for cell in cells)


def _folder_shown() -> str:
    return FOLDER.relative_to(ROOT).as_posix()


def _save(number: int, finding: Finding) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{number}.http").write_bytes(finding.attempt.sent("127.0.0.1"))


def _print_finding(number: int, finding: Finding) -> None:
    attempt = finding.attempt
    say(f"  WRONG: {finding.problem}")
    say(f"    {attempt.method} {attempt.target[:300]} {dict(attempt.headers) or ''} {attempt.body[:300]!r}")
    say(f"    {finding.answer[:300]!r}")
    say(f"    again: python3 dev.py hostile --repeat {_folder_shown()}/{number}.http")
