"""Kill the host at random moments while people change their schedules: each change has exactly one record."""

import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import requests

from shared.core.audit import AuditQuery, AuditRecord
from shared.storage.audit import AuditStore
from trials.faults.report import Trial
from trials.faults.site import Site, open_site
from trials.faults.ticking import TickingHost
from trials.say import say

PEOPLE, ROUNDS = 4, 30
# From the first change to the kill: there are some tens of changes a second, so every step is hit.
KILLED_AFTER = (0.2, 1.5)
SECONDS_TO_ASK = 5
STEPS = ("stop", "start", "rename", "stopall", "startall", "delete")
CHANCES = (5, 5, 5, 1, 1, 2)


def main(rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    rounds = rounds or ROUNDS
    seed = random.randrange(1_000_000)
    say(f"audit: {rounds} rounds of {PEOPLE} people who change their schedules; seed {seed}")
    with open_site(tasks=PEOPLE * rounds) as site:
        count, problems = killed(site, rounds, random.Random(seed))
    done = f"SIGKILL at a random moment, {rounds} times, while {PEOPLE} people make {count:,} changes"
    return [Trial(fault="host killed while schedules are changed", done=done, found=None, problems=problems)]


def killed(site: Site, rounds: int, chance: random.Random) -> tuple[int, list[str]]:
    """Kill a host in each round; return how many changes were recorded, and what is wrong with the records."""
    for _ in range(rounds):
        host = TickingHost(site.settings)
        # What is imported and opened by the first request is not what the kill is to meet.
        requests.get(f"{host.host.url}/v4/schedules", timeout=30).raise_for_status()
        with ThreadPoolExecutor(PEOPLE) as pool:
            for number in range(PEOPLE):
                pool.submit(_change_until_it_dies, host.host.url, site.task(), random.Random(chance.random() + number))
            time.sleep(chance.uniform(*KILLED_AFTER))
            host.kill()
    records = AuditStore(table=site.table).newest(AuditQuery(limit=1_000_000))[::-1]
    stands = {schedule.id: schedule.told() for schedule in site.schedules.all()}
    problems = [] if len(records) > rounds else [f"only {len(records)} changes were recorded"]
    return len(records), [*problems, *wrong(records, stands)]


def wrong(records: Sequence[AuditRecord], stands: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the schedules whose records don't lead from nothing to what stands there.

    Each record is a step from one state to another. On a way, every state is left as often as it is reached, but for
    the first, which is nothing, and the last. A change without a record, or with two, breaks that, and in whatever
    order two callers' changes came to storage it holds.
    """
    lives: dict[str, list[AuditRecord]] = {schedule_id: [] for schedule_id in stands}
    for record in records:
        lives.setdefault(record.schedule_id, []).append(record)
    return [problem for key, life in lives.items() for problem in _wrong_in(life, stands.get(key, {}))]


def _wrong_in(life: Sequence[AuditRecord], stands: Mapping[str, Any]) -> list[str]:
    left_over = Counter([_text(stands)])
    left_over.subtract([_text({})])
    for record in life:
        left_over.update([_text(record.before)])
        left_over.subtract([_text(record.after)])
    gaps = [f"{state} is left {number} times more often than reached" for state, number in left_over.items() if number]
    idle = [
        f"{record.action} of {record.schedule_id} changed nothing" for record in life if record.before == record.after
    ]
    return [*gaps, *idle]


def _text(state: Mapping[str, Any]) -> str:
    return json.dumps(state, sort_keys=True)


def _change_until_it_dies(url: str, task_id: str, chance: random.Random) -> None:
    """Make schedules and change them, one call after another, until nobody answers any more."""
    with requests.Session() as http, suppress(requests.RequestException):
        schedules, mine = f"{url}/v4/schedules", ""
        body = {"name": "Audit", "cronSchedule": "0 5 * * *", "timezone": "UTC", "qlikSenseTaskId": task_id}
        while True:
            step = chance.choices(STEPS, CHANCES)[0] if mine else "create"
            if step == "create":
                made = http.post(schedules, json=body | {"startupState": "started"}, timeout=SECONDS_TO_ASK)
                mine = made.json()["id"]
            elif step == "rename":
                said = body | {"startupState": "started", "name": f"Audit {chance.random()}"}
                http.put(f"{schedules}/{mine}", json=said, timeout=SECONDS_TO_ASK)
            elif step == "delete":
                http.delete(f"{schedules}/{mine}", timeout=SECONDS_TO_ASK)
                mine = ""
            else:
                path = step if step.endswith("all") else f"{mine}/{step}"
                http.put(f"{schedules}/{path}", timeout=SECONDS_TO_ASK)
