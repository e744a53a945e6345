"""Serve one minute of the agenda: do the next step, feed back what it brought, and again."""

import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime

from shared.core.cron import MINUTE
from shared.core.endings import Ending
from shared.core.errors import StorageError
from shared.core.runs import Run, RunOutcome
from shared.core.tick import transitions
from shared.core.tick.state import State
from shared.core.tick.steps import Advance, Claim, Record, Send, Step, Stop, Wait, may_be_sent, next_step
from shared.core.tick.storage_trouble import may_go_on
from shared.log import log_of
from shared.use_cases.tick.claims import claim
from shared.use_cases.tick.dependencies import Dependencies
from shared.use_cases.tick.starts import Starts

log = log_of(__name__)

RETRIED = "retried"


class Minute:
    """The minute from `begin` on.

    `counts` says how many runs of each outcome it had, and how many starts are tried again; `waited`, for how many
    seconds there was nothing to do before the next second that is due; `late`, how many seconds late its latest start
    was.
    """

    def __init__(self, by: Dependencies, begin: datetime) -> None:
        """Read the agenda, as often as the minute allows; raises StorageError."""
        self._by = by
        self._asking = by.asking(begin)
        now, entries = self._asking.ask(lambda: (by.clock.now(), by.agenda.until(begin + MINUTE)))
        self._state = transitions.begun(begin, by.limits, entries, now)
        self._starts = Starts(by, lambda attempt, at: may_be_sent(self._state, attempt, at))
        self._ends: list[tuple[Ending, Run]] = []
        self.counts: Counter[str] = Counter()
        self.waited = self.late = 0.0

    def serve(self) -> None:
        """Do what is to be done until nothing is left; raises StorageError when it could not be written down."""
        try:
            while not isinstance(step := next_step(self._state, self._by.clock.now()), Stop):
                self._try(step)
            if self._state.reach.trouble is not None:
                self._asking.note(self._state.reach.trouble)
        finally:
            # A thousand lines take as long as a hundred starts, so they come after them.
            for ending, run in self._ends:
                _log(ending, run)

    def _try(self, step: Step) -> None:
        try:
            self._state = self._after(step)
        except StorageError as error:
            self._asking.note(str(error))
            if not may_go_on(self._state.begin, self._by.clock.now()):
                raise
            self._asking.pause(error)
            self._state = transitions.troubled(self._state)

    def _after(self, step: Step) -> State:
        """Do a step and return the state after it; raises StorageError, the state being as before."""
        match step:
            case Claim():
                return self._claim(step)
            case Send():
                return self._send(step)
            case Record():
                return self._record(step)
            case Advance():
                stands = self._by.agenda.advance(step.endings)
                return transitions.advanced(self._state, step, stands, self._by.clock.now())
            case Wait():
                return self._answers(step) if step.for_answers else self._sleep(step)
            case Stop():
                return self._state

    def _claim(self, step: Claim) -> State:
        now = self._by.clock.now()
        if step.read_again:
            return transitions.read(self._state, self._by.agenda.until(self._state.end), now)
        return self._counted(transitions.claimed(self._state, step, claim(self._by, step.entries, now)))

    def _send(self, step: Send) -> State:
        self._starts.send(step.tries)
        return transitions.sent(self._state, step)

    def _record(self, step: Record) -> State:
        """Write down first what became of entries; what comes next is another step.

        A tick that dies in between leaves what the next one only advances. Writing again after a StorageError does no
        harm.
        """
        agenda, history = self._by.agenda, self._by.history
        if runs := [ending.run for ending in step.endings if ending.run]:
            history.record(runs)
        stands = agenda.give_back(step.returned) if step.returned else []
        overtaken = [self._unless_recorded(ending) for ending in step.overtaken]
        for run in step.taken_away(stands):
            agenda.set_last_run(history.record_unless_known(run))
        return transitions.recorded(self._state, step, overtaken, stands, self._by.clock.now())

    def _unless_recorded(self, ending: Ending) -> Ending:
        return replace(ending, run=self._by.history.record_unless_known(ending.run)) if ending.run else ending

    def _answers(self, step: Wait) -> State:
        answers = self._starts.answers(step.seconds)
        self._state = transitions.heard(self._state, answers)
        return self._counted(transitions.answered(self._state, answers, self._by.clock.now()))

    def _sleep(self, step: Wait) -> State:
        if step.seconds > 0:
            self._by.clock.sleep(step.seconds)
            self.waited += step.seconds
        return transitions.waited(self._state)

    def _counted(self, state: State) -> State:
        """Count what has ended by this step."""
        for ended in state.ended[len(self._state.ended) :]:
            self.counts[RETRIED] += ended.is_retry
            if isinstance(ended.end, Ending) and (run := ended.end.run):
                self.counts[run.outcome.word] += 1
                self.late = max(self.late, run.late_seconds or 0.0)
                self._ends.append((ended.end, run))
        return state


def _log(ending: Ending, run: Run) -> None:
    level = logging.INFO if run.outcome is RunOutcome.STARTED else logging.WARNING
    if not log.isEnabledFor(level):
        return
    extra = {
        "action": "occurrence_ended",
        "schedule_id": run.schedule_id,
        "schedule": ending.entry.target.name,
        "outcome": run.outcome.word,
        "due": run.due.isoformat(),
        "late_seconds": run.late_seconds,
        "missed": run.missed_count,
        "reason": run.reason,
        "next": ending.next_instant.isoformat() if ending.next_instant else None,
    }
    log.log(level, "Schedule %s: %s", run.schedule_id, run.reason or run.outcome.word, extra=extra)
