"""Let one caller start 600 tasks at 3 s each while others need Sense too: each of them gets its turn.

Two hosts on one storage tick by their timers; one of them is asked for the bulk, and meanwhile for lone starts and for
health. What is due then may wait for two answers of Sense, no longer, and history must tell when it was really sent.
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
# Two answers that are waited for; a lone start is a look-up and a start, and each takes an answer itself.
LATE_SECONDS = 2 * ANSWER_SECONDS
LONE_SECONDS = 2 * (LATE_SECONDS + ANSWER_SECONDS)
TOLD_SECONDS = 0.5
# What processes of a busy machine take besides.
SLACK_SECONDS = 1.0
HEAD_START, EVERY = timedelta(seconds=4), timedelta(seconds=9)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What somebody beside the bulk saw: how long a lone start took, and what health said of Sense."""

    seconds: float
    is_started: bool
    health: str

    @property
    def wrong(self) -> Iterator[str]:
        if not self.is_started:
            yield "a lone start did not take place"
        if self.seconds > LONE_SECONDS + SLACK_SECONDS:
            yield f"a lone start took {self.seconds:.1f} s, {LONE_SECONDS:g} s are allowed"
        if self.health != "ok":
            yield f"health said of Sense: {self.health}"


def main(_rounds: int | None) -> list[Trial]:
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
        beside = list(_beside(site, host, first))
        is_under_way = not bulk.done()
        sleep_until(end)
        accounts = site.accounts(planned, end)
        problems = [line for each in beside for line in each.wrong]
        problems += [] if is_under_way else ["the bulk was over too soon to be in anybody's way"]
        problems += [] if bulk.result() == BULK else [f"{bulk.result()} of the bulk were started"]
    say(f"  the slowest lone start took {max(each.seconds for each in beside):.1f} s")
    done = f"{BULK} starts at {ANSWER_SECONDS:g} s in one request; {SCHEDULES} schedules due twice meanwhile, 2 hosts"
    return [Trial(fault="one caller's bulk", done=done, found=audit(accounts), problems=[*problems, *late(accounts)])]


def late(accounts: Sequence[Account]) -> list[str]:
    """Return each start that waited for more than two answers, and each that is told for another time."""
    wrong = []
    for each in (one for account in accounts for one in matched(account.runs, account.seen)):
        if each.late > LATE_SECONDS + SLACK_SECONDS:
            wrong.append(f"{each.run.due} was started {each.late:.1f} s late, {LATE_SECONDS:g} s are allowed")
        if each.run.started is None or abs(each.run.started - each.seen.at).total_seconds() > TOLD_SECONDS:
            wrong.append(f"{each.run.due} was started at {each.seen.at}, history says {each.run.started}")
    return wrong


def _beside(site: Site, host: LocalHost, first: datetime) -> Iterator[Beside]:
    for number in range(LONE):
        sleep_until(first + number * EVERY)
        begun = time.monotonic()
        is_started = _started(host, [site.task()]) == 1
        seconds = time.monotonic() - begun
        health = requests.get(f"{host.url}/v4/health", timeout=60).json()["checks"]["sense"]["status"]
        yield Beside(seconds=seconds, is_started=is_started, health=health)


def _started(host: LocalHost, task_ids: Sequence[str]) -> int:
    """Start tasks in one request and return how many were started."""
    items = [{"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in task_ids]
    answer = requests.put(f"{host.url}/v4/reloadtask/-/start", json=items, timeout=230)
    return len(answer.json()["tasksId"]["started"])
