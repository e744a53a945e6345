"""Edit, stop, start, make and delete schedules, a hundred times a second, while they fire on two hosts."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.core.cron import MINUTE
from shared.core.unreadable import readable
from trials.callers import Caller
from trials.faults.accounting import Audit
from trials.faults.lives import Life, Turn, audit_life
from trials.faults.report import Trial
from trials.faults.site import Site, minute_of, next_minute, open_site, sleep_until, utc_now
from trials.faults.ticking import host_with_timers
from trials.say import say

PATH = "/v4/schedules"
HOSTS, CALLERS, EACH, A_SECOND, MINUTES = 2, 10, 30, 100, 3
TASKS = 5_000
CRONS = ("* * * * *", "0-59 * * * *", "*/2 * * * *", "1-59/2 * * * *")
# After this time everything due shortly before the end is finished.
TO_SETTLE = timedelta(seconds=40)
SETTINGS = {"QRS_TIMEOUT_SECONDS": "10"}
COMPARED = ("name", "cronSchedule")
# How often all are stopped and started at once; 60 s is no multiple of it, so every part of a minute is hit.
AT_ONCE_EVERY = timedelta(seconds=7)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many callers change how many schedules each, how often, and until when."""

    callers: int = CALLERS
    each: int = EACH
    a_second: float = A_SECOND
    until: datetime


class Person:
    """Somebody who changes their own schedules, one change at a time, and remembers each change."""

    def __init__(self, url: str, site: Site, chance: random.Random) -> None:
        self.caller = Caller(url)
        self.lives: list[Life] = []
        self._site = site
        self._chance = chance

    def change_until(self, end: datetime, each_seconds: float) -> None:
        """Make a change every so many seconds until the end."""
        while (now := utc_now()) < end:
            self._change(self._chance.choice([life for life in self.lives if not life.is_deleted]))
            sleep_until(now + timedelta(seconds=each_seconds))

    def make(self) -> None:
        """Create a schedule."""
        life = Life(schedule_id="", task_id=self._site.task())
        body = self._body(life, cron := self._chance.choice(CRONS))
        made = self._ask(life, cron, "POST", PATH, body, status=201, is_right=lambda answer: bool(answer["id"]))
        if made:
            life.schedule_id = made["id"]
            self.lives.append(life)

    def change_all(self, people: Sequence["Person"], path: str) -> int:
        """Stop or start all schedules at once, while nobody else changes any; return how many changed."""
        changed = [
            life
            for person in people
            for life in person.lives
            if not life.is_deleted and (life.cron is None) == (path == "startall")
        ]
        sent = utc_now()
        self.caller.ask(path, "PUT", f"{PATH}/{path}", status=200, is_right=lambda answer: len(answer) >= len(changed))
        for life in changed:
            cron = _last_cron(life) if path == "startall" else None
            life.turns.append(Turn(sent=sent, answered=utc_now(), cron=cron))
        return len(changed)

    def _change(self, life: Life) -> None:
        if life.cron is None:
            self._start(life)
            return
        self._chance.choices([self._stop, self._reschedule, self._rename, self._replace], [4, 3, 2, 1])[0](life)

    def _stop(self, life: Life) -> None:
        self._ask(
            life, None, "PUT", f"{PATH}/{life.schedule_id}/stop", status=200, is_right=lambda answer: answer == {}
        )

    def _start(self, life: Life) -> None:
        cron = _last_cron(life)
        path = f"{PATH}/{life.schedule_id}/start"
        self._ask(life, cron, "PUT", path, status=200, is_right=lambda answer: _matches(answer[0], {}))

    def _reschedule(self, life: Life) -> None:
        cron = self._chance.choice([each for each in CRONS if each != life.cron])
        self._edit(life, cron)

    def _rename(self, life: Life) -> None:
        assert life.cron, "it is started"
        self._edit(life, life.cron, is_turn=False)

    def _edit(self, life: Life, cron: str, *, is_turn: bool = True) -> None:
        body = self._body(life, cron)
        path = f"{PATH}/{life.schedule_id}"
        self._ask(
            life, cron, "PUT", path, body, status=200, is_right=lambda answer: _matches(answer, body), is_turn=is_turn
        )

    def _replace(self, life: Life) -> None:
        """Delete a schedule, and create another."""
        path = f"{PATH}/{life.schedule_id}"
        self._ask(life, None, "DELETE", path, status=204, is_right=lambda answer: answer is None)
        life.is_deleted = True
        self.make()

    def _ask(
        self,
        life: Life,
        cron: str | None,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int,
        is_right: Callable[[Any], bool],
        is_turn: bool = True,
    ) -> Any:
        sent = utc_now()
        answer = self.caller.ask(method, method, path, body, status=status, is_right=is_right)
        if is_turn:
            life.turns.append(Turn(sent=sent, answered=utc_now(), cron=cron))
        return answer

    def _body(self, life: Life, cron: str) -> dict[str, Any]:
        return {
            "name": f"Trial {self._chance.randrange(1_000_000)}",
            "cronSchedule": cron,
            "timezone": "UTC",
            "qlikSenseTaskId": life.task_id,
            "startupState": "started",
        }


def main(rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    minutes = rounds or MINUTES
    with ExitStack() as stack:
        site = stack.enter_context(open_site(tasks=TASKS))
        hosts = [stack.enter_context(host_with_timers(site.settings | SETTINGS)) for _ in range(HOSTS)]
        plan = Plan(until=next_minute(utc_now()) + minutes * MINUTE - TO_SETTLE)
        return [changed(site, [host.url for host in hosts], plan, random.Random())]


def changed(site: Site, urls: Sequence[str], plan: Plan, chance: random.Random) -> Trial:
    """Let people change their schedules, and audit when everything that was due is finished."""
    people = [Person(urls[number % len(urls)], site, chance) for number in range(plan.callers)]
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(lambda person: [person.make() for _ in range(plan.each)], people))
        begun, made = time.monotonic(), sum(len(person.caller.called) for person in people)
        say(f"changes: {made} schedules made, changed until {plan.until:%H:%M:%S}")
        at_once, each_seconds = 0, len(people) / plan.a_second
        while utc_now() < plan.until:
            end = min(plan.until, utc_now() + AT_ONCE_EVERY)
            list(pool.map(lambda person, end=end: person.change_until(end, each_seconds), people))
            at_once += sum(people[0].change_all(people, path) for path in ("stopall", "startall"))
    took = time.monotonic() - begun
    last = minute_of(utc_now())
    sleep_until(utc_now() + TO_SETTLE - timedelta(seconds=5))
    lives = [life for person in people for life in person.lives]
    calls = [called for person in people for called in person.caller.called]
    problems = [called.problem for called in calls if called.problem] + _wrong_entries(site, lives)
    count = len(calls) - made + at_once
    done = f"{count:,} edits, stops, starts, deletes, {count / took:.0f} a second, on {len(urls)} hosts"
    return Trial(fault="changed while they fire", done=done, found=_audited(site, lives, last), problems=problems)


def _audited(site: Site, lives: Sequence[Life], until: datetime) -> Audit:
    runs, seen, total = site.runs(), site.seen(), Audit()
    for life in lives:
        audit_life(life, runs.get(life.schedule_id, []), seen.get(life.task_id, []), until, total)
    return total


def _wrong_entries(site: Site, lives: Sequence[Life]) -> list[str]:
    """Return what is wrong: each started schedule must have exactly one entry, and all others none."""
    entries = sorted(readable(entry).schedule_id for entry in site.schedules.entries())
    started = sorted(life.schedule_id for life in lives if life.cron)
    return [] if entries == started else [f"{len(started)} schedules are started, the agenda holds {len(entries)}"]


def _last_cron(life: Life) -> str:
    return next(turn.cron for turn in reversed(life.turns) if turn.cron)


def _matches(answer: dict[str, Any], body: dict[str, Any]) -> bool:
    return answer["lastKnownState"] == "started" and all(
        answer[name] == body[name] for name in body if name in COMPARED
    )
