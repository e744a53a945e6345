"""Let one caller start 600 tasks at 3 s each while others need Sense too: each of them gets its turn.

Two hosts on one storage tick by their timers; one of them gets the bulk and, meanwhile, lone starts and requests for
health. What becomes due may wait for two answers of Sense and no longer, and history must have the true time of the
start.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests

from sandbox.local_host import LocalHost
from shared.core.cron import MINUTE
from trials.faults.accounting import Account, audit, matched
from trials.faults.report import Trial
from trials.faults.site import BEFORE_ITS_END, Site, first_minute, open_site, sleep_until
from trials.faults.ticking import host_with_timers
from trials.say import say

BULK, SCHEDULES, LONE = 600, 10, 10
ANSWER_SECONDS = 3.0
# Waiting for two answers; a lone start is a look-up and a start, each of which takes an answer itself.
LATE_SECONDS = 2 * ANSWER_SECONDS
LONE_SECONDS = 2 * (LATE_SECONDS + ANSWER_SECONDS)
RECORDED_WITHIN_SECONDS = 0.5
# Additional time on a busy machine.
SLACK_SECONDS = 1.0
HEAD_START, EVERY = timedelta(seconds=4), timedelta(seconds=9)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What another caller saw during the bulk: how long a lone start took, and what health said about Sense."""

    seconds: float
    is_started: bool
    health: str

    @property
    def wrong(self) -> Iterator[str]:
        """Yield each promise that was broken."""
        if not self.is_started:
            yield "a lone start did not take place"
        if self.seconds > LONE_SECONDS + SLACK_SECONDS:
            yield f"a lone start took {self.seconds:.1f} s, {LONE_SECONDS:g} s are allowed"
        if self.health != "ok":
            yield f"health said of Sense: {self.health}"


def main(_rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    say(f"bulk: {BULK} starts at {ANSWER_SECONDS:g} s in one request beside {SCHEDULES} schedules, on 2 hosts")
    with ExitStack() as stack:
        site = stack.enter_context(open_site(tasks=BULK + SCHEDULES + LONE))
        host, _ = [stack.enter_context(host_with_timers(site.settings)) for _ in range(2)]
        site.sense.settings(latencyMs=1000 * ANSWER_SECONDS)
        first = first_minute()
        end = first + 2 * MINUTE - BEFORE_ITS_END
        planned = site.plan(SCHEDULES, "* * * * *", first)
        sleep_until(first - HEAD_START)
        caller = stack.enter_context(ThreadPoolExecutor(1))
        bulk = caller.submit(_started, host, [site.task() for _ in range(BULK)])
        observed = list(_observations(site, host, first))
        is_under_way = not bulk.done()
        sleep_until(end)
        accounts = site.accounts(planned, end)
        problems = [line for each in observed for line in each.wrong]
        problems += [] if is_under_way else ["the bulk was over too soon to be in anybody's way"]
        problems += [] if bulk.result() == BULK else [f"{bulk.result()} of the bulk were started"]
    say(f"  the slowest lone start took {max(each.seconds for each in observed):.1f} s")
    done = f"{BULK} starts at {ANSWER_SECONDS:g} s in one request; {SCHEDULES} schedules due twice meanwhile, 2 hosts"
    return [Trial(fault="one caller's bulk", done=done, found=audit(accounts), problems=[*problems, *late(accounts)])]


def late(accounts: Sequence[Account]) -> list[str]:
    """Return each start that waited for more than two answers, and each that history records at another time."""
    wrong = []
    for each in (one for account in accounts for one in matched(account.runs, account.seen)):
        if each.late > LATE_SECONDS + SLACK_SECONDS:
            wrong.append(f"{each.run.due} was started {each.late:.1f} s late, {LATE_SECONDS:g} s are allowed")
        if each.run.started is None or abs(each.run.started - each.seen.at).total_seconds() > RECORDED_WITHIN_SECONDS:
            wrong.append(f"{each.run.due} was started at {each.seen.at}, history says {each.run.started}")
    return wrong


def _observations(site: Site, host: LocalHost, first: datetime) -> Iterator[Observation]:
    for number in range(LONE):
        sleep_until(first + number * EVERY)
        begun = time.monotonic()
        is_started = _started(host, [site.task()]) == 1
        seconds = time.monotonic() - begun
        health = requests.get(f"{host.url}/v4/health", timeout=60).json()["checks"]["sense"]["status"]
        yield Observation(seconds=seconds, is_started=is_started, health=health)


def _started(host: LocalHost, task_ids: Sequence[str]) -> int:
    """Start tasks in one request and return how many were started."""
    items = [{"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in task_ids]
    answer = requests.put(f"{host.url}/v4/reloadtask/-/start", json=items, timeout=230)
    return len(answer.json()["tasksId"]["started"])
