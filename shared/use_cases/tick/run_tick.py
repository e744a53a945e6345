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
from shared.core.occurrences import minute_of
from shared.core.runs import RunOutcome
from shared.log import log_of
from shared.use_cases.tick.minute import RETRIED, Minute, Served

log = log_of(__name__)

COUNTED = (*(outcome.value for outcome in RunOutcome), RETRIED)


@dataclass(frozen=True, kw_only=True)
class RunTick:
    """The use case."""

    by: Served

    def run(self) -> Mapping[str, Any]:
        """Serve the running minute and return what the heartbeat tells of it; raises StorageError."""
        patience = self.by.patience(minute_of(self.by.clock.now()))
        begun, ahead = patience.ask(self._begin)
        beat = {"begun": _text(begun), "problem": ""}
        if ahead > MOST_AHEAD:
            problem = f"The clock here is {ahead.total_seconds():.0f} s ahead of storage's, so nothing was started."
            log.error(problem, extra={"action": "clock_ahead", "seconds": ahead.total_seconds()})
            patience.note(problem)
            return self._ended({**beat, "problem": problem}, begun, Counter(), 0)
        minute = Minute(self.by, minute_of(begun))
        minute.serve()
        return self._ended(beat, begun, minute.counts, minute.waited)

    def _begin(self) -> tuple[datetime, timedelta]:
        """Leave the first mark; return when, and how far the clock here is ahead of storage's."""
        begun = self.by.clock.now()
        # When one last ended stays as it is: a tick that dies each minute must not look alive.
        return begun, begun - self.by.agenda.beat({"begun": _text(begun), "problem": ""})

    def _ended(
        self, beat: Mapping[str, Any], begun: datetime, counts: Counter[str], waited: float
    ) -> Mapping[str, Any]:
        now = self.by.clock.now()
        seconds = (now - begun).total_seconds()
        told = {
            **beat,
            "ended": _text(now),
            "seconds": round(seconds, 3),
            # A tick that waits for the seconds of its schedules takes a minute and is well.
            "busy": round(seconds - waited, 3),
            **{name: counts[name] for name in COUNTED},
        }
        self.by.patience(minute_of(begun)).ask(lambda: self.by.agenda.beat(told))
        log.info("Tick took %s s: %s", seconds, dict(counts), extra={"action": "tick_ended", **told})
        return told


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
