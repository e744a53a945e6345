"""What the state of a tick is after each step, and what a tick comes to whatever its steps bring back."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.core.endings import Ending, following
from shared.core.entry import Entry
from shared.core.errors import QrsBusy, QrsDenied, QrsError, QrsTimedOut, QrsUnreachable
from shared.core.tick import transitions
from shared.core.tick.claiming import Settled
from shared.core.tick.reach import Reach
from shared.core.tick.state import Ended, State
from shared.core.tick.steps import Advance, Claim, Record, Send, Stop, Wait, next_step
from shared.core.tries import Tried, Try
from tests.saying import saying
from tests.unit.builders import EXAMPLES, MINUTE, NINE, SECOND, TEN, a_claim, a_due
from tests.unit.tick_builders import (
    CAREFUL,
    CONNECTIONS,
    END,
    IN_REACH,
    LEASE,
    LIMITS,
    MOST_UNRECORDED,
    OUT_OF_REACH,
    TEN_PAST,
    a_state,
    done,
    ended,
    entries,
    recorded,
    tried,
    tries,
    waiting,
)

SILENCE, BUSY = QrsTimedOut("No answer."), QrsBusy("Too many.")


def ids(state: State) -> list[str]:
    return [each.schedule_id for each in state.waiting]


class TestBegun:
    def test_what_may_be_claimed_in_the_minute_waits_in_the_order_of_time(self) -> None:
        later, now, held, after = (
            *entries(1, 1, due_at=NINE + 30 * SECOND),
            *entries(1, 2),
            *entries(1, 3, claim=a_claim(until=NINE + 10 * SECOND)),
            *entries(1, 4, not_before=END),
        )
        state = transitions.begun(NINE, LIMITS, [later, now, held, after], NINE)

        assert [(each.free_at, each.entry) for each in state.waiting] == [
            (NINE, now),
            (NINE + 12 * SECOND, held),
            (NINE + 30 * SECOND, later),
        ]
        assert (state.begin, state.limits, state.in_hand) == (NINE, LIMITS, set())

    @pytest.mark.parametrize(
        ("last_error", "instant", "allowed"),
        [("", NINE, CONNECTIONS), ("No answer.", NINE, 1), ("No answer.", NINE + SECOND, CONNECTIONS)],
    )
    def test_after_trouble_one_start_goes_first(self, last_error: str, instant: datetime, allowed: int) -> None:
        state = transitions.begun(NINE, LIMITS, entries(1, last_error=last_error, due_at=instant), NINE)

        assert state.reach == Reach(failures_allowed=allowed)


def test_the_agenda_replaces_what_waits_but_for_what_is_in_hand() -> None:
    state = a_state(
        waiting=waiting(entries(1, 99)),
        claimed=tries(1, 0),
        sending=tries(1, 1),
        ended=(*ended(1, 2), Ended(end=entries(1, 3)[0])),
        recorded_soon=recorded(1, 4),
        recorded_later=recorded(1, 5),
        must_read_again=True,
    )
    again = transitions.read(state, entries(8), NINE)

    assert (ids(again), again.must_read_again) == (["schedule 0006", "schedule 0007"], False)
    assert replace(again, waiting=state.waiting, must_read_again=True) == state


def test_of_a_schedule_that_stands_there_twice_at_one_time_the_etag_decides() -> None:
    twice = [a_due(etag="due 2"), a_due(etag="due 1")]

    assert [each.entry for each in transitions.begun(NINE, LIMITS, twice, NINE).waiting] == twice[::-1]


class TestClaimed:
    def test_tries_that_failed_before_come_last_and_behind_those_that_wait(self) -> None:
        failed, fresh = tries(2, 10, last_error="No answer."), tries(2, 20)
        before = a_state(waiting=waiting(entries(6)), claimed=tries(1))
        state = transitions.claimed(
            before,
            Claim(entries=entries(4), rest=waiting(entries(1, 5))),
            Settled(tries=(failed[0], fresh[0], failed[1], fresh[1])),
        )

        assert state.claimed == (*tries(1), *fresh, *failed)
        assert (ids(state), state.must_read_again, state.has_just_claimed) == (["schedule 0005"], False, True)

    def test_what_ends_without_a_start_is_to_be_recorded_or_given_back(self) -> None:
        gone, [late], [back], [silent] = (
            done(a_due(), execution_id=None),
            entries(1, 1, last_error="No connection."),
            entries(1, 2, last_error="Long ago."),
            entries(1, 3, last_error=""),
        )
        settled = Settled(endings=(gone,), postponed=(late, silent), untried=(back,), error=BUSY)
        state = transitions.claimed(a_state(ended=ended(1, 9)), Claim(entries=entries(4)), settled)

        assert state.ended == (
            *ended(1, 9),
            Ended(end=gone),
            Ended(end=saying(late, not_before=END), is_retry=True),
            Ended(end=saying(silent, not_before=END)),
            Ended(end=back),
        )
        assert (settled.count, state.must_read_again) == (4, False)

    def test_fewer_than_were_wanted_mean_that_another_tick_is_at_work(self) -> None:
        wanted = Claim(entries=entries(3))

        assert transitions.claimed(a_state(), wanted, Settled(tries=tries(2))).must_read_again
        assert not transitions.claimed(a_state(), wanted, Settled(tries=tries(3))).must_read_again

    @pytest.mark.parametrize(
        ("settled", "reach"),
        [
            (Settled(), CAREFUL),
            (Settled(has_asked=True), IN_REACH),
            (Settled(error=BUSY), CAREFUL),
            (Settled(has_asked=True, error=BUSY), CAREFUL),
            (Settled(error=QrsDenied("No right.")), CAREFUL),
            (Settled(error=SILENCE), replace(CAREFUL, trouble="No answer.")),
            (Settled(error=QrsUnreachable("No way.")), replace(CAREFUL, trouble="No way.")),
        ],
    )
    def test_a_look_at_sense_shows_whether_it_answers(self, settled: Settled, reach: Reach) -> None:
        assert transitions.claimed(a_state(reach=CAREFUL), Claim(), settled).reach == reach


def test_starts_that_are_sent_use_connections() -> None:
    state = transitions.sent(a_state(claimed=tries(5), sending=tries(1, 9)), Send(tries=tries(2)))

    assert (state.claimed, state.sending, state.unanswered) == (tries(3, 2), (*tries(1, 9), *tries(2)), 6)


class TestHeard:
    @pytest.mark.parametrize(
        ("answers", "begin", "reach"),
        [
            ([], CAREFUL, CAREFUL),
            ([None], CAREFUL, IN_REACH),
            ([BUSY], CAREFUL, IN_REACH),
            ([SILENCE], CAREFUL, Reach(failures_allowed=1, failures_in_a_row=1, trouble="No answer.")),
            ([SILENCE] * 3, IN_REACH, Reach(failures_allowed=4, failures_in_a_row=3)),
            ([SILENCE] * 4, IN_REACH, Reach(failures_allowed=4, failures_in_a_row=4, trouble="No answer.")),
            ([*[SILENCE] * 3, None, *[SILENCE] * 3], IN_REACH, Reach(failures_allowed=4, failures_in_a_row=3)),
            ([*[SILENCE] * 3, BUSY], IN_REACH, IN_REACH),
            ([None], OUT_OF_REACH, OUT_OF_REACH),
        ],
    )
    def test_as_many_failures_in_a_row_as_there_are_connections_mean_that_sense_is_away(
        self, answers: list[Exception | None], begin: Reach, reach: Reach
    ) -> None:
        found = [tried(each, error) for each, error in zip(tries(len(answers)), answers, strict=True)]

        assert transitions.heard(a_state(reach=begin), found).reach == reach

    def test_what_was_not_sent_changes_nothing(self) -> None:
        silent = Reach(failures_allowed=4, failures_in_a_row=3)

        assert transitions.heard(a_state(reach=silent), [Tried(of=tries(1)[0], at=NINE)]).reach == silent


class TestAnswered:
    def test_an_accepted_start_is_to_be_recorded_and_a_failed_one_given_back_for_the_next_minute(self) -> None:
        good, bad, unsent = tries(3)
        answers = [tried(good), tried(bad, SILENCE), Tried(of=unsent, at=TEN_PAST)]
        state = transitions.answered(
            a_state(sending=tries(4), ended=ended(1, 9), has_just_claimed=True, is_quiet=True), answers, TEN_PAST
        )

        run, again, back = state.ended[1:]
        assert isinstance(run.end, Ending)
        assert run.end.run
        assert (run.end.run.execution_id, run.end.next_instant, run.was_sent) == (
            "execution of schedule 0000",
            TEN,
            True,
        )
        assert isinstance(again.end, Entry)
        assert (again.end.tries.not_before, again.end.tries.last_error, again.was_sent, again.is_retry) == (
            END,
            "No answer.",
            True,
            True,
        )
        assert back == Ended(end=saying(unsent.entry, attempt=0, tried_since=None))
        assert (state.sending, state.unrecorded) == (tries(1, 3), 1 + 1 + 2)
        assert (state.is_quiet, state.has_just_claimed) == (False, False)

    def test_of_a_schedule_that_stands_there_twice_each_start_has_an_answer_of_its_own(self) -> None:
        [first], [second] = tries(1), tries(1, due_at=NINE + SECOND)
        state = transitions.answered(a_state(sending=(first, second)), [tried(first)], TEN_PAST)

        assert state.sending == (second,)

    def test_without_an_answer_it_is_quiet(self) -> None:
        state = transitions.answered(a_state(claimed=tries(1), sending=tries(1, 1), has_just_claimed=True), [], NINE)

        assert state == a_state(claimed=tries(1), sending=tries(1, 1), is_quiet=True)

    def test_sense_out_of_reach_what_was_not_sent_is_given_back_at_once(self) -> None:
        state = transitions.answered(a_state(claimed=tries(2), sending=tries(1, 5), reach=OUT_OF_REACH), [], TEN_PAST)

        assert state.ended == tuple(Ended(end=saying(each.entry, attempt=0, tried_since=None)) for each in tries(2))
        assert (state.claimed, state.sending, state.is_quiet) == ((), tries(1, 5), False)


def test_a_wait_lets_it_claim_again() -> None:
    assert transitions.waited(a_state(has_just_claimed=True, is_quiet=True)) == a_state(is_quiet=True)


def test_what_is_recorded_has_to_advance_and_what_was_given_back_waits() -> None:
    [old, other], [late] = entries(2, 50), entries(1, 60)
    [soon, later, ending, at_the_end] = (
        done(late, next_instant=END - SECOND),
        done(a_due()),
        done(a_due(), next_instant=None),
        done(a_due(), next_instant=END),
    )
    before = a_state(
        waiting=waiting([other], NINE + 5 * SECOND),
        ended=ended(3),
        recorded_soon=recorded(1, 70),
        recorded_later=recorded(1, 80),
        has_just_claimed=True,
    )
    step = Record(at=TEN_PAST, endings=(soon, later), overtaken=(later,), returned=(old,))
    stands = [replace(old, claim=a_claim(until=NINE + SECOND)), saying(other, not_before=END)]
    state = transitions.recorded(before, step, [ending, at_the_end], stands, TEN_PAST)

    assert [each.ending for each in state.recorded_soon] == [recorded(1, 70)[0].ending, soon]
    assert [each.ending for each in state.recorded_later] == [recorded(1, 80)[0].ending, later, ending, at_the_end]
    assert {each.at for each in (*state.recorded_soon[1:], *state.recorded_later[1:])} == {TEN_PAST}
    assert (state.ended, ids(state), state.has_just_claimed) == ((), [old.schedule_id, other.schedule_id], False)


def test_what_has_advanced_is_let_go_and_its_next_entry_waits_if_it_is_of_this_minute() -> None:
    soon, later = recorded(2), recorded(4, 10)
    step = Advance(endings=tuple(each.ending for each in (*soon, *later[:3])))
    taken = a_claim(until=NINE + 20 * SECOND)
    stands = [*entries(1, 0, due_at=NINE + 20 * SECOND, claim=taken), *entries(1, 10, due_at=TEN)]
    state = transitions.advanced(
        a_state(recorded_soon=soon, recorded_later=later, has_just_claimed=True), step, stands, NINE
    )

    assert (state.recorded_soon, state.recorded_later, state.has_just_claimed) == ((), later[3:], False)
    assert [each.entry for each in state.waiting] == stands[:1]


def test_of_more_than_a_transaction_that_are_due_again_the_rest_stays() -> None:
    soon, later = recorded(40), recorded(2, 100)
    step = Advance(endings=tuple(each.ending for each in soon[:33]))
    state = transitions.advanced(a_state(recorded_soon=soon, recorded_later=later), step, [], NINE)

    assert (state.recorded_soon, state.recorded_later) == (soon[33:], later)


def test_after_trouble_with_storage_the_agenda_is_read_again() -> None:
    assert transitions.troubled(a_state(has_just_claimed=True)) == a_state(must_read_again=True)


@dataclass(kw_only=True)
class World:
    """Storage and Sense, whose fates are drawn; each step takes some of the minute."""

    state: State
    fates: list[str]
    chance: Random
    now: datetime = NINE
    ends: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    steps: int = 0

    def fate(self) -> str:
        return self.chance.choice(["well", *self.fates])

    def tick(self) -> None:
        while not isinstance(step := next_step(self.state, self.now), Stop):
            self.steps += 1
            assert self.steps < 1000, "it goes round for ever"
            self.now += timedelta(milliseconds=7)
            if self.fate() == "storage fails" and isinstance(step, Claim | Record | Advance):
                self.now += SECOND
                self.state = transitions.troubled(self.state)
            else:
                self.state = self.after(step)
            assert self.state.unrecorded <= MOST_UNRECORDED
            assert self.state.unanswered <= 150

    def after(self, step: Claim | Send | Record | Advance | Wait) -> State:
        match step:
            case Claim(read_again=True):
                return transitions.read(self.state, [each.entry for each in self.state.waiting], self.now)
            case Claim():
                return self.claimed(step)
            case Send():
                return transitions.sent(self.state, step)
            case Wait(for_answers=True):
                return self.answered()
            case Wait(seconds=seconds):
                self.now += timedelta(seconds=seconds)
                return transitions.waited(self.state)
            case _:
                return self.recorded(step) if isinstance(step, Record) else self.advanced(step)

    def claimed(self, step: Claim) -> State:
        mark = a_claim(until=self.now + LEASE)
        dues = [saying(each, claim=mark, attempt=each.tries.attempt + 1) for each in step.entries]
        found = tuple(Try(entry=due, occurrence=due.due_at) for due in dues)
        return transitions.claimed(self.state, step, Settled(tries=found))

    def recorded(self, step: Record) -> State:
        self.ends.update((each.entry.schedule_id, each.entry.due_at) for each in (*step.endings, *step.overtaken))
        back = [replace(each, claim=None) for each in step.returned]
        return transitions.recorded(self.state, step, step.overtaken, back, self.now)

    def advanced(self, step: Advance) -> State:
        stands = [entry for each in step.endings if (entry := following(each))]
        return transitions.advanced(self.state, step, stands, self.now)

    def answered(self) -> State:
        answers = [self.tried(each) for each in self.state.sending[:3]] if self.fate() != "slow" else []
        return transitions.answered(transitions.heard(self.state, answers), answers, self.now)

    def tried(self, attempt: Try) -> Tried:
        errors: dict[str, QrsError] = {"no answer": SILENCE, "busy": BUSY}
        return tried(attempt, errors.get(self.fate()), at=self.now)


FATES = st.lists(st.sampled_from(["no answer", "busy", "slow", "storage fails"]), max_size=3)


# A life that goes round for ever takes long enough once: it is not made shorter.
@settings(EXAMPLES, max_examples=40, phases=(Phase.generate,))
@given(fates=FATES, seed=st.integers(0, 1000), number=st.integers(0, 120), with_seconds=st.integers(0, 2))
def test_whatever_steps_bring_back_a_tick_ends_and_nothing_is_recorded_twice_or_stays_in_hand(
    fates: list[str], seed: int, number: int, with_seconds: int
) -> None:
    agenda = [*entries(number), *entries(with_seconds, 1000, cron="*/5 * * * * *")]
    world = World(state=transitions.begun(NINE, LIMITS, agenda, NINE), fates=fates, chance=Random(seed))
    world.tick()

    assert set(world.ends.values()) <= {1}
    assert world.state.in_hand == set() or world.now > END + MINUTE
    if set(fates) <= {"slow"}:
        assert {key for key, instant in world.ends if instant == NINE} == {each.schedule_id for each in agenda}
