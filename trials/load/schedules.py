"""Change schedules while many are stored and some of them fire each minute, and count those starts in Sense."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.local_host import start_local_host
from sandbox.run import sense_settings
from shared.core.cron import MINUTE
from shared.core.entry import Entry
from shared.core.schedule_changes import created
from shared.core.schedules import Change, Definition, Schedule, State
from shared.core.unreadable import readable
from trials.load.keepers import LIST_EACH_SECONDS, Keeper, Seldom
from trials.load.load import put_load
from trials.load.report import verdict
from trials.say import say
from trials.site import CONNECTIONS, LATENCY_MS, ROOT, Site, start_site, task_id, tasks

CALLERS = 10
EVERY_MINUTE = "* * * * *"
# Half a year ahead, so that nothing else is due while this runs.
FAR = timedelta(days=180)
AT_A_TIME = 1_000
# The first minute must lie in the first quarter, after which memory is flat.
LEAD = timedelta(seconds=5)
# All those that fire must be stored before their minute begins; the emulator takes seconds for each thousand.
TIME_TO_STORE, TIME_TO_STORE_EACH = timedelta(seconds=7), timedelta(seconds=3)


@dataclass(frozen=True, kw_only=True)
class Minute:
    """What Sense saw in a minute: how many tasks were started, how often, and when the last one."""

    begin: datetime
    tasks: int = 0
    starts: int = 0
    last: float = 0.0


def main(stored: int, firing: int, minutes: int) -> int:
    """Put the load on until so many minutes have fired; return the exit code."""
    say(
        f"\nschedules: {CALLERS} callers, {stored:,} stored, {firing:,} of them fire each minute, {minutes} minutes; "
        f"a list of all each {LIST_EACH_SECONDS:.0f} s; QRS at {LATENCY_MS} ms, {CONNECTIONS} at once"
    )
    with _site_with_timers() as site:
        site.sense.tasks(tasks(firing))
        _store(site, range(firing, stored), f"0 3 1 {(_now() + FAR).month} *")
        begin = _store_firing(site, firing)
        end = begin + minutes * MINUTE
        load = put_load(site.footman, _routines(site, stored, firing), (end - _now()).total_seconds())
        seen = fired(site.sense.starts(), begin, minutes)
        stats = site.sense.stats()
        site.footman.stop()
        wrong = [
            *wrong_minutes(seen, firing),
            *wrong_rows(site.schedules.all(), list(map(readable, site.schedules.entries())), stored),
        ]
    _print(seen, firing)
    return verdict("schedules", load, stats["maxOpenConnections"], wrong)


def fired(starts: Sequence[Mapping[str, Any]], begin: datetime, minutes: int) -> list[Minute]:
    """Return what was started in each minute from `begin` on; a start counts for the minute in which it came."""
    return [_minute(starts, begin + number * MINUTE) for number in range(minutes)]


def wrong_minutes(seen: Sequence[Minute], firing: int) -> list[str]:
    """Return the minutes in which not each of the firing tasks was started exactly once."""
    return [
        f"at {each.begin:%H:%M} {each.tasks} of {firing} tasks were started, by {each.starts} starts"
        for each in seen
        if not each.tasks == each.starts == firing
    ]


def wrong_rows(schedules: Sequence[Schedule], entries: Sequence[Entry], stored: int) -> list[str]:
    """Return what is not as before: the number of schedules, all started, each with exactly one entry on the agenda."""
    wrong = [] if len(schedules) == stored else [f"{len(schedules):,} schedules are stored at the end, not {stored:,}"]
    pointed, there = Counter((each.id, each.due_at) for each in schedules), Counter(map(_place, entries))
    if stopped := sum(each.state is State.STOPPED for each in schedules):
        wrong.append(f"{stopped} schedules are stopped at the end")
    if pointed != there:
        apart = (pointed - there).total(), (there - pointed).total()
        wrong.append("{} schedules have no entry on the agenda where they say, {} entries no schedule".format(*apart))
    return wrong


def _place(due: Entry) -> tuple[str, datetime | None]:
    return due.schedule_id, due.due_at


def _minute(starts: Sequence[Mapping[str, Any]], begin: datetime) -> Minute:
    since = [(start["taskId"], (datetime.fromisoformat(start["at"]) - begin).total_seconds()) for start in starts]
    inside = [(task, seconds) for task, seconds in since if 0 <= seconds < MINUTE.total_seconds()]
    return Minute(
        begin=begin,
        tasks=len(Counter(task for task, _ in inside)),
        starts=len(inside),
        last=max((seconds for _, seconds in inside), default=0.0),
    )


def _print(seen: Sequence[Minute], firing: int) -> None:
    heads = ("to start", "tasks", "starts", "last after")
    say(f"\n{'minute':16}" + "".join(f"{head:>12}" for head in heads))
    for each in seen:
        say(f"{each.begin:%H:%M}{'':11}{firing:12,}{each.tasks:12,}{each.starts:12,}{each.last:10.1f} s")


@contextmanager
def _site_with_timers() -> Iterator[Site]:
    with ExitStack() as stack:
        site = stack.enter_context(start_site())
        site.footman.stop()
        # Separate from the timer states of other runs on this machine.
        state = stack.enter_context(tempfile.TemporaryDirectory(prefix="timers-"))
        settings = {"QRS_MAX_CONNECTIONS": str(CONNECTIONS), "STORAGE_CONNECTION": site.connection}
        host = start_local_host(ROOT, sense_settings(site.sense) | settings, arguments=["--state", state])
        yield replace(site, footman=stack.enter_context(host))


def _routines(site: Site, stored: int, firing: int) -> list[Any]:
    seldom = Seldom(LIST_EACH_SECONDS)
    body = {
        "cronSchedule": f"30 4 1 {(_now() + FAR).month} *",
        "timezone": "Europe/Stockholm",
        "qlikSenseTaskId": task_id(0),
        "startupState": "start",
    }
    keepers = [
        Keeper(
            site.footman.url,
            [_schedule_id(each) for each in range(firing + number, stored, CALLERS)],
            stored,
            body,
            seldom,
        )
        for number in range(CALLERS)
    ]
    return [(each.caller, each.do_round) for each in keepers]


def _store(site: Site, numbers: range, cron: str) -> None:
    begun = time.monotonic()
    for first in range(numbers.start, numbers.stop, AT_A_TIME):
        site.fill([_made(number, cron) for number in range(first, min(first + AT_A_TIME, numbers.stop))])
    say(f"{len(numbers):,} stored in {time.monotonic() - begun:.1f} s")


def _store_firing(site: Site, firing: int) -> datetime:
    """Store those that fire each minute, wait until just before their first minute, and return its beginning."""
    left = _next_minute() - _now()
    if left < TIME_TO_STORE + firing / AT_A_TIME * TIME_TO_STORE_EACH:
        time.sleep(left.total_seconds() + 1)
    begin = _next_minute()
    _store(site, range(firing), EVERY_MINUTE)
    assert _now() < begin, "storing took longer than was left of the minute: the machine is too busy"
    time.sleep(max(0.0, (begin - _now() - LEAD).total_seconds()))
    return begin


def _made(number: int, cron: str) -> Change:
    definition = Definition.read(
        name=f"Load {number}", cron=cron, zone="UTC", task_id=task_id(number), startup_state="start"
    )
    return created(_schedule_id(number), definition, _now())


def _schedule_id(number: int) -> str:
    return f"5c8e0000-0000-4000-8000-{number:012d}"


def _next_minute() -> datetime:
    return _now().replace(second=0, microsecond=0) + MINUTE


def _now() -> datetime:
    return datetime.now(UTC)
