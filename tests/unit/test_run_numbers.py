"""No number stands for two runs, no occurrence starts twice and none is untold, however callers and ticks meet."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
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

from shared.core.endings import Ending, ended, following, missed, next_seq
from shared.core.entry import Decision, Entry, Miss, Start, claimed, counted_from, decide, free_at
from shared.core.errors import QrsTimedOut, QrsUnreachable
from shared.core.rules import whole
from shared.core.runs import Run, RunOutcome
from shared.core.schedule_changes import activated, created, edited, stopped
from shared.core.schedules import Change, Definition, State
from shared.core.tries import Tried, Try, given_back, not_given_back, run_of, untried
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
    walk,
)

LEASE = 45 * SECOND
# Callers' clocks part from those of ticks by so much.
APART = st.integers(-2, 2).map(lambda seconds: seconds * SECOND)
DEFINITIONS = st.builds(
    a_definition,
    name=st.sampled_from(["Sales", "Costs"]),
    cron=st.sampled_from(["* * * * *", "*/20 * * * * *", "*/2 * * * *"]),
    task_id=st.sampled_from([TASK, OTHER_TASK]),
)


class Meeting(RuleBasedStateMachine):
    """A schedule, its entry, a tick that may have it in hand and a history, as transactions under ETags leave them.

    `owed` are numbers, and how many occurrences their rows must tell of, once the entry that stood for them is gone.
    """

    @initialize(definition=DEFINITIONS)
    def is_created(self, definition: Definition) -> None:
        self.now = NINE
        self.version = 0
        self.entry: Entry | None = None
        self.hand: tuple[Entry, Decision] | None = None
        self.told: Ending | None = None
        self.numbers: dict[int, str] = {}
        self.rows: dict[int, Run] = {}
        self.owed: list[tuple[range, int]] = []
        self.starts: list[datetime] = []
        self.is_doubtful = False
        self.write(created(SCHEDULE, definition, NINE))

    def write(self, change: Change | None, now: datetime = NINE) -> None:
        if change is None:
            return
        assert change.after
        for run in change.after.left_out:
            self.rows.setdefault(run.seq, run)
        self.owe(change, now)
        self.schedule = replace(change.after, left_out=())
        self.put(change.entry_after)

    def owe(self, change: Change, now: datetime) -> None:
        """Note what must be told of an entry that a change takes away: what was due by then, and what a tick has."""
        old, new = change.entry_before, change.entry_after
        if old is None or (new and new.due_at == old.due_at and new.rule == old.rule):
            return
        goes_on = new is not None and new.rule == old.rule
        assert change.after
        until = counted_from(new) if new and goes_on else max([now, *(run.due for run in change.after.left_out)])
        due = walk(whole(old.rule), old.due_at, until)
        self.owed.append((range(old.seq, change.after.seq), len(due)))

    def put(self, entry: Entry | None) -> None:
        """Store an entry; the number of the row's version is its ETag, and a change of instant makes it another."""
        self.version += 1
        self.entry = replace(entry, etag=str(self.version)) if entry else None

    def tell(self, run: Run, due: Entry) -> None:
        """Take down what a tick knows, which stands above what a caller left."""
        assert run.seq == due.seq
        assert self.numbers.setdefault(run.seq, f"{due.due_at}") == f"{due.due_at}"
        self.rows[run.seq] = run
        if run.outcome is RunOutcome.STARTED:
            self.starts.append(run.due)

    @property
    def is_ours(self) -> bool:
        if self.entry is None or self.hand is None:
            return False
        return self.entry.claim == self.hand[0].claim and self.entry.seq == self.hand[0].seq

    @rule(seconds=st.sampled_from([1, 5, 20, 60, 200]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @precondition(lambda self: self.hand is None and self.entry and free_at(self.entry, self.now, LEASE) <= self.now)
    @rule()
    def a_tick_claims(self) -> None:
        assert self.entry
        found, decision = self.entry, decide(self.entry, self.now, self.now - MINUTE)
        is_told = found.tries.tried_since is not None and found.seq in self.numbers
        claim = a_claim(owner=f"tick {self.version}", until=self.now + LEASE)
        self.put(claimed(found, decision, claim, self.now))
        self.hand = (self.entry, decision)
        self.told = ended(self.entry, self.rows[found.seq]) if is_told else None
        self.is_doubtful = found.tries.tried_since is not None and not is_told
        self.found = found

    @precondition(lambda self: self.hand and self.is_doubtful)
    @rule()
    def its_look_finds_nothing(self) -> None:
        assert self.hand
        if self.is_ours:
            assert self.entry
            self.put(replace(untried(self.found, self.entry), claim=None, target=self.entry.target))
        self.hand = None

    @precondition(lambda self: self.hand and not self.told and not self.is_doubtful)
    @rule(error=st.sampled_from([None, QrsUnreachable("no connection"), QrsTimedOut("no answer")]))
    def it_starts(self, error: Exception | None) -> None:
        assert self.hand
        due, decision = self.hand
        if isinstance(decision, Start):
            tried = Tried(of=Try(entry=due, occurrence=decision.occurrence), at=self.now, error=error)
            self.settle(tried if error else replace(tried, execution_id=EXECUTION))
        else:
            assert isinstance(decision, Miss)
            self.record(due, missed(due, decision.occurrence))

    @precondition(lambda self: self.hand and not self.told and not self.is_doubtful and isinstance(self.hand[1], Start))
    @rule()
    def it_sends_nothing(self) -> None:
        assert self.hand
        due, decision = self.hand
        assert isinstance(decision, Start)
        self.settle(Tried(of=Try(entry=due, occurrence=decision.occurrence), at=self.now))

    def settle(self, tried: Tried) -> None:
        if run := run_of(tried):
            self.record(tried.of.entry, run)
            return
        returned = given_back(tried, self.now + MINUTE)
        if self.is_ours:
            self.put(replace(returned, claim=None))
        elif run := not_given_back(returned):
            self.rows.setdefault(run.seq, run)
        self.hand = None

    def record(self, due: Entry, run: Run) -> None:
        self.told = ended(due, run)
        assert self.told.run
        self.tell(self.told.run, due)

    @precondition(lambda self: self.hand and self.told)
    @rule()
    def it_moves_on(self) -> None:
        assert self.told
        assert self.told.run
        if self.is_ours:
            assert self.entry
            self.owed.append((range(self.entry.seq, self.entry.seq + 1), self.due_until(self.told.run.due)))
            follower = following(replace(self.told, entry=replace(self.told.entry, target=self.entry.target)))
            assert follower
            self.put(follower)
            self.schedule = replace(
                self.schedule, due_at=follower.due_at, seq=next_seq(self.told), last_due=self.told.run.due
            )
        self.hand = self.told = None

    def due_until(self, until: datetime) -> int:
        assert self.entry
        return len(walk(whole(self.entry.rule), self.entry.due_at, until))

    @precondition(lambda self: self.hand)
    @rule()
    def it_dies(self) -> None:
        self.hand = self.told = None

    @rule(apart=APART)
    def a_caller_stops(self, apart: timedelta) -> None:
        self.write(stopped(self.schedule, self.entry, self.now + apart), self.now + apart)

    @rule(apart=APART)
    def a_caller_starts(self, apart: timedelta) -> None:
        self.write(activated(self.schedule, self.now + apart), self.now + apart)

    @rule(apart=APART, definition=DEFINITIONS)
    def a_caller_edits(self, apart: timedelta, definition: Definition) -> None:
        self.write(edited(self.schedule, self.entry, definition, self.now + apart), self.now + apart)

    @invariant()
    def a_started_schedule_has_its_entry_and_a_stopped_one_none(self) -> None:
        there = (self.entry.due_at, self.entry.seq) if self.entry else None
        assert there == ((self.schedule.due_at, self.schedule.seq) if self.schedule.state is State.ACTIVE else None)

    @invariant()
    def what_an_entry_stood_for_is_told_once_it_is_gone(self) -> None:
        for numbers, owed in self.owed:
            told = [self.rows[number] for number in numbers if number in self.rows]
            assert sum(run.missed_count + (run.outcome is not RunOutcome.MISSED) for run in told) == owed

    @invariant()
    def no_occurrence_starts_twice(self) -> None:
        assert self.starts == sorted(set(self.starts))


@pytest.mark.no_cover
def test_callers_and_ticks_may_meet_in_any_order() -> None:
    run_state_machine_as_test(Meeting, settings=settings(EXAMPLES, max_examples=60, stateful_step_count=30))
