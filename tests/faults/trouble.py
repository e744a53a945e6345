"""Take Sense away for two minutes: then each schedule starts once at the next tick, and from there on time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.core.cron import MINUTE
from tests.faults.accounting import Account, Audit, audit, matched
from tests.faults.report import say, verdict
from tests.faults.site import Planned, Site, next_minute, open_site, sleep_until, utc_now
from tests.faults.ticking import host_with_timers

EACH = 20
KINDS: tuple[dict[str, Any], ...] = ({"kind": "refuse"}, {"kind": "hang"}, {"kind": "status", "status": 503})
SETTINGS = {"QRS_TIMEOUT_SECONDS": "5"}
TO_SET_UP = timedelta(seconds=10)
LENGTH = 2 * MINUTE
# Within the minute, so that the tick which first finds Sense away is in the midst of its work.
FROM, LAST_LOOK = timedelta(seconds=70), timedelta(seconds=58)
# The first tick that finds Sense again is done with all by then, and a schedule of every 5 s is not due again.
CAUGHT_UP = timedelta(seconds=4)
LATEST_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Outage:
    """Sense is away from `begin` until `end`; `tick` is the first that finds it again, `watched` when all is over."""

    first: datetime

    @property
    def begin(self) -> datetime:
        return self.first + FROM

    @property
    def end(self) -> datetime:
        return self.begin + LENGTH

    @property
    def tick(self) -> datetime:
        return next_minute(self.end)

    @property
    def watched(self) -> datetime:
        return self.tick + LAST_LOOK


def main(rounds: int | None) -> int:
    """Run all kinds of outage at the same time, each on a site of its own; each takes five to six minutes."""
    return max([_all_kinds(Outage(first=next_minute(utc_now() + TO_SET_UP))) for _ in range(rounds or 1)])


def _all_kinds(outage: Outage) -> int:
    say(
        f"outage: Sense is away from {outage.begin:%H:%M:%S} to {outage.end:%H:%M:%S}, "
        f"watched until {outage.watched:%H:%M:%S}"
    )
    with ThreadPoolExecutor(len(KINDS)) as pool:
        found = list(pool.map(_trial, KINDS, [outage] * len(KINDS)))
    return max(
        verdict(f"outage {fault['kind']}", 1, books, problems=problems)
        for fault, (books, problems) in zip(KINDS, found, strict=True)
    )


def _trial(fault: dict[str, Any], outage: Outage) -> tuple[Audit, list[str]]:
    with open_site(tasks=3 * EACH) as site, host_with_timers(site.settings | SETTINGS):
        planned = _planned(site, outage)
        sleep_until(outage.begin)
        site.sense.fault(**fault)
        say(f"  {fault['kind']}: away after {len(site.sense.starts())} starts")
        sleep_until(outage.end)
        site.sense.no_faults()
        say(f"  {fault['kind']}: back after {len(site.sense.starts())} starts")
        sleep_until(outage.watched)
        accounts = site.accounts(planned, outage.watched)
    return audit(accounts), [problem for account in accounts for problem in after(account, outage)]


def _planned(site: Site, outage: Outage) -> list[Planned]:
    in_it = next_minute(outage.begin)
    return [
        *site.plan(EACH, f"{in_it.minute} * * * *", in_it),
        *site.plan(EACH, "* * * * *", outage.first),
        *site.plan(EACH, "*/5 * * * * *", outage.first),
    ]


def after(account: Account, outage: Outage) -> Sequence[str]:
    """Return what is not as it should be around the outage."""
    at = [seen.at for seen in account.seen]
    wrong = [f"started at {moment}, in the outage" for moment in at if outage.begin < moment < outage.end]
    caught_up = sum(outage.end <= moment < outage.tick + CAUGHT_UP for moment in at)
    if caught_up != 1:
        wrong.append(f"{caught_up} starts at once after it, not one")
    late = [each for each in matched(account) if each.run.due > outage.tick and each.late > LATEST_SECONDS]
    wrong += [f"{each.run.due} started {each.late:.2f} s late" for each in late]
    return [f"{account.cron}: {problem}" for problem in wrong]
