"""No number stands for two runs, and no occurrence starts twice, however callers and ticks meet on a schedule."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.core.due import Decision, Due, Start, claimed, decide, free_at
from shared.core.ends import Done, done, following, missed, next_seq
from shared.core.errors import QrsTimedOut, QrsUnreachable
from shared.core.runs import Run, RunOutcome
from shared.core.schedules import Change, Definition, State, created, edited, started, stopped
from shared.core.tries import Tried, Try, given_back, not_given_back, run_of
from tests.unit.builders import (
    EXAMPLES,
    EXECUTION,
    MINUTE,
    NINE,
    OTHER_TASK,
    SCHEDULE,
    SECOND,
    TASK,
    a_claim,
    a_definition,
)

LEASE = 45 * SECOND
# Callers' clocks part from those of ticks by so much.
APART = st.integers(-2, 2).map(lambda seconds: seconds * SECOND)
DEFINITIONS = st.builds(
    a_definition,
    cron=st.sampled_from(["* * * * *", "*/20 * * * * *", "*/2 * * * *"]),
    task_id=st.sampled_from([TASK, OTHER_TASK]),
)


class Meeting(RuleBasedStateMachine):
    """A schedule, its entry, a tick that may have it in hand and a history, as transactions under ETags leave them."""

    @initialize(definition=DEFINITIONS)
    def is_created(self, definition: Definition) -> None:
        self.now = NINE
        self.version = 0
        self.entry: Due | None = None
        self.hand: tuple[Due, Decision] | None = None
        self.told: Done | None = None
        self.numbers: dict[int, str] = {}
        self.starts: list[datetime] = []
        self.write(created(SCHEDULE, definition, NINE))

    def write(self, change: Change | None) -> None:
        if change is None:
            return
        assert change.after
        if change.left_out and change.left_out.seq not in self.numbers:
            assert self.entry
            self.tell(change.left_out, self.entry)
        self.schedule = change.after
        self.put(change.due_after)

    def put(self, entry: Due | None) -> None:
        """Store an entry; the number of the row's version is its ETag, and a change of instant makes it another."""
        self.version += 1
        self.entry = replace(entry, etag=str(self.version)) if entry else None

    def tell(self, run: Run, due: Due) -> None:
        assert run.seq == due.seq
        assert self.numbers.setdefault(run.seq, f"{due.instant}") == f"{due.instant}"
        if run.outcome is RunOutcome.STARTED:
            self.starts.append(run.due)

    @property
    def is_ours(self) -> bool:
        return self.entry is not None and self.hand is not None and self.entry.etag == self.hand[0].etag

    @rule(seconds=st.sampled_from([1, 5, 20, 60, 200]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @precondition(lambda self: self.hand is None and self.entry and free_at(self.entry, self.now, LEASE) <= self.now)
    @rule()
    def a_tick_claims(self) -> None:
        assert self.entry
        decision = decide(self.entry, self.now, self.now - MINUTE)
        is_told = self.entry.tried_since is not None and self.entry.seq in self.numbers
        self.put(claimed(self.entry, decision, a_claim(until=self.now + LEASE), self.now))
        self.hand = (self.entry, decision)
        self.told = done(self.entry, self.last_told) if is_told else None

    @precondition(lambda self: self.hand and not self.told)
    @rule(error=st.sampled_from([None, QrsUnreachable("no connection"), QrsTimedOut("no answer")]))
    def it_starts(self, error: Exception | None) -> None:
        assert self.hand
        due, decision = self.hand
        if isinstance(decision, Start):
            tried = Tried(of=Try(due=due, occurrence=decision.occurrence), at=self.now, error=error)
            self.settle(tried if error else replace(tried, execution_id=EXECUTION))
        else:
            self.record(due, missed(due, due.instant))

    @precondition(lambda self: self.hand and not self.told and isinstance(self.hand[1], Start))
    @rule()
    def it_sends_nothing(self) -> None:
        assert self.hand
        due, decision = self.hand
        assert isinstance(decision, Start)
        self.settle(Tried(of=Try(due=due, occurrence=decision.occurrence), at=self.now))

    def settle(self, tried: Tried) -> None:
        if run := run_of(tried):
            self.record(tried.of.due, run)
            return
        returned = given_back(tried, self.now + MINUTE)
        if self.is_ours:
            self.put(returned)
        elif run := not_given_back(returned):
            self.tell(run, returned)
        self.hand = None

    def record(self, due: Due, run: Run) -> None:
        self.tell(run, due)
        self.last_told = run
        self.told = done(due, run)

    @precondition(lambda self: self.hand and self.told)
    @rule()
    def it_moves_on(self) -> None:
        assert self.told
        assert self.told.run
        if self.is_ours:
            self.put(following(self.told))
            assert self.entry
            self.schedule = replace(
                self.schedule, due=self.entry.instant, seq=next_seq(self.told), last_due=self.told.run.due
            )
        self.hand = self.told = None

    @precondition(lambda self: self.hand)
    @rule()
    def it_dies(self) -> None:
        self.hand = self.told = None

    @rule(apart=APART)
    def a_caller_stops(self, apart: timedelta) -> None:
        self.write(stopped(self.schedule, self.entry, self.now + apart))

    @rule(apart=APART)
    def a_caller_starts(self, apart: timedelta) -> None:
        self.write(started(self.schedule, self.now + apart))

    @rule(apart=APART, definition=DEFINITIONS)
    def a_caller_edits(self, apart: timedelta, definition: Definition) -> None:
        self.write(edited(self.schedule, self.entry, definition, self.now + apart))

    @invariant()
    def a_started_schedule_has_its_entry_and_a_stopped_one_none(self) -> None:
        there = (self.entry.instant, self.entry.seq) if self.entry else None
        assert there == ((self.schedule.due, self.schedule.seq) if self.schedule.state is State.STARTED else None)

    @invariant()
    def no_occurrence_starts_twice(self) -> None:
        assert self.starts == sorted(set(self.starts))


def test_callers_and_ticks_may_meet_in_any_order() -> None:
    run_state_machine_as_test(Meeting, settings=settings(EXAMPLES, max_examples=40, stateful_step_count=30))
