"""Run a schedule for every five seconds, created over HTTP, by the timer for a minute: 12 starts, all on time."""

import requests

from sandbox.local_host import LocalHost
from shared.core.cron import MINUTE
from shared.core.unreadable import readable
from trials.faults.report import Trial
from trials.faults.site import BEFORE_ITS_END, Planned, Site, open_site, sleep_until
from trials.faults.ticking import host_with_timers
from trials.say import say

EVERY_FIVE_SECONDS, A_MINUTE = "*/5 * * * * *", 12
LATEST_SECONDS = 0.5


def main(rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    minutes = rounds or 1
    with open_site(tasks=1) as site, host_with_timers(site.settings) as host:
        planned = _create(site, host)
        say(f"seconds: {EVERY_FIVE_SECONDS} from {planned.since:%H:%M:%S} on for {minutes} minutes")
        end = planned.since + minutes * MINUTE - BEFORE_ITS_END
        sleep_until(end)
        found = site.audit([planned], end)
    problems = [] if found.started == minutes * A_MINUTE else [f"{found.started} starts, not {minutes * A_MINUTE}"]
    if found.latest > LATEST_SECONDS:
        problems.append(f"a start {found.latest:.2f} s after its second, {LATEST_SECONDS} s are allowed")
    done = f"every 5 s for {minutes} min, by the timer"
    return [Trial(fault="none", done=done, found=found, problems=problems)]


def _create(site: Site, host: LocalHost) -> Planned:
    """Create the schedule over HTTP; with seconds its first occurrence is the beginning of the next minute."""
    task_id = site.task()
    body = {
        "name": "Every 5 sec",
        "cronSchedule": EVERY_FIVE_SECONDS,
        "timezone": "UTC",
        "qlikSenseTaskId": task_id,
        "startupState": "started",
    }
    answer = requests.post(f"{host.url}/v4/schedules", json=body, timeout=10)
    answer.raise_for_status()
    schedule_id = answer.json()["id"]
    [entry] = [due for due in map(readable, site.schedules.entries()) if due.schedule_id == schedule_id]
    return Planned(schedule_id=schedule_id, task_id=task_id, cron=EVERY_FIVE_SECONDS, since=entry.due_at)
