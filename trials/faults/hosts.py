"""Let two hosts, then four, on one storage serve the same minute: every occurrence is started exactly once."""

import time
from collections.abc import Sequence
from threading import Barrier, Thread

from trials.faults.accounting import Audit
from trials.faults.report import Trial
from trials.faults.site import Planned, Site, minute_of, once_a_day, open_site, utc_now
from trials.faults.ticking import TickingHost, until
from trials.say import say

SCHEDULES, ROUNDS = 300, 20
# Long, so that a slow machine causes no timeouts, which are another trial.
SETTINGS = {"QRS_TIMEOUT_SECONDS": "10"}


def main(rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    return [_together(2, rounds or ROUNDS), _together(4, rounds or ROUNDS)]


def _together(hosts: int, rounds: int) -> Trial:
    say(f"hosts: {rounds} rounds of {SCHEDULES} schedules, {hosts} hosts at the same moment")
    with open_site(tasks=rounds * SCHEDULES) as site:
        found = fired_by(hosts, site, rounds=rounds, schedules=SCHEDULES)
    done = f"their ticks at the same moment, {rounds} times, {SCHEDULES} schedules"
    return Trial(fault=f"{hosts} hosts on one storage", done=done, found=found)


def fired_by(hosts: int, site: Site, *, rounds: int, schedules: int) -> Audit:
    """Fire the ticks of so many hosts in each round, and audit all rounds."""
    planned: list[Planned] = []
    for number in range(rounds):
        begin = minute_of(utc_now())
        fresh = site.plan(schedules, once_a_day(begin), begin)
        planned += fresh
        say(f"  round {number + 1}: {_seconds(hosts, site, fresh):.1f} s")
    return site.audit(planned, utc_now())


def _seconds(count: int, site: Site, fresh: Sequence[Planned]) -> float:
    """Return how long so many hosts take; then they are killed.

    A tick that lost a race waits for the winner's leases to end, in case the winner dies. Here nothing is left to wait
    for.
    """
    hosts = [TickingHost(site.settings | SETTINGS) for _ in range(count)]
    begun = time.monotonic()
    _fire_at_once(hosts)
    is_over = until(lambda: not site.due(fresh, utc_now()))
    took = time.monotonic() - begun
    for host in hosts:
        host.kill()
    assert is_over, "the hosts left something undone"
    return took


def _fire_at_once(hosts: Sequence[TickingHost]) -> None:
    ready = Barrier(len(hosts))

    def fire(host: TickingHost) -> None:
        ready.wait()
        host.fire()

    threads = [Thread(target=fire, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
