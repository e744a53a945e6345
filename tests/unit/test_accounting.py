"""Every occurrence is told once, whatever happens: as a run of its own, or counted by the one that overtook it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.endings import Ending, already_started, ended, following, missed
from shared.core.entry import Entry, Miss, Start, claimed, decide
from shared.core.errors import QrsRefused, QrsTimedOut, QrsUnreachable
from shared.core.rules import MOST_COUNTED
from shared.core.runs import Run, RunOutcome
from shared.core.tasks import Execution
from shared.core.tries import Tried, Try, given_back, run_of
from tests.unit.builders import (
    EXAMPLES,
    MINUTE,
    SECOND,
    Rhythm,
    a_claim,
    a_due,
    a_run,
    an_execution,
    rhythms,
    walk,
)

MORE_THAN_CLOCKS_PART = 3 * SECOND
WINDOWS = st.sampled_from([timedelta(0), MINUTE, 60 * MINUTE])


def an_entry(rhythm: Rhythm) -> Entry:
    instant = rhythm.rule.next_after(rhythm.moment)
    assert instant is not None
    return a_due(due_at=instant, cron=rhythm.cron, zone=rhythm.zone, seq=0)


def tells_of(run: Run, due: list[datetime]) -> bool:
    """Return whether the run stands for all that was due; it counts no further than a hundred."""
    itself = run.outcome is not RunOutcome.MISSED
    return run.due == due[-1] and run.missed_count + itself == min(len(due), MOST_COUNTED + itself)


@pytest.mark.no_cover
@EXAMPLES
@given(rhythm=rhythms(), gaps=st.floats(0, 30), window=WINDOWS)
def test_a_decision_tells_of_all_that_is_due_and_what_follows_is_the_first_after_it(
    rhythm: Rhythm, gaps: float, window: timedelta
) -> None:
    entry = an_entry(rhythm)
    now = max(entry.due_at, rhythm.after(gaps))
    due = walk(rhythm.rule, entry.due_at, now)
    decision = decide(entry, now, now - window)

    assert decision == (Start(occurrence=due[-1]) if due[-1] >= now - window else Miss(occurrence=due[-1]))
    run = a_run(due=due[-1]) if isinstance(decision, Start) else missed(entry, due[-1])
    end = ended(entry, run)
    assert end.run
    assert tells_of(end.run, due)
    assert end.next_instant == rhythm.rule.next_after(now)


@dataclass(kw_only=True)
class Life:
    """An entry and those that follow it, under ticks of which each has its own fate."""

    due: Entry
    now: datetime
    window: timedelta
    sent: list[str | None] = field(default_factory=list)
    last: Execution | None = None
    ends: list[Ending] = field(default_factory=list)

    def tick(self, fate: str) -> None:
        found, decision = self.due, decide(self.due, self.now, self.now - self.window)
        mine = claimed(found, decision, a_claim(), self.now)
        before = self.ends[-1].run if self.ends else None
        if known := already_started(found, self.last, before, self.now):
            self.end(mine, known)
        elif isinstance(decision, Miss):
            self.end(mine, missed(found, decision.occurrence))
        else:
            assert isinstance(decision, Start)
            self.start(Try(entry=mine, occurrence=decision.occurrence), fate)

    def start(self, attempt: Try, fate: str) -> None:
        match fate:
            case "started" | "killed when it was sent" | "answer lost":
                self.last = an_execution(self.now, id=f"execution of {self.now}")
                self.sent.append(self.last.id)
        tried = Tried(of=attempt, at=self.now)
        match fate:
            case "started":
                self.settle(replace(tried, execution_id=f"execution of {self.now}"))
            case "refused":
                self.settle(replace(tried, error=QrsRefused("400")))
            case "no connection":
                self.settle(replace(tried, error=QrsUnreachable("no connection")))
            case "answer lost" | "no answer":
                self.settle(replace(tried, error=QrsTimedOut("no answer")))
            case "not sent":
                self.settle(tried)
            case _:  # killed: the claim stands until its lease ends
                self.due = attempt.entry

    def settle(self, tried: Tried) -> None:
        if run := run_of(tried):
            self.end(tried.of.entry, run)
        else:
            self.due = given_back(tried, self.now + MINUTE)

    def end(self, due: Entry, run: Run) -> None:
        self.ends.append(ended(due, run))
        follower = following(self.ends[-1])
        assert follower
        self.due = follower

    @property
    def told(self) -> list[tuple[Ending, Run]]:
        return [(end, end.run) for end in self.ends if end.run]

    @property
    def runs(self) -> list[Run]:
        return [run for _, run in self.told]


FATES = st.sampled_from(
    [
        "started",
        "refused",
        "no connection",
        "no answer",
        "answer lost",
        "not sent",
        "killed when it was sent",
        "killed before",
    ]
)


@pytest.mark.no_cover
@EXAMPLES
@given(rhythm=rhythms(), window=WINDOWS, ticks=st.lists(st.tuples(st.floats(0, 3), FATES), min_size=1, max_size=12))
def test_whatever_becomes_of_ticks_and_starts_no_occurrence_is_lost_or_told_twice(
    rhythm: Rhythm, window: timedelta, ticks: list[tuple[float, str]]
) -> None:
    life = Life(due=an_entry(rhythm), now=rhythm.moment, window=window)
    for gaps, fate in ticks:
        life.now += max(MORE_THAN_CLOCKS_PART, gaps * rhythm.gap // SECOND * SECOND)
        if life.due.due_at <= life.now:
            life.tick(fate)

    assert [run.seq for run in life.runs] == list(range(len(life.runs)))
    assert all(tells_of(run, walk(rhythm.rule, end.entry.due_at, run.due)) for end, run in life.told)
    assert all(each.entry.due_at == rhythm.rule.next_after(run.due) for (_, run), (each, _) in pairwise(life.told))
    started = [run.execution_id for run in life.runs if run.outcome is RunOutcome.STARTED]
    assert life.sent[: len(started)] == started
    assert len(life.sent) - len(started) <= 1  # the last may be looked up yet
