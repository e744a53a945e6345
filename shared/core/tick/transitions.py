"""Fold into the state what a step of the tick brought back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from shared.core import endings
from shared.core.endings import Ending
from shared.core.entry import Entry, free_at
from shared.core.errors import QrsUnanswered, QrsUnreachable
from shared.core.tick.claiming import Settled
from shared.core.tick.reach import Reach
from shared.core.tick.state import Ended, Limits, Recorded, State, Waiting
from shared.core.tick.steps import Advance, Claim, Record, Send
from shared.core.tries import Tried, Try, given_back, postponed, run_of


def begun(begin: datetime, limits: Limits, entries: Sequence[Entry], now: datetime) -> State:
    """Return the state of a tick that has read the agenda of the minute from `begin` on.

    After trouble with Sense one start goes first, and the rest when it is answered.
    """
    after_trouble = any(entry.tries.last_error and entry.due_at <= now for entry in entries)
    reach = Reach(failures_allowed=1 if after_trouble else limits.connections)
    return read(State(begin=begin, limits=limits, reach=reach), entries, now)


def read(state: State, entries: Iterable[Entry], now: datetime) -> State:
    """Replace what waits with these entries, skipping schedules already in hand."""
    in_hand = state.in_hand
    free = [entry for entry in entries if entry.schedule_id not in in_hand]
    return replace(_with_waiting(replace(state, waiting=()), free, now), must_read_again=False)


def claimed(state: State, step: Claim, settled: Settled) -> State:
    """Take on the entries that a claim won; those first that did not fail before.

    A task that never answers must not be asked for all. Fewer than were wanted mean that another tick is at work.
    """
    tries = sorted(settled.tries, key=lambda each: bool(each.entry.tries.last_error))
    return replace(
        state,
        reach=_after_look(state, settled),
        waiting=step.rest,
        claimed=(*state.claimed, *tries),
        ended=(*state.ended, *_ended_unsent(settled, state.end)),
        must_read_again=settled.count < len(step.entries),
        has_just_claimed=True,
    )


def sent(state: State, step: Send) -> State:
    """Note that these starts use connections now."""
    return replace(state, claimed=state.claimed[len(step.tries) :], sending=(*state.sending, *step.tries))


def heard(state: State, answers: Iterable[Tried]) -> State:
    """Note whether Sense answers: threads that have a start in hand must see at once that it is out of reach."""
    reach = state.reach
    for tried in answers:
        reach = reach.after(tried, state.limits.connections)
    return replace(state, reach=reach)


def answered(state: State, answers: Sequence[Tried], now: datetime) -> State:
    """Take what became of starts that were heard; once Sense is out of reach, give back too what was not sent."""
    unsent = [Tried(of=each, at=now) for each in state.claimed] if state.reach.is_lost else []
    known = {_key(tried.of) for tried in answers}
    found = [_ended(tried, state.end) for tried in (*answers, *unsent)]
    return replace(
        state,
        claimed=() if state.reach.is_lost else state.claimed,
        sending=tuple(each for each in state.sending if _key(each) not in known),
        ended=(*state.ended, *found),
        is_quiet=not found,
        has_just_claimed=False,
    )


def _key(attempt: Try) -> tuple[str, datetime]:
    # A schedule may stand on the agenda twice, until the daily job mends that.
    return attempt.entry.schedule_id, attempt.entry.due_at


def waited(state: State) -> State:
    """Note that time has passed."""
    return replace(state, has_just_claimed=False)


def recorded(state: State, step: Record, overtaken: Iterable[Ending], stands: Iterable[Entry], now: datetime) -> State:
    """Note that all that had ended is recorded: `overtaken` with the runs that stand, `stands` given back."""
    recorded = [Recorded(at=step.at, ending=each) for each in (*step.endings, *overtaken)]
    soon = [each for each in recorded if _is_due_before(each.ending, state.end)]
    later = [each for each in recorded if not _is_due_before(each.ending, state.end)]
    noted = replace(
        state,
        ended=(),
        recorded_soon=(*state.recorded_soon, *soon),
        recorded_later=(*state.recorded_later, *later),
        has_just_claimed=False,
    )
    return _with_waiting(noted, stands, now)


def advanced(state: State, step: Advance, stands: Iterable[Entry], now: datetime) -> State:
    """Let go of the entries that have advanced; `stands` are those in their place."""
    soon = min(len(step.endings), len(state.recorded_soon))
    left = replace(
        state,
        recorded_soon=state.recorded_soon[soon:],
        recorded_later=state.recorded_later[len(step.endings) - soon :],
        has_just_claimed=False,
    )
    return _with_waiting(left, stands, now)


def troubled(state: State) -> State:
    """Note that storage failed: nobody knows what it did, so the step is done again after the agenda is read."""
    return replace(state, must_read_again=True, has_just_claimed=False)


def _with_waiting(state: State, entries: Iterable[Entry], now: datetime) -> State:
    """Add entries; what may not be claimed before the minute ends is left to the next tick."""
    free = ((free_at(entry, now, state.limits.lease), entry) for entry in entries)
    new = [Waiting(at, entry.schedule_id, entry.etag, entry) for at, entry in free if at < state.end]
    return replace(state, waiting=tuple(sorted((*state.waiting, *new)))) if new else state


def _after_look(state: State, settled: Settled) -> Reach:
    if isinstance(settled.error, QrsUnreachable | QrsUnanswered):
        return state.reach.lost(settled.error)
    has_answered = settled.has_asked and not settled.error
    return replace(state.reach, failures_allowed=state.limits.connections) if has_answered else state.reach


def _ended_unsent(settled: Settled, end: datetime) -> list[Ended]:
    return [
        *(Ended(end=ending) for ending in settled.endings),
        *(Ended(end=postponed(entry, end), is_retry=bool(entry.tries.last_error)) for entry in settled.postponed),
        *(Ended(end=entry) for entry in settled.untried),
    ]


def _ended(tried: Tried, end: datetime) -> Ended:
    if run := run_of(tried):
        return Ended(end=endings.ended(tried.of.entry, run), was_sent=tried.was_sent)
    entry = given_back(tried, end)
    return Ended(end=entry, was_sent=tried.was_sent, is_retry=bool(entry.tries.last_error))


def _is_due_before(ending: Ending, end: datetime) -> bool:
    return ending.next_instant is not None and ending.next_instant < end
