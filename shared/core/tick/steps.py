"""Decide what a tick does next: claim, send, record, advance, wait or stop."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from shared.core.endings import Ending
from shared.core.entry import Entry
from shared.core.runs import Run
from shared.core.tick.state import Recorded, State, Waiting
from shared.core.tries import Try, not_given_back

# As many as fit a transaction, and as a tick that dies may leave to the next one.
CLAIMED_AT_MOST = 100
WORTH_A_CLAIM = 50
# As many schedules as fit one transaction.
WORTH_AN_ADVANCE = 33
# Without another answer for so long, what there is gets written.
QUIET_SECONDS = 0.03
# How long what is due again in this minute may wait for others to be started.
SOON = timedelta(seconds=1)
# So long after the minute what storage does not take is left to the next tick.
LONGEST_AFTER = timedelta(seconds=60)
# A start may take its time-out and the seconds of connecting; only then its claim may end.
SPARE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Claim these entries, and leave the rest of those that wait; with `read_again` read the agenda instead.

    Of a schedule with several entries only the first is among them.
    """

    entries: tuple[Entry, ...] = ()
    rest: tuple[Waiting, ...] = ()
    read_again: bool = False


@dataclass(frozen=True, kw_only=True)
class Send:
    """Hand these claimed starts to the connections."""

    tries: tuple[Try, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """Write the runs of `endings` into history and give `returned` back.

    The claims of `overtaken` are over: another tick may have recorded their runs, and then knows better.
    """

    at: datetime
    endings: tuple[Ending, ...] = ()
    overtaken: tuple[Ending, ...] = ()
    returned: tuple[Entry, ...] = ()

    def taken_away(self, stands: Iterable[Entry]) -> list[Run]:
        """Return the runs of what somebody took from the agenda before it was given back; `stands` was not."""
        kept = {entry.schedule_id for entry in stands}
        runs = (not_given_back(entry) for entry in self.returned if entry.schedule_id not in kept)
        return [run for run in runs if run]


@dataclass(frozen=True, kw_only=True)
class Advance:
    """Put the next entries in the place of these."""

    endings: tuple[Ending, ...]


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Wait at most so long: for the first answer to a start, or else for the next entry."""

    seconds: float
    for_answers: bool = False


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Nothing is left to do in this minute."""


Step = Claim | Send | Record | Advance | Wait | Stop


def next_step(state: State, now: datetime) -> Step:
    """Return what the tick does now; every step brings something back that changes the state."""
    if _is_over(state, now):
        return Stop()
    return (
        (None if state.has_just_claimed else _claim(state, now))
        or _send(state)
        or _record(state, now)
        or _advance(state, now)
        or _wait(state, now)
    )


def may_be_sent(state: State, attempt: Try, now: datetime) -> bool:
    """True while the claim lasts longer than the start may take: after it another tick may send the start."""
    claim = attempt.entry.claim
    return not state.reach.is_lost and claim is not None and claim.until - now >= state.limits.timeout + SPARE


def _is_over(state: State, now: datetime) -> bool:
    if now > state.end + LONGEST_AFTER:
        return not (state.unanswered or state.ended)  # what has only to advance is left to the next tick
    if state.unanswered or state.ended or state.has_recorded:
        return False
    if state.reach.is_lost or not state.is_open(now):
        return True
    return not (state.must_read_again or state.waiting)


def _claim(state: State, now: datetime) -> Claim | None:
    if state.reach.is_lost or not state.is_open(now):
        return None
    if state.must_read_again:
        # Another tick has claimed some, or nobody knows who has: what stands there is the truth.
        return Claim(read_again=True)
    room = CLAIMED_AT_MOST - state.unanswered
    claim = _of_those_free(state, now, room) if room >= WORTH_A_CLAIM else None
    return claim if claim and claim.entries else None


def _of_those_free(state: State, now: datetime, most: int) -> Claim:
    """Take those whose schedules have waited longest for a turn, so that each has one before any has two."""
    free = bisect_right(state.waiting, now, key=lambda each: each.free_at)
    first = nsmallest(most, range(free), key=lambda number: state.waiting[number].last_turn)
    found: dict[str, Entry] = {}
    for number in first:
        found.setdefault(state.waiting[number].schedule_id, state.waiting[number].entry)
    taken = set(first)
    left = (each for number, each in enumerate(state.waiting[:free]) if number not in taken)
    return Claim(entries=tuple(found.values()), rest=(*left, *state.waiting[free:]))


def _send(state: State) -> Send | None:
    if not state.claimed or state.reach.is_lost:
        return None
    most = 1 if state.reach.failures_allowed == 1 else state.limits.unrecorded
    room = most - state.unrecorded
    return Send(tries=state.claimed[:room]) if room > 0 else None


def _record(state: State, now: datetime) -> Record | None:
    if not _is_time_to_record(state):
        return None
    endings = [each.end for each in state.ended if isinstance(each.end, Ending)]
    return Record(
        at=now,
        endings=tuple(ending for ending in endings if not _claim_is_over(ending.entry, now)),
        overtaken=tuple(ending for ending in endings if _claim_is_over(ending.entry, now)),
        returned=tuple(each.end for each in state.ended if isinstance(each.end, Entry)),
    )


def _is_time_to_record(state: State) -> bool:
    """True for half of what may be unrecorded, which is worth a transaction, or when no more comes at once."""
    if len(state.ended) >= state.limits.unrecorded // 2:
        return True
    return bool(state.ended) and (state.is_quiet or not state.unanswered)


def _claim_is_over(entry: Entry, now: datetime) -> bool:
    """True when the claim ran out meanwhile: this process stood still, or storage did."""
    return entry.claim is not None and entry.claim.until <= now


def _advance(state: State, now: datetime) -> Advance | None:
    if not (state.has_recorded and _is_time_to_advance(state, now)):
        return None
    # Those that are due again in this minute first, then the oldest.
    first = (*state.recorded_soon[:WORTH_AN_ADVANCE], *state.recorded_later[:WORTH_AN_ADVANCE])
    return Advance(endings=tuple(each.ending for each in first[:WORTH_AN_ADVANCE]))


def _is_time_to_advance(state: State, now: datetime) -> bool:
    if _others_wait_to_be_started(state, now):
        soon, later = state.recorded_soon, state.recorded_later
        return _is_older(soon, now - SOON) or _is_older(later, now - state.limits.lease / 2)
    many = len(state.recorded_soon) + len(state.recorded_later) >= WORTH_AN_ADVANCE
    return many or state.is_quiet or not state.unanswered


def _others_wait_to_be_started(state: State, now: datetime) -> bool:
    if state.reach.is_lost:
        return False
    is_due = state.next_at is not None and state.next_at <= now and state.is_open(now)
    return bool(state.claimed) or is_due


def _is_older(recorded: Sequence[Recorded], than: datetime) -> bool:
    return bool(recorded) and recorded[0].at < than


def _wait(state: State, now: datetime) -> Wait:
    """Wait for an answer, or for the next entry when none is under way; not at all when there is more to claim."""
    seconds = max(0.0, (min(state.end, state.next_at or state.end) - now).total_seconds())
    if state.sending:
        has_to_write = state.ended or state.has_recorded
        return Wait(seconds=QUIET_SECONDS if has_to_write else max(QUIET_SECONDS, seconds), for_answers=True)
    if state.claimed:
        return Wait(seconds=0.0, for_answers=True)
    return Wait(seconds=0.0 if state.must_read_again else seconds)
