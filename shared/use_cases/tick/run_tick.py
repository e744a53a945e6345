"""Run a tick: start what is due in its minute, each on its second, and write down what became of it.

One thread goes round and does what `core/tick/steps.py` decides: claim, send, record, advance, wait, stop. Every step
leaves the table such that another tick, should this one die, knows what to do: what was claimed and not recorded is
looked up in Sense before it is started again, what was recorded only advances.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.entry import MOST_AHEAD
from shared.core.rules import minute_of
from shared.core.runs import OUTCOME_WORDS
from shared.log import log_of
from shared.use_cases.tick.dependencies import Dependencies
from shared.use_cases.tick.minute import RETRIED, Minute

log = log_of(__name__)

COUNTED = (*OUTCOME_WORDS, RETRIED)


@dataclass(frozen=True, kw_only=True)
class RunTick:
    """The use case."""

    by: Dependencies

    def run(self) -> Mapping[str, Any]:
        """Serve the running minute and return what the heartbeat says of it; raises StorageError."""
        asking = self.by.asking(minute_of(self.by.clock.now()))
        begun, ahead = asking.ask(self._begin)
        if ahead > MOST_AHEAD:
            problem = f"The clock here is {ahead.total_seconds():.0f} s ahead of storage's, so nothing was started."
            log.error(problem, extra={"action": "clock_ahead", "seconds": ahead.total_seconds()})
            asking.note(problem)
            mark = self._mark(begun, problem, Counter(), waited=0, late=0)
        else:
            minute = Minute(self.by, minute_of(self.by.clock.now()))
            minute.serve()
            mark = self._mark(begun, "", minute.counts, waited=minute.waited, late=minute.late)
        asking.ask(lambda: self.by.agenda.beat(mark))
        counts = {name: mark[name] for name in COUNTED if mark[name]}
        log.info("Tick took %s s: %s", mark["seconds"], counts, extra={"action": "tick_ended", **mark})
        return mark

    def _begin(self) -> tuple[float, timedelta]:
        """Leave the first mark; return when, in monotonic seconds, and how far the clock here is ahead of storage's."""
        begun, asked = self.by.machine.monotonic(), self.by.machine.now()
        # When one last ended stays as it is: a tick that dies each minute must not look alive.
        return begun, asked - self.by.agenda.beat({"begun": _text(self.by.clock.now()), "problem": ""})

    def _mark(
        self, begun: float, problem: str, counts: Counter[str], *, waited: float, late: float
    ) -> Mapping[str, Any]:
        # Marks are written by the time that all hosts share; how long it took, by a clock that nobody sets.
        seconds, ended = self.by.machine.monotonic() - begun, self.by.clock.now()
        return {
            "begun": _text(ended - timedelta(seconds=seconds)),
            "problem": problem,
            "ended": _text(ended),
            "seconds": round(seconds, 3),
            # A tick that waits for the seconds of its schedules takes a minute and is well.
            "busy": round(seconds - waited, 3),
            "late": round(late, 3),
            **{name: counts[name] for name in COUNTED},
        }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
