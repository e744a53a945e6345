"""Kill the host at random moments while schedules fire and start another one: in the end the audit must be clean."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from trials.faults.accounting import Audit
from trials.faults.report import Trial
from trials.faults.site import Planned, Site, Standing, minute_of, once_a_day, open_site, sleep_until, utc_now
from trials.faults.ticking import TickingHost, settled, until
from trials.say import say

SCHEDULES, FREQUENT, ROUNDS = 300, 60, 200
# The emulator scans all rows for each range: on a single site the last rounds would take a minute each.
ROUNDS_A_SITE, SITES_AT_A_TIME = 10, 2
EVERY_TEN_SECONDS = "*/10 * * * * *"
CONNECTIONS = 16
# Leases last for the timeout plus 15 s: the claims of a dead host are free after 16 s.
SETTINGS = {"QRS_TIMEOUT_SECONDS": "1", "QRS_MAX_CONNECTIONS": str(CONNECTIONS)}
MOST_DOUBLED = 4 * CONNECTIONS


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many schedules are due in each round, and how many of them recur in all rounds.

    With `in_a_hurry` the leases of killed hosts are cut short instead of waiting for their end. A host is killed at
    most `longest_after` seconds after one of its starts: by then it may have recorded it, or moved the entry on.
    """

    rounds: int
    once: int
    frequent: int
    in_a_hurry: bool = False
    longest_after: float = 1.0


def main(rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    rounds, found = rounds or ROUNDS, Audit()
    seed = random.randrange(1_000_000)
    say(f"crash: {rounds} rounds of {SCHEDULES} schedules, {FREQUENT} of them every 10 s; seed {seed}")
    with ThreadPoolExecutor(SITES_AT_A_TIME) as pool:
        sites = range(0, rounds, ROUNDS_A_SITE)
        for books in pool.map(lambda first: _on_a_site(min(ROUNDS_A_SITE, rounds - first), seed + first), sites):
            found.add(books)
            say(f"  so far {found.started:,} starts, {found.lost} lost, {found.doubled} doubled")
    done = f"SIGKILL at a random moment, {rounds} times, {SCHEDULES} schedules due"
    return [Trial(fault="host killed", done=done, found=found, doubled_at_most=MOST_DOUBLED)]


def _on_a_site(rounds: int, seed: int) -> Audit:
    size = Size(rounds=rounds, once=SCHEDULES - FREQUENT, frequent=FREQUENT)
    with open_site(tasks=rounds * SCHEDULES) as site:
        return crash(site, size, random.Random(seed))


def crash(site: Site, size: Size, chance: random.Random) -> Audit:
    """Kill a host in each round, and audit once a last host has taken over everything that was left.

    A round does not wait for the previous one, whose leases expire while others fire; entries that it left unclaimed
    are due in the next round, which is filled up with new schedules.
    """
    planned = site.plan(size.frequent, EVERY_TEN_SECONDS, minute_of(utc_now()))
    errors = []
    for number in range(size.rounds):
        begin = minute_of(utc_now())
        missing = size.once + size.frequent - site.standing(planned, utc_now()).free
        planned += site.plan(max(0, missing), once_a_day(begin), begin)
        killed, host_errors = _killed(site, planned, chance, size.longest_after)
        errors += host_errors
        say(
            f"  round {number + 1}: killed with {killed.in_hand} in hand and {killed.free} not yet, "
            f"{killed.moved_on} of all {len(planned)} moved on"
        )
    if size.in_a_hurry:
        site.let_time_pass(planned)
    found = settled(site, planned, SETTINGS)
    found.wrong += errors
    return found


def _killed(
    site: Site, planned: list[Planned], chance: random.Random, longest_after: float
) -> tuple[Standing, list[str]]:
    """Kill a host a random time after a random number of its starts; return the state it leaves, and its errors."""
    host = TickingHost(site.settings | SETTINGS)
    free = site.standing(planned, utc_now()).free
    requests_then = site.sense.stats()["requests"] + chance.randint(1, free)
    host.fire()
    until(lambda: site.sense.stats()["requests"] >= requests_then or not host.is_ticking)
    moment = utc_now() + timedelta(seconds=chance.uniform(0, longest_after))
    sleep_until(moment)
    host.kill()
    return site.standing(planned, utc_now()), host.errors
