"""What a tick does next, as a table for each rule: the state, the time, the step."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.core.endings import Ending
from shared.core.runs import RunOutcome
from shared.core.tick.state import Ended
from shared.core.tick.steps import Advance, Claim, Record, Send, Step, Stop, Wait, may_be_sent, next_step
from tests.unit.builders import MILLISECOND, MINUTE, NINE, SECOND, a_claim, a_due
from tests.unit.tick_builders import (
    CAREFUL,
    END,
    LEASE,
    MOST_UNRECORDED,
    OUT_OF_REACH,
    TEN_PAST,
    TIMEOUT,
    WORTH_A_RECORD,
    a_state,
    done,
    ended,
    entries,
    recorded,
    seconds,
    tries,
    waiting,
)

DUE = waiting(entries(3, 500))
LATER = waiting(entries(1, 600), free_at=NINE + 20 * SECOND)
IN_THE_MINUTE = NINE + 30 * SECOND


def step(now: datetime = TEN_PAST, **state: Any) -> Step:
    return next_step(a_state(**state), now)


def kind(now: datetime = TEN_PAST, **state: Any) -> type[Step]:
    return type(step(now, **state))


class TestClaim:
    def test_what_is_due_is_claimed_and_what_is_not_waits(self) -> None:
        assert step(waiting=(*DUE, *LATER)) == Claim(entries=entries(3, 500), rest=LATER)

    @pytest.mark.parametrize(("early", "expected"), [(0 * SECOND, Claim), (MILLISECOND, Wait)])
    def test_an_entry_is_claimed_on_its_second(self, early: Any, expected: type[Step]) -> None:
        assert kind(NINE + 20 * SECOND - early, waiting=LATER) is expected

    def test_at_most_a_hundred_are_claimed_at_once(self) -> None:
        assert step(waiting=waiting(entries(101))) == Claim(entries=entries(100), rest=waiting(entries(1, 100)))

    @pytest.mark.parametrize(("unanswered", "claimed"), [(0, 100), (49, 51), (50, 50), (51, 0), (99, 0), (100, 0)])
    def test_a_claim_is_made_when_there_is_room_for_fifty(self, unanswered: int, claimed: int) -> None:
        sending = min(unanswered, MOST_UNRECORDED)
        found = step(
            waiting=waiting(entries(200)),
            sending=tries(sending, 1000),
            claimed=tries(unanswered - sending, 2000),
        )

        assert (len(found.entries) if isinstance(found, Claim) else 0) == claimed

    @pytest.mark.parametrize(
        ("now", "is_claimed"),
        [
            (NINE - 6 * SECOND, False),
            (NINE - 5 * SECOND, True),
            (NINE, True),
            (END - MILLISECOND, True),
            (END, False),
            (END + MINUTE, False),
            (NINE - 60 * MINUTE, False),
        ],
    )
    def test_only_in_its_minute_a_tick_claims(self, now: datetime, *, is_claimed: bool) -> None:
        free = waiting(entries(1), free_at=NINE - 60 * MINUTE)

        assert kind(now, waiting=free) is (Claim if is_claimed else Stop)
        assert kind(now, must_read_again=True) is (Claim if is_claimed else Stop)

    def test_sense_out_of_reach_nothing_is_claimed(self) -> None:
        assert kind(waiting=DUE, reach=OUT_OF_REACH) is Stop
        assert kind(must_read_again=True, reach=OUT_OF_REACH) is Stop

    @pytest.mark.parametrize("claimed", [0, 90])
    def test_the_agenda_is_read_again_before_anything_else_is_claimed(self, claimed: int) -> None:
        assert step(waiting=DUE, claimed=tries(claimed), must_read_again=True) == Claim(read_again=True)

    def test_of_a_schedule_that_stands_there_twice_one_entry_is_claimed(self) -> None:
        twice = [a_due(), a_due(due_at=NINE + SECOND), *entries(1)]

        assert step(waiting=waiting(twice)) == Claim(entries=(twice[0], twice[2]))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"since": NINE - MINUTE}, {"since": NINE - SECOND}),
            ({"since": NINE - 60 * MINUTE, "not_before": NINE - SECOND}, {"since": NINE}),
            ({"since": NINE - MINUTE}, {"since": NINE - 60 * MINUTE, "not_before": NINE}),
            ({"since": NINE - 60 * MINUTE}, {"since": NINE - MINUTE, "not_before": NINE - 2 * MINUTE}),
            ({"since": NINE - MINUTE}, {"since": None}),
        ],
        ids=["of another rhythm", "tried before", "tried meanwhile", "dealt with after a try", "of the version before"],
    )
    @pytest.mark.parametrize("swapped", [False, True])
    def test_whose_schedule_waits_longest_for_a_turn_is_claimed_first(
        self, one: dict[str, Any], other: dict[str, Any], *, swapped: bool
    ) -> None:
        longest, others = entries(1, 500, **one), entries(100, **other)
        found = waiting(others, NINE - 20 * SECOND), waiting(longest)
        state = a_state(
            waiting=(*found[0], *found[1]) if not swapped else (*waiting(longest, NINE - MINUTE), *found[0])
        )

        assert next_step(state, TEN_PAST) == Claim(entries=(*longest, *others[:99]), rest=found[0][99:])

    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            ({"claimed": tries(3)}, Send),
            ({"ended": ended(WORTH_A_RECORD, was_sent=False)}, Record),
            ({"recorded_soon": recorded(1)}, Advance),
            ({}, Wait),
        ],
    )
    def test_after_a_claim_something_else_is_done_first(self, state: dict[str, Any], expected: type[Step]) -> None:
        assert kind(waiting=DUE, has_just_claimed=True, **state) is expected
        assert kind(waiting=DUE, **state) is Claim


class TestSend:
    @pytest.mark.parametrize(
        ("sending", "sent_and_ended", "room"), [(0, 0, 16), (16, 0, 0), (15, 0, 1), (0, 7, 9), (10, 6, 0), (0, 17, 0)]
    )
    def test_at_most_four_starts_for_each_connection_are_unrecorded(
        self, sending: int, sent_and_ended: int, room: int
    ) -> None:
        state = a_state(claimed=tries(30), sending=tries(sending, 100), ended=ended(sent_and_ended, 200))

        found = next_step(state, TEN_PAST)
        assert (found == Send(tries=tries(30)[:room])) is (room > 0)
        assert isinstance(found, Send) is (room > 0)

    def test_what_ended_without_a_start_leaves_its_room_to_others(self) -> None:
        ends = ended(WORTH_A_RECORD, 100, was_sent=False)

        assert step(claimed=tries(30), ended=ends) == Send(tries=tries(16))

    def test_after_trouble_one_start_goes_alone(self) -> None:
        assert step(claimed=tries(3), reach=CAREFUL) == Send(tries=tries(1))
        assert kind(claimed=tries(2, 1), sending=tries(1), reach=CAREFUL) is Wait

    def test_sense_out_of_reach_nothing_is_handed_over_and_answers_are_not_waited_for(self) -> None:
        assert step(claimed=tries(3), reach=OUT_OF_REACH) == Wait(seconds=0.0, for_answers=True)

    def test_starts_are_sent_after_the_minute_too(self) -> None:
        assert kind(END + 30 * SECOND, claimed=tries(1)) is Send


class TestMayBeSent:
    @pytest.mark.parametrize(
        ("left", "expected"),
        [
            (TIMEOUT + 5 * SECOND, True),
            (TIMEOUT + 5 * SECOND - MILLISECOND, False),
            (TIMEOUT, False),
            (SECOND, False),
            (-SECOND, False),
            (LEASE, True),
        ],
    )
    def test_a_start_is_sent_while_its_claim_lasts_longer_than_it_may_take(self, left: Any, *, expected: bool) -> None:
        [attempt] = tries(1, claim=a_claim(until=NINE + left))

        assert may_be_sent(a_state(), attempt, NINE) is expected

    def test_a_start_without_a_claim_is_not_sent(self) -> None:
        assert not may_be_sent(a_state(), tries(1, claim=None)[0], NINE)

    def test_sense_out_of_reach_nothing_is_sent(self) -> None:
        assert not may_be_sent(a_state(reach=OUT_OF_REACH), tries(1)[0], NINE)


class TestRecord:
    @pytest.mark.parametrize(
        ("number", "sending", "is_quiet", "expected"),
        [
            (WORTH_A_RECORD, 4, False, Record),
            (WORTH_A_RECORD - 1, 4, False, Wait),
            (WORTH_A_RECORD - 1, 0, False, Record),
            (1, 4, True, Record),
            (1, 0, False, Record),
            (0, 4, True, Wait),
        ],
    )
    def test_half_of_what_may_be_unrecorded_is_recorded_or_what_there_is_when_it_is_quiet(
        self, number: int, sending: int, *, is_quiet: bool, expected: type[Step]
    ) -> None:
        state = a_state(ended=ended(number), sending=tries(sending, 100), is_quiet=is_quiet)

        assert type(next_step(state, TEN_PAST)) is expected

    @pytest.mark.parametrize(
        ("until", "is_over"),
        [
            (TEN_PAST + SECOND, False),
            (TEN_PAST + MILLISECOND, False),
            (TEN_PAST, True),
            (TEN_PAST - SECOND, True),
            (None, False),
        ],
    )
    def test_a_run_whose_claim_is_over_may_be_known_better(self, until: datetime | None, *, is_over: bool) -> None:
        end = done(a_due(claim=a_claim(until=until) if until else None))
        found = step(ended=(Ended(end=end, was_sent=True),))

        assert found == Record(at=TEN_PAST, endings=() if is_over else (end,), overtaken=(end,) if is_over else ())

    def test_runs_are_recorded_and_the_others_given_back(self) -> None:
        [back], [one] = entries(1, 50), ended(1)

        found = step(ended=(Ended(end=back, is_retry=True), one))

        assert found == Record(at=TEN_PAST, endings=(one.end,) if isinstance(one.end, Ending) else (), returned=(back,))

    def test_what_somebody_took_away_has_a_run_if_it_was_tried(self) -> None:
        tried, untried, stands = (
            entries(1, 0, last_error="No answer.")[0],
            entries(1, 1)[0],
            entries(1, 2, last_error="No answer.")[0],
        )

        [run] = Record(at=NINE, returned=(tried, untried, stands)).taken_away([stands])

        assert (run.schedule_id, run.outcome) == (tried.schedule_id, RunOutcome.FAILED)


class TestAdvance:
    @pytest.mark.parametrize(
        ("number", "sending", "is_quiet", "expected"),
        [(1, 0, False, Advance), (33, 4, False, Advance), (32, 4, False, Wait), (1, 4, True, Advance)],
    )
    def test_as_many_advance_as_fit_a_transaction_or_what_there_is_when_it_is_quiet(
        self, number: int, sending: int, *, is_quiet: bool, expected: type[Step]
    ) -> None:
        soon, later = recorded(number // 2), recorded(number - number // 2, 100)
        state = a_state(
            recorded_soon=soon, recorded_later=later, sending=tries(sending, 300), is_quiet=is_quiet, waiting=LATER
        )

        assert type(next_step(state, TEN_PAST)) is expected

    def test_what_is_due_again_in_this_minute_advances_first_then_the_oldest(self) -> None:
        soon, later = recorded(3), recorded(40, 100)
        found = step(recorded_soon=soon, recorded_later=later)

        assert found == Advance(endings=tuple(each.ending for each in (*soon, *later[:30])))
        assert step(recorded_soon=recorded(40)) == Advance(endings=tuple(each.ending for each in recorded(33)))

    @pytest.mark.parametrize(
        ("phase", "age", "expected"),
        [
            ("recorded_soon", SECOND, False),
            ("recorded_soon", SECOND + MILLISECOND, True),
            ("recorded_later", LEASE / 2, False),
            ("recorded_later", LEASE / 2 + MILLISECOND, True),
            ("recorded_later", LEASE, True),
        ],
    )
    @pytest.mark.parametrize(
        "others",
        [
            {"claimed": tries(40, 100), "sending": tries(16, 200)},
            {"waiting": DUE, "has_just_claimed": True},
            {"waiting": DUE, "sending": tries(16, 200), "claimed": tries(40, 100)},
            {"waiting": waiting(entries(1), free_at=IN_THE_MINUTE), "has_just_claimed": True},
        ],
        ids=["claimed", "due", "both", "due now"],
    )
    def test_while_others_wait_to_be_started_only_what_can_wait_no_longer_advances(
        self, phase: str, age: Any, others: dict[str, Any], *, expected: bool
    ) -> None:
        now = IN_THE_MINUTE
        found = step(now, **{phase: recorded(40, 300, at=now - age), **others})

        assert isinstance(found, Advance) is expected

    @pytest.mark.parametrize(
        ("now", "state"),
        [
            (IN_THE_MINUTE, {"claimed": tries(3), "reach": OUT_OF_REACH, "is_quiet": True}),
            (IN_THE_MINUTE, {"waiting": DUE, "reach": OUT_OF_REACH}),
            (IN_THE_MINUTE, {"waiting": waiting(entries(1), free_at=IN_THE_MINUTE + SECOND)}),
            (END, {"waiting": DUE}),
            (NINE - MINUTE, {"waiting": waiting(entries(1), free_at=NINE - MINUTE)}),
        ],
    )
    def test_where_nobody_else_can_be_started_nothing_is_waited_for(self, now: datetime, state: dict[str, Any]) -> None:
        assert kind(now, recorded_later=recorded(1, 700, at=now), **state) is Advance


class TestWait:
    @pytest.mark.parametrize(
        ("state", "now", "wait"),
        [
            ({"waiting": LATER}, TEN_PAST, 10),
            ({"sending": tries(1), "waiting": LATER}, TEN_PAST, 10),
            ({"sending": tries(1)}, TEN_PAST, 50),
            ({"sending": tries(1)}, END + SECOND, 0.03),
            ({"sending": tries(1), "waiting": LATER}, NINE + seconds(19.99), 0.03),
            ({"sending": tries(1), "ended": ended(1, 10)}, TEN_PAST, 0.03),
            ({"sending": tries(1), "recorded_later": recorded(1, 10)}, TEN_PAST, 0.03),
            ({"sending": tries(1), "recorded_soon": recorded(1, 10)}, TEN_PAST, 0.03),
            (
                {"claimed": tries(1), "reach": replace(OUT_OF_REACH, failures_allowed=1), "sending": tries(1, 5)},
                END,
                0.03,
            ),
        ],
    )
    def test_it_waits_for_the_first_answer_or_for_the_next_entry(
        self, state: dict[str, Any], now: datetime, wait: float
    ) -> None:
        found = step(now, **state)

        assert isinstance(found, Wait)
        assert found.seconds == pytest.approx(wait)
        assert found.for_answers is ("sending" in state)

    def test_claimed_starts_that_can_not_be_sent_now_are_not_waited_for(self) -> None:
        state = a_state(claimed=tries(1), ended=ended(1, 10), reach=CAREFUL)

        assert next_step(state, TEN_PAST) == Wait(seconds=0.0, for_answers=True)

    @pytest.mark.parametrize("state", [{"must_read_again": True, "waiting": LATER}, {"waiting": DUE}])
    def test_when_a_claim_leaves_more_to_claim_nothing_is_waited_for(self, state: dict[str, Any]) -> None:
        assert step(has_just_claimed=True, **state) == Wait(seconds=0.0)


class TestStop:
    def test_it_stops_when_nothing_is_left_for_this_minute(self) -> None:
        assert step() == Stop()

    IN_HAND: tuple[dict[str, Any], ...] = ({"claimed": tries(1)}, {"sending": tries(1)}, {"ended": ended(1)})

    @pytest.mark.parametrize("state", [*IN_HAND, {"recorded_soon": recorded(1)}, {"recorded_later": recorded(1)}])
    @pytest.mark.parametrize("now", [NINE - MINUTE, TEN_PAST, END, END + MINUTE])
    def test_it_does_not_while_it_has_something_in_hand(self, state: dict[str, Any], now: datetime) -> None:
        assert kind(now, **state) is not Stop

    @pytest.mark.parametrize("state", IN_HAND)
    def test_a_minute_after_its_end_what_was_started_is_still_recorded(self, state: dict[str, Any]) -> None:
        assert kind(END + MINUTE + MILLISECOND, **state) is not Stop

    @pytest.mark.parametrize("phase", ["recorded_soon", "recorded_later"])
    def test_a_minute_after_its_end_the_next_tick_advances_what_is_recorded(self, phase: str) -> None:
        assert kind(END + MINUTE + MILLISECOND, **{phase: recorded(1)}) is Stop

    @pytest.mark.parametrize("reach", [OUT_OF_REACH, replace(OUT_OF_REACH, trouble="")])
    def test_it_stops_when_sense_is_out_of_reach(self, reach: Any) -> None:
        assert kind(waiting=LATER, reach=reach) is Stop

    def test_it_goes_on_after_the_entry_that_comes_next(self) -> None:
        assert kind(waiting=LATER) is Wait
