"""Serve one minute of the agenda: claim, start, tell, move on, wait, and again."""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core import ends
from shared.core.cron import MINUTE
from shared.core.due import Due
from shared.core.ends import Done
from shared.core.errors import QrsUnanswered, QrsUnreachable, StorageError
from shared.core.rules import EARLY
from shared.core.runs import Run, RunOutcome
from shared.core.tries import Tried, given_back, postponed, run_of
from shared.log import log_of
from shared.use_cases.tick.claims import Claims
from shared.use_cases.tick.patience import Patience
from shared.use_cases.tick.ports import Agenda, Clock, History
from shared.use_cases.tick.starts import Means, Starts
from shared.use_cases.tick.unwritten import WORTH_A_MOVE, Unwritten, Written
from shared.use_cases.tick.waiting import Waiting

log = log_of(__name__)

# As many as fit a transaction, and as a tick that dies may leave to the next one.
CLAIMED_AT_MOST = 100
WORTH_A_CLAIM = 50
# Without another answer for so long, what there is gets written.
QUIET_SECONDS = 0.03
# So long after the minute what storage does not take is left to the next tick.
LONGEST_AFTER = timedelta(seconds=60)
RETRIED = "retried"


@dataclass(frozen=True, kw_only=True)
class Served:
    """With what minutes are served; `catch_up` is how late an occurrence may still be started."""

    agenda: Agenda
    history: History
    clock: Clock
    claims: Claims
    means: Means
    catch_up: timedelta

    def patience(self, begin: datetime) -> Patience:
        """Return that of the tick of a minute."""
        return Patience(clock=self.clock, begin=begin, catch_up=self.catch_up, troubles=self.claims.troubles)


class Minute:
    """The minute from `begin` on.

    `counts` tells how many runs of each outcome it had, and how many other tries; `waited` for how many seconds nothing
    was to be done until the next second that is due.
    """

    def __init__(self, by: Served, begin: datetime) -> None:
        """Read the agenda, for which it has the minute's patience; raises StorageError."""
        self._by, self._begin, self._end = by, begin, begin + MINUTE
        self._patience = by.patience(begin)
        now, entries = self._patience.ask(lambda: (by.clock.now(), by.agenda.until(self._end)))
        self._waiting = Waiting(by.claims.lease)
        self._waiting.read(entries, now)
        after_trouble = any(due.last_error and due.instant <= now for due in entries)
        self._starts = Starts(by.means, carefully=after_trouble)
        self._unwritten = Unwritten(by.agenda, by.history, self._end)
        self._was_beaten = False
        self._is_quiet = False
        self.counts: Counter[str] = Counter()
        self.waited = 0.0
        self._ended: list[tuple[Done, Run]] = []

    def serve(self) -> None:
        """Go round until nothing is left to do; raises StorageError when it could not be written down."""
        try:
            while self._goes_on():
                self._round_patiently()
            if self._starts.out_of_reach:
                self._patience.note(self._starts.why)
        finally:
            # A thousand lines take as long as a hundred starts, so they come after them.
            for end, run in self._ended:
                _tell(end, run)

    def _round_patiently(self) -> None:
        try:
            self._round()
        except StorageError as error:
            self._patience.note(str(error))
            if not self._begin - EARLY <= self._by.clock.now() <= self._end + LONGEST_AFTER:
                raise
            self._patience.pause(error)
            self._was_beaten = True

    def _goes_on(self) -> bool:
        if self._by.clock.now() > self._end + LONGEST_AFTER:
            return bool(self._starts.unsent or self._unwritten.untold)  # what is only to be moved the next tick moves
        if self._starts.unsent or self._unwritten.untold or self._unwritten.unmoved:
            return True
        if self._starts.out_of_reach or not self._is_open(self._by.clock.now()):
            return False
        next_at = self._waiting.next_at
        return self._was_beaten or (next_at is not None and next_at < self._end)

    def _is_open(self, now: datetime) -> bool:
        """True while the clock shows this minute; one that was set back shows another, which has its own tick."""
        return self._begin - EARLY <= now < self._end

    def _round(self) -> None:
        self._claim()
        self._starts.send()
        if self._is_time_to_tell():
            self._note(self._unwritten.tell(self._by.clock.now()))
        elif self._is_time_to_move():
            self._note(self._unwritten.move())
        else:
            self._wait()

    def _claim(self) -> None:
        now = self._by.clock.now()
        if self._starts.out_of_reach or not self._is_open(now):
            return
        if self._was_beaten:
            # Another tick has claimed some, or nobody knows who has: what stands there is the truth.
            self._waiting.read(self._by.agenda.until(self._end), now)
            self._was_beaten = False
        room = CLAIMED_AT_MOST - self._starts.unsent
        ready = self._waiting.take(now, room) if room >= WORTH_A_CLAIM else []
        if ready:
            self._take_on(ready, now)

    def _take_on(self, ready: list[Due], now: datetime) -> None:
        # What is due in the running minute is never too late.
        claimed = self._by.claims.claim(
            ready, earliest=min(now.replace(second=0, microsecond=0), now - self._by.catch_up)
        )
        self._waiting.hold(claimed.dues)
        self._was_beaten = len(claimed.dues) < len(ready)
        self._starts.add(claimed.tries)
        for done in claimed.dones:
            self._settle(done, was_sent=False)
        for due in claimed.postponed:
            self._settle(postponed(due, self._end), was_sent=False)
        for due in claimed.untried:
            self._unwritten.add(due, was_sent=False)
        if isinstance(claimed.error, QrsUnreachable | QrsUnanswered):
            self._starts.give_up(claimed.error)
        elif claimed.has_asked and not claimed.error:
            self._starts.dare()

    def _is_time_to_tell(self) -> bool:
        untold = self._unwritten.untold
        return untold >= self._starts.worth_telling or (untold > 0 and (self._is_quiet or not self._starts.unsent))

    def _is_time_to_move(self) -> bool:
        if not self._unwritten.unmoved:
            return False
        if self._is_pressed():
            return self._unwritten.must_move(self._by.clock.now(), self._by.claims.lease)
        return self._is_quiet or not self._starts.unsent or self._unwritten.unmoved >= WORTH_A_MOVE

    def _is_pressed(self) -> bool:
        """True while others wait to be started."""
        if self._starts.out_of_reach:
            return False
        now, next_at = self._by.clock.now(), self._waiting.next_at
        return self._starts.waits or (next_at is not None and next_at <= now and self._is_open(now))

    def _note(self, written: Written) -> None:
        now = self._by.clock.now()
        self._starts.recorded(written.sent)
        self._waiting.let_go(written.let_go)
        for due in written.stands:
            self._waiting.add(due, now)

    def _wait(self) -> None:
        """Wait for an answer or for the next entry, whichever comes first."""
        if self._starts.unsent:
            answers = self._starts.take(self._answers_within())
            self._is_quiet = not answers
            for tried in answers:
                self._settle_tried(tried)
        elif self._goes_on() and not self._was_beaten and (seconds := self._seconds_to_next()) > 0:
            # What the claim of this round has found out may leave nothing to wait for.
            self._by.clock.sleep(seconds)
            self.waited += seconds

    def _answers_within(self) -> float:
        is_open = self._unwritten.untold or self._unwritten.unmoved
        return QUIET_SECONDS if is_open else max(QUIET_SECONDS, self._seconds_to_next())

    def _seconds_to_next(self) -> float:
        next_at = min(self._end, self._waiting.next_at or self._end)
        return (next_at - self._by.clock.now()).total_seconds()

    def _settle_tried(self, tried: Tried) -> None:
        run = run_of(tried)
        end = ends.done(tried.of.due, run) if run else given_back(tried, self._end)
        self._settle(end, was_sent=tried.was_sent)

    def _settle(self, end: Done | Due, *, was_sent: bool) -> None:
        self._unwritten.add(end, was_sent=was_sent)
        if isinstance(end, Due):
            self.counts[RETRIED] += bool(end.last_error)
        elif end.run:
            self.counts[end.run.outcome.value] += 1
            self._ended.append((end, end.run))


def _tell(end: Done, run: Run) -> None:
    level = logging.INFO if run.outcome is RunOutcome.STARTED else logging.WARNING
    if not log.isEnabledFor(level):
        return
    extra = {
        "action": "occurrence_ended",
        "schedule_id": run.schedule_id,
        "schedule": end.due.target.name,
        "outcome": run.outcome.value,
        "due": run.due.isoformat(),
        "late_seconds": run.late_seconds,
        "missed": run.missed_count,
        "reason": run.reason,
        "next": end.next_instant.isoformat() if end.next_instant else None,
    }
    log.log(level, "Schedule %s: %s", run.schedule_id, run.reason or run.outcome.value, extra=extra)
