"""Start tasks as fast as Footman answers, and compare each answer with what Sense saw."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

from sandbox.qrs.state import REMEMBERED
from trials.callers import Caller
from trials.load.load import put_load
from trials.load.report import verdict
from trials.say import say
from trials.site import CONNECTIONS, LATENCY_MS, start_site, task_id, tasks

CALLERS, TASKS = 50, 1_000

# The ids of a task and of the execution that its start began.
Start = tuple[str, str]


class Starter:
    """A caller who starts one task after another, and records the starts that were answered as started."""

    def __init__(self, url: str, task_ids: Iterator[str]) -> None:
        self.caller = Caller(url)
        self.started: list[Start] = []
        self._task_ids = task_ids

    def start(self) -> None:
        """Start the next task."""
        task = next(self._task_ids)
        path = f"/v4/reloadtask/{task}/start?includeExecutionId=true"
        answer = self.caller.ask("start", "PUT", path, status=200, is_right=lambda answer: _is_started(answer, task))
        if answer:
            self.started.append((task, answer["tasksId"]["started"][0]["executionId"]))


def main(seconds: int) -> int:
    """Put the load on for so many seconds; return the exit code."""
    say(f"\nstarts: {CALLERS} callers for {seconds} s, {TASKS:,} tasks; QRS at {LATENCY_MS} ms, {CONNECTIONS} at once")
    with start_site() as site:
        site.sense.tasks(tasks(TASKS))
        starters = [Starter(site.footman.url, cycle(_share(number))) for number in range(CALLERS)]
        load = put_load(site.footman, [(each.caller, each.start) for each in starters], seconds)
        seen = [(start["taskId"], start["executionId"]) for start in site.sense.starts()]
        stats = site.sense.stats()
    answered = [start for each in starters for start in each.started]
    say(f"\n{len(answered):,} starts were answered as started, Sense saw {len(seen):,}")
    return verdict("starts", load, stats["maxOpenConnections"], differences(answered, seen))


def differences(answered: Sequence[Start], seen: Sequence[Start]) -> list[str]:
    """Return the starts that were answered but not seen, and those seen but not answered; each occurs once at most."""
    if len(seen) >= REMEMBERED:
        return [f"the stand-in remembers {REMEMBERED:,} starts and there were more: choose fewer seconds"]
    lost, unanswered = Counter(answered) - Counter(seen), Counter(seen) - Counter(answered)
    counts = [(lost.total(), "answered as started and Sense saw none"), (unanswered.total(), "seen and never answered")]
    return [f"{count} starts were {what}" for count, what in counts if count]


def _share(number: int) -> list[str]:
    return [task_id(each) for each in range(number, TASKS, CALLERS)]


def _is_started(answer: Any, task: str) -> bool:
    started = answer["tasksId"]["started"]
    return [each["taskId"] for each in started] == [task] and all(each.get("executionId") for each in started)
