"""Run a tick: start what is due in its minute, each on its second, and write down what became of it.

One thread goes round: it claims, hands starts to the pool, records what was answered, moves entries on, waits. Every
step leaves the table such that another tick, should this one die, knows what to do: what was claimed and not recorded
is looked up in Sense before it is started again, what was recorded and not moved is only moved.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.due import MOST_AHEAD
from shared.core.rules import minute_of
from shared.core.runs import RunOutcome
from shared.log import log_of
from shared.use_cases.tick.minute import RETRIED, Minute, Served
from shared.use_cases.tick.ports import Clock

log = log_of(__name__)

COUNTED = (*(outcome.value for outcome in RunOutcome), RETRIED)


@dataclass(frozen=True, kw_only=True)
class RunTick:
    """The use case. The `machine` clock, where it is another than the tick goes by, is held against storage's."""

    by: Served
    machine: Clock | None = None

    def run(self) -> Mapping[str, Any]:
        """Serve the running minute and return what the heartbeat tells of it; raises StorageError."""
        patience = self.by.patience(minute_of(self.by.clock.now()))
        begun, ahead = patience.ask(self._begin)
        if ahead > MOST_AHEAD:
            problem = f"The clock here is {ahead.total_seconds():.0f} s ahead of storage's, so nothing was started."
            log.error(problem, extra={"action": "clock_ahead", "seconds": ahead.total_seconds()})
            patience.note(problem)
            told = self._told(begun, problem, Counter(), 0)
        else:
            minute = Minute(self.by, minute_of(self.by.clock.now()))
            minute.serve()
            told = self._told(begun, "", minute.counts, minute.waited)
        patience.ask(lambda: self.by.agenda.beat(told))
        counts = {name: told[name] for name in COUNTED if told[name]}
        log.info("Tick took %s s: %s", told["seconds"], counts, extra={"action": "tick_ended", **told})
        return told

    def _begin(self) -> tuple[datetime, timedelta]:
        """Leave the first mark; return when, and how far the clock here is ahead of storage's."""
        begun = self._machine.now()
        # When one last ended stays as it is: a tick that dies each minute must not look alive.
        return begun, begun - self.by.agenda.beat({"begun": _text(self.by.clock.now()), "problem": ""})

    @property
    def _machine(self) -> Clock:
        return self.machine or self.by.clock

    def _told(self, begun: datetime, problem: str, counts: Counter[str], waited: float) -> Mapping[str, Any]:
        # Marks are told by the time that all hosts share; how long it took, by the clock that nothing puts right.
        took, ended = self._machine.now() - begun, self.by.clock.now()
        seconds = took.total_seconds()
        return {
            "begun": _text(ended - took),
            "problem": problem,
            "ended": _text(ended),
            "seconds": round(seconds, 3),
            # A tick that waits for the seconds of its schedules takes a minute and is well.
            "busy": round(seconds - waited, 3),
            **{name: counts[name] for name in COUNTED},
        }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
