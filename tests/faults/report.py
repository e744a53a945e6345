"""What the trials say while they run, and their verdict."""

from collections.abc import Sequence

from tests.faults.accounting import Audit

MOST_TOLD = 10


def say(text: str) -> None:
    print(text, flush=True)


def verdict(name: str, rounds: int, found: Audit, *, doubled_at_most: int = 0, problems: Sequence[str] = ()) -> int:
    """Say what a trial came to, as a table, and return the exit code: 1 when a limit is broken."""
    head = ["rounds", "starts", "overtaken", "taken over", "lost", "doubled", "latest"]
    row = [rounds, found.started, found.overtaken, found.taken_over, found.lost, found.doubled]
    cells = [*map(str, row), f"{found.latest:.2f} s"]
    say(f"\n{name:14}" + "".join(f"{cell:>12}" for cell in head))
    say(f"{'':14}" + "".join(f"{cell:>12}" for cell in cells))
    wrong = [*problems, *found.wrong]
    if found.lost:
        wrong.append(f"{found.lost} occurrences were neither started nor overtaken")
    if found.doubled > doubled_at_most:
        wrong.append(f"{found.doubled} starts were doubled, {doubled_at_most} are allowed")
    for line in wrong[:MOST_TOLD]:
        say(f"  WRONG: {line}")
    if len(wrong) > MOST_TOLD:
        say(f"  WRONG: and {len(wrong) - MOST_TOLD} more")
    say(f"{name}: {'FAILED' if wrong else 'holds'}")
    return 1 if wrong else 0
