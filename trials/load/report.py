"""The tables and the verdict at the end of a part."""

from collections import defaultdict
from collections.abc import Sequence

from trials.callers import Called, latencies
from trials.load.footprint import Footprint, Trail
from trials.load.load import Load
from trials.say import say
from trials.site import CONNECTIONS

MOST_GROWTH = 0.10
MOST_SHOWN = 10


def verdict(name: str, load: Load, connections: int, problems: Sequence[str]) -> int:
    """Print the results of a part, and return the exit code: 1 if a promise is broken."""
    wrong = [*problems, *_calls(name, load), *_held(load.trail), *_connections(connections)]
    for line in wrong[:MOST_SHOWN]:
        say(f"  WRONG: {line}")
    if len(wrong) > MOST_SHOWN:
        say(f"  WRONG: and {len(wrong) - MOST_SHOWN} more")
    say(f"{name}: {'FAILED' if wrong else 'holds'}")
    return 1 if wrong else 0


def _calls(name: str, load: Load) -> list[str]:
    """Print a row for each kind of call, and return what was wrong."""
    kinds: dict[str, list[Called]] = defaultdict(list)
    for each in load.called:
        kinds[each.kind].append(each)
    heads = ("calls", "a second", "p50 ms", "p95 ms", "p99 ms", "longest", "errors")
    say(f"\n{name:16}" + "".join(f"{head:>10}" for head in heads))
    for kind, called in kinds.items():
        _row(kind, called, load.seconds)
    if len(kinds) > 1:
        _row("all", load.called, load.seconds)
    return [each.problem for each in load.called if each.problem]


def _row(kind: str, called: Sequence[Called], seconds: float) -> None:
    found = latencies(called)
    times = "".join(f"{one * 1000:10.0f}" for one in (found.p50, found.p95, found.p99, found.longest))
    say(f"{kind:16}{found.count:10,}{found.count / seconds:10.1f}{times}{found.errors:10}")


def _held(trail: Trail | None) -> list[str]:
    """Print what the host held, and return what grew."""
    if trail is None:
        say("\nMemory and open files are told on Linux alone.")
        return []
    start, quarter, end = trail.start, trail.first_quarter, trail.end
    heads = ("start", "quarter", "end", "growth", "limit", "peak")
    say(f"\n{'the host':16}" + "".join(f"{head:>10}" for head in heads))
    growth = end.mib / quarter.mib - 1
    limits = f"{growth:+10.1%}{MOST_GROWTH:10.0%}"
    say(f"{'memory MiB':16}{start.mib:10.1f}{quarter.mib:10.1f}{end.mib:10.1f}{limits}{end.peak_mib:10.1f}")
    most = max(step.files for step in trail.steps)
    say(f"{'open files':16}{start.files:10}{quarter.files:10}{end.files:10}{'':20}{most:10}")
    return _grown(quarter, end)


def _grown(quarter: Footprint, end: Footprint) -> list[str]:
    wrong = []
    if end.mib > quarter.mib * (1 + MOST_GROWTH):
        wrong.append(f"memory grew from {quarter.mib:.1f} to {end.mib:.1f} MiB after the first quarter")
    # The callers' connections exist from the first call on; those to Sense and storage are limited.
    if end.files > quarter.files * (1 + MOST_GROWTH) + CONNECTIONS:
        wrong.append(f"open files grew from {quarter.files} to {end.files} after the first quarter")
    return wrong


def _connections(most: int) -> list[str]:
    say(f"{'connections':16}at most {most} to QRS at a time, {CONNECTIONS} are allowed\n")
    if most > CONNECTIONS:
        return [f"{most} connections to QRS were open at a time, {CONNECTIONS} are allowed"]
    return []
