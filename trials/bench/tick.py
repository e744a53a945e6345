"""How late a tick starts what is due, and what a tick costs that finds nothing due."""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import median

from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from trials.bench.tick_parts import Fired, bare_starts, due_at, fire
from trials.site import CONNECTIONS, LATENCY_MS, Site, start_site, tasks

AT_ONCE, IN_A_MINUTE = 1_000, 10_000
SIZES = (100, 10_000, 100_000)
STORED_AT_ONCE = 10_000
RUNS, IDLE_RUNS = 3, 15
LIMIT, LIMIT_SECONDS, IDLE_LIMIT = 1.6, 60, 1.5
BUSY = 1.3


def main(arguments: Sequence[str]) -> int:
    """Measure the chosen parts and return the exit code."""
    options = _options(arguments)
    print(f"Stand-in at {LATENCY_MS} ms, {CONNECTIONS} connections; storage, stand-in and Footman share the machine.")
    are_kept = [part(options.sizes) for name, part in PARTS.items() if name in (options.parts or PARTS)]
    return 0 if all(are_kept) else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py bench tick", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="a|b|c", help="which parts, all by default")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="how many schedules are stored in c")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there are the parts {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    return options


def _all_at_once(_sizes: Sequence[int]) -> bool:
    floor = AT_ONCE * LATENCY_MS / 1000 / CONNECTIONS
    print(f"\n(a) {AT_ONCE:,} schedules due in the same second: when the last start reached Sense; medians of {RUNS}\n")
    print(f"{f'floor {floor:.2f} s':28} {'median':>7} {'ratio':>6} {'limit':>6}  {'each':20} {'moved':>7} {'wrong':>6}")
    bare: list[float] = []
    ahead: list[Fired] = []
    on_time: list[Fired] = []
    with start_site() as site:
        site.sense.tasks(tasks(AT_ONCE))
        at_first = _memory(site)
        for _ in range(RUNS):
            bare.append(bare_starts(site.sense, AT_ONCE))
            ahead.append(fire(site, AT_ONCE, _soon(), ahead=2))
            on_time.append(fire(site, AT_ONCE, _soon(), ahead=0))
        _print_row("bare starts, 16 threads", bare, floor)
        _print_row("tick begun 2 s before", [each.last for each in ahead], floor, LIMIT, ahead)
        _print_row("tick begun at the second", [each.last for each in on_time], floor, None, on_time)
        print(_peak(site, at_first))
    if median(bare) > BUSY * floor:
        print("The machine is busy with other things, or slow: bare starts alone should take 1.2 x the floor.")
    is_fast = median(each.last for each in ahead) <= LIMIT * floor
    return is_fast and all(each.is_right for each in (*ahead, *on_time))


def _print_row(
    name: str, seconds: Sequence[float], floor: float, limit: float | None = None, fired: Sequence[Fired] = ()
) -> None:
    each = " ".join(f"{one:.2f}" for one in seconds)
    moved = f"{median(one.ended for one in fired):5.2f} s" if fired else ""
    wrong = sum(one.lost + one.doubled + one.early for one in fired) if fired else ""
    most = f"{limit:.2f}" if limit else "-"
    print(
        f"{name:28} {median(seconds):5.2f} s {median(seconds) / floor:6.2f} {most:>6}  {each:20} {moved:>7} {wrong:>6}"
    )


def _in_a_minute(_sizes: Sequence[int]) -> bool:
    floor = IN_A_MINUTE * LATENCY_MS / 1000 / CONNECTIONS
    print(f"\n(b) {IN_A_MINUTE:,} schedules due at the begin of a minute, a tick begun with it; floor {floor:.1f} s\n")
    with start_site() as site:
        site.sense.tasks(tasks(IN_A_MINUTE))
        at_first = _memory(site)
        fired = fire(site, IN_A_MINUTE, _next_minute(), ahead=0)
        print(f"last start reached Sense {fired.last:.1f} s after the begin, to be within {LIMIT_SECONDS} s")
        print(
            f"tick ended {fired.ended:.1f} s after it; lost {fired.lost}, doubled {fired.doubled}, early {fired.early}"
        )
        print(_peak(site, at_first))
    return fired.is_right and fired.last <= LIMIT_SECONDS


def _nothing_due(sizes: Sequence[int]) -> bool:
    print(
        f"\n(c) a tick with nothing due, medians of {IDLE_RUNS}; bare: its query and two writes sent alone, beside it\n"
    )
    print(f"{'schedules':>9} {'requests':>9} {'tick':>9} {'bare':>9} {'query':>9} {'ratio':>6} {'limit':>6} {'own':>9}")
    with ExitStack() as stack:
        site = stack.enter_context(start_site())
        counted = stack.enter_context(start_faulty_storage(site.connection))
        counting = stack.enter_context(site.another(counted.connection))
        counting.tick()
        at_first, stored, rows = _memory(site), 0, []
        for size in sizes:
            _store(site, stored, size)
            rows.append(_idle(site, size, _requests(counting, counted)))
            stored = size
        print(_peak(site, at_first))
    is_constant = len({requests for requests, _ in rows}) == 1
    return is_constant and all(ratio <= IDLE_LIMIT for _, ratio in rows)


def _store(site: Site, first: int, end: int) -> None:
    """Store started schedules that are due in some months, a second apart."""
    far = datetime.now(UTC).replace(microsecond=0) + timedelta(days=100)
    begun = time.monotonic()
    for start in range(first, end, STORED_AT_ONCE):
        site.fill(due_at(far + timedelta(seconds=start), range(start, min(end, start + STORED_AT_ONCE))))
        if end - first > STORED_AT_ONCE:
            print(f"{start:9,} stored, {time.monotonic() - begun:.0f} s", end="\r", flush=True)


def _requests(counting: Site, counted: FaultyStorage) -> int:
    counted.forget()
    counting.tick()
    return len(counted.requests)


def _idle(site: Site, size: int, requests: int) -> tuple[int, float]:
    """Print one row and return the requests of a tick and its ratio; both alternate, so a busy moment hits both."""
    site.tick()
    measured = [(site.bare_query(), site.bare_heartbeat(), site.tick()) for _ in range(IDLE_RUNS)]
    query, tick = (median(one[place] for one in measured) * 1000 for place in (0, -1))
    bare = median(sum(one[:-1]) for one in measured) * 1000
    print(
        f"{size:9,} {requests:9} {tick:6.1f} ms {bare:6.1f} ms {query:6.1f} ms {tick / bare:6.2f} {IDLE_LIMIT:6.2f} "
        f"{tick - bare:6.1f} ms"
    )
    return requests, tick / bare


def _soon() -> datetime:
    """Return a second in the first half of its minute, far enough ahead to store schedules, early enough to finish."""
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
    return soon if soon.second <= 30 else soon.replace(second=0) + timedelta(minutes=1)


def _next_minute() -> datetime:
    return (datetime.now(UTC) + timedelta(seconds=90)).replace(second=0, microsecond=0)


def _memory(site: Site) -> str:
    return f"{site.peak_mib:.0f} MiB" if site.peak_mib else "unknown"


def _peak(site: Site, at_first: str) -> str:
    return f"\npeak memory {_memory(site)}, {at_first} before the first tick"


PARTS: Mapping[str, Callable[[Sequence[int]], bool]] = {"a": _all_at_once, "b": _in_a_minute, "c": _nothing_due}
