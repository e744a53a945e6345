"""Fire ticks by hand at the same time as the timer's: each occurrence is started once, and on time."""

import random
from datetime import timedelta

from shared.core.cron import MINUTE
from trials.faults.report import Trial
from trials.faults.site import BEFORE_ITS_END, first_minute, open_site, sleep_until, utc_now
from trials.faults.ticking import fire_tick, host_with_timers
from trials.say import say

OFTEN, EACH_MINUTE, MINUTES = 20, 280, 3
SELDOM_SECONDS = 4.0


def main(rounds: int | None) -> list[Trial]:
    """Run the trial, or as many rounds as given, and return its rows."""
    minutes = rounds or MINUTES
    with open_site(tasks=OFTEN + EACH_MINUTE) as site, host_with_timers(site.settings) as host:
        first = first_minute()
        planned = site.plan(EACH_MINUTE, "* * * * *", first) + site.plan(OFTEN, "*/5 * * * * *", first)
        end = first + minutes * MINUTE - BEFORE_ITS_END
        say(f"beside: {len(planned)} schedules for {minutes} minutes from {first:%H:%M:%S} on")
        fired = 0
        while utc_now() < end:
            sleep_until(min(end, utc_now() + timedelta(seconds=random.uniform(0, SELDOM_SECONDS))))
            fire_tick(host)
            fired += 1
        found = site.audit(planned, end)
    done = f"{fired} ticks at random moments of {minutes} min, {len(planned)} schedules"
    return [Trial(fault="ticks by hand beside the timer", done=done, found=found)]
