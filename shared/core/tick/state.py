"""The state of a tick between two steps: its entries by phase, and what is known of Sense and of the agenda."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.core.cron import MINUTE
from shared.core.endings import Ending
from shared.core.entry import Entry
from shared.core.rules import EARLY
from shared.core.tick.reach import Reach
from shared.core.tries import Try

# Starts whose outcome is not recorded yet, for each connection: a crash can double these.
UNRECORDED_EACH = 4
# Between claim and start an entry waits for others, and for storage.
LEASE_SPARE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many starts are sent at a time, how long one may take, and how late an occurrence may still be started."""

    connections: int
    timeout: timedelta
    catch_up: timedelta

    @property
    def lease(self) -> timedelta:
        """How long a claim holds."""
        return self.timeout + LEASE_SPARE

    @property
    def unrecorded(self) -> int:
        """How many starts may be unrecorded at a time."""
        return UNRECORDED_EACH * self.connections


class Waiting(NamedTuple):
    """An entry that may be claimed from `free_at` on; in order of that, then of the id and the ETag."""

    free_at: datetime
    schedule_id: str
    etag: str
    entry: Entry

    @property
    def last_turn(self) -> datetime:
        """When its schedule was last dealt with, or tried; who waits the longest since then is claimed first.

        By its instant alone a schedule of every second would be first in each round, with the instants left of the one
        before. Of an entry of the version before nobody knows when.
        """
        since = self.entry.since or self.entry.due_at
        return max(since, self.entry.tries.not_before or since)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What an entry came to: a run with what follows, or the entry to give back for another try.

    `was_sent` is true of a start that may have reached Sense, `is_retry` of one that failed and is tried again.
    """

    end: Ending | Entry
    was_sent: bool = False
    is_retry: bool = False

    @property
    def schedule_id(self) -> str:
        return self.end.entry.schedule_id if isinstance(self.end, Ending) else self.end.schedule_id


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """An entry whose run stands in history, written at `at`; it has still to advance."""

    at: datetime
    ending: Ending


@dataclass(frozen=True, kw_only=True)
class State:
    """A tick's entries, each in one phase: waiting, claimed, sending, ended, recorded.

    `waiting` holds only what may be claimed before the minute ends, the earliest first. `claimed` are starts that were
    not handed to a connection. Of what is recorded `recorded_soon` is due again in this minute. `must_read_again` is
    set when the agenda may differ from what was read. After a claim the tick records, advances or waits before the
    next one: `has_just_claimed`. `is_quiet` is true when the last wait brought no answer.
    """

    begin: datetime
    limits: Limits
    reach: Reach
    waiting: tuple[Waiting, ...] = ()
    claimed: tuple[Try, ...] = ()
    sending: tuple[Try, ...] = ()
    ended: tuple[Ended, ...] = ()
    recorded_soon: tuple[Recorded, ...] = ()
    recorded_later: tuple[Recorded, ...] = ()
    must_read_again: bool = False
    has_just_claimed: bool = False
    is_quiet: bool = False

    @property
    def end(self) -> datetime:
        return self.begin + MINUTE

    @property
    def unanswered(self) -> int:
        """How many claimed starts have no answer: those that wait for a connection, and those that use one."""
        return len(self.claimed) + len(self.sending)

    @property
    def unrecorded(self) -> int:
        """How many starts a crash would leave in doubt."""
        return len(self.sending) + sum(each.was_sent for each in self.ended)

    @property
    def has_recorded(self) -> bool:
        """True when entries have still to advance."""
        return bool(self.recorded_soon or self.recorded_later)

    @property
    def next_at(self) -> datetime | None:
        """From when on the next entry may be claimed; None when none is left for this minute."""
        return self.waiting[0].free_at if self.waiting else None

    @property
    def in_hand(self) -> set[str]:
        """The ids of the schedules whose entries this tick has claimed and not let go."""
        return {
            *(each.entry.schedule_id for each in (*self.claimed, *self.sending)),
            *(each.schedule_id for each in self.ended),
            *(each.ending.entry.schedule_id for each in (*self.recorded_soon, *self.recorded_later)),
        }

    def is_open(self, now: datetime) -> bool:
        """True while the clock shows this minute; one that was set back shows another, which has its own tick."""
        return self.begin - EARLY <= now < self.end
