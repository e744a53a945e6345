"""Kill the host at random moments while schedules fire, start another one, and let the books be right in the end."""

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
# The emulator looks through all its rows for each range: on one site alone the last rounds would take a minute each.
ROUNDS_A_SITE, SITES_AT_A_TIME = 10, 2
EVERY_TEN_SECONDS = "*/10 * * * * *"
CONNECTIONS = 16
# Leases last for the time-out and 15 s: what a dead host has claimed is free after 16 s.
SETTINGS = {"QRS_TIMEOUT_SECONDS": "1", "QRS_MAX_CONNECTIONS": str(CONNECTIONS)}
MOST_DOUBLED = 4 * CONNECTIONS


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many schedules are due in each round, of which so many again and again in all rounds.

    In a hurry the leases of the killed are cut short, instead of waiting for their end. A host is killed at most
    `longest_after` seconds after a start of its own: then it may record it, or move on.
    """

    rounds: int
    once: int
    frequent: int
    in_a_hurry: bool = False
    longest_after: float = 1.0


def main(rounds: int | None) -> list[Trial]:
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
    """Kill a host in each round, and read the books when a last one has taken over all that was left.

    A round does not wait for the one before it, whose leases run out while others fire; what it left free is due in the
    next one, which is filled up with fresh schedules.
    """
    planned = site.plan(size.frequent, EVERY_TEN_SECONDS, minute_of(utc_now()))
    errors = []
    for number in range(size.rounds):
        begin = minute_of(utc_now())
        missing = size.once + size.frequent - site.standing(planned, utc_now()).free
        planned += site.plan(max(0, missing), once_a_day(begin), begin)
        killed, told = _killed(site, planned, chance, size.longest_after)
        errors += told
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
    """Kill a host a random while after a random number of its starts; return how it left things, and its errors."""
    host = TickingHost(site.settings | SETTINGS)
    free = site.standing(planned, utc_now()).free
    asked = site.sense.stats()["requests"] + chance.randint(1, free)
    host.fire()
    until(lambda: site.sense.stats()["requests"] >= asked or not host.is_ticking)
    moment = utc_now() + timedelta(seconds=chance.uniform(0, longest_after))
    sleep_until(moment)
    host.kill()
    return site.standing(planned, utc_now()), host.errors
