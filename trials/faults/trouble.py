"""Cause trouble at a site for two minutes: nothing is lost or doubled, and afterwards all is on time again."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.certificates import bearer_token
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from shared.core.cron import MINUTE
from trials.faults.accounting import Account, audit, matched
from trials.faults.report import Trial
from trials.faults.site import BEFORE_ITS_END, Planned, Site, first_minute, next_minute, open_site, sleep_until
from trials.faults.ticking import host_with_timers
from trials.faults.troubles import BOTH, FROM, HICCUPS, LENGTH, SENSE, STORAGE, Step, Trouble
from trials.say import say

OFTEN, SELDOM = 5, 20
SETTINGS = {"QRS_TIMEOUT_SECONDS": "5"}
# Each has its own host, emulator and stand-in.
AT_A_TIME = 6
# By then the first tick after the trouble has finished what was waiting.
CAUGHT_UP = timedelta(seconds=4)
LATEST_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """The trouble lasts from `begin` to `end`; `tick` is the first tick after it, `watched` the end of the trial."""

    first: datetime

    @property
    def begin(self) -> datetime:
        """Return when the trouble begins."""
        return self.first + FROM

    @property
    def end(self) -> datetime:
        """Return when the trouble ends."""
        return self.begin + LENGTH

    @property
    def tick(self) -> datetime:
        """Return when the first tick after the trouble begins."""
        return next_minute(self.end)

    @property
    def watched(self) -> datetime:
        """Return when the trial ends."""
        return self.tick + MINUTE - BEFORE_ITS_END


def sense(_rounds: int | None) -> list[Trial]:
    """Cause trouble at Sense, a few kinds at a time, each on a site of its own; each takes about five minutes."""
    return _all(SENSE)


def storage(_rounds: int | None) -> list[Trial]:
    """Cause trouble at storage."""
    return _all(STORAGE)


def hiccups(_rounds: int | None) -> list[Trial]:
    """Make the first request of ticks fail, without catching up: what is due is still started in its minute."""
    return _all(HICCUPS)


def both(_rounds: int | None) -> list[Trial]:
    """Cause trouble at Sense and storage."""
    return _all(BOTH)


def _all(troubles: Sequence[Trouble]) -> list[Trial]:
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(_trial, troubles))


def _trial(trouble: Trouble) -> Trial:
    with _opened(trouble) as (site, faulty):
        span = Span(first=first_minute())
        planned = _planned(site, span)
        for step in trouble.steps:
            sleep_until(span.begin + step.after)
            _enter(step, site, faulty)
            say(f"  {trouble.fault}: {_standing(site)} when it begins")
        sleep_until(span.end)
        _enter(Step(), site, faulty)
        say(f"  {trouble.fault}: {_standing(site)} when it ends")
        sleep_until(span.watched)
        accounts = site.accounts(planned, span.watched)
    problems = [problem for account in accounts for problem in after(account, span, trouble)]
    return Trial(fault=trouble.fault, done=trouble.done, found=audit(accounts), problems=problems)


def _standing(site: Site) -> str:
    return f"{len(site.sense.starts())} starts"


@contextmanager
def _opened(trouble: Trouble) -> Iterator[tuple[Site, FaultyStorage]]:
    """Run a host that reaches storage through the part that injects faults."""
    with ExitStack() as stack:
        site = stack.enter_context(open_site(tasks=OFTEN + 2 * SELDOM))
        faulty = stack.enter_context(start_faulty_storage(site.settings["STORAGE_CONNECTION"]))
        settings = site.settings | SETTINGS | {"STORAGE_CONNECTION": faulty.connection}
        if trouble.within_minute:
            settings |= {"SCHEDULE_CATCH_UP_SECONDS": "0"}
        if trouble.by_proxy:
            settings |= {"QRS_URL": site.sense.proxy, "QRS_JWT": bearer_token(site.sense.certificates)}
            settings |= {"QRS_CLIENT_CERTIFICATE": "", "QRS_CLIENT_KEY": ""}
        stack.enter_context(host_with_timers(settings))
        yield site, faulty


def _enter(step: Step, site: Site, faulty: FaultyStorage) -> None:
    site.sense.no_faults()
    faulty.no_faults()
    faulty.be_away(is_away=step.is_storage_away)
    if step.strands_storage:
        faulty.strand()
    for fault in step.sense:
        site.sense.fault(**fault)
    for fault in step.storage:
        faulty.fault(**fault)
    if step.forgets_sessions:
        site.sense.forget_sessions()


def _planned(site: Site, span: Span) -> list[Planned]:
    in_it = next_minute(span.begin)
    return [
        *site.plan(SELDOM, f"{in_it.minute} * * * *", in_it),
        *site.plan(SELDOM, "* * * * *", span.first),
        *site.plan(OFTEN, "*/5 * * * * *", span.first),
    ]


def after(account: Account, span: Span, trouble: Trouble) -> list[str]:
    """Return what is wrong during the trouble and after it."""
    at, wrong = [seen.at for seen in account.seen], []
    if trouble.stops_starts:
        wrong += [f"started at {moment}, in the trouble" for moment in at if span.begin < moment < span.end]
    caught_up = sum(span.end <= moment < span.tick + CAUGHT_UP for moment in at)
    if trouble.is_clear and caught_up != 1:
        wrong.append(f"{caught_up} starts at once after it, not one")
    late = [
        each for each in matched(account.runs, account.seen) if each.run.due > span.tick and each.late > LATEST_SECONDS
    ]
    wrong += [f"{each.run.due} started {each.late:.2f} s late" for each in late]
    if trouble.within_minute:
        wrong += [
            f"{each.run.due} started {each.late:.2f} s late, after its minute"
            for each in matched(account.runs, account.seen)
            if each.seen.at >= next_minute(each.run.due)
        ]
    return [f"{account.cron}: {problem}" for problem in wrong]
