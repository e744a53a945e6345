"""A schedule's entry on the agenda, its state, and what a tick decides about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.core.cron import SECOND
from shared.core.rules import BrokenRule, Rule, ask
from shared.core.runs import Run, RunOutcome

NEVER = "cronSchedule: {!r} is not due again within ten years."
# A clock that runs ahead of storage's by more would start everything too early, and may claim nothing.
MOST_AHEAD = timedelta(seconds=30)
# Storage gives its time in whole seconds, and an answer is a little old when it comes: so far two hosts may differ.
UNSURE = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who works on an entry, and until when by storage's clock nobody else may; `owner` is a fresh token."""

    owner: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Target:
    """What an entry starts; `name` is its schedule's, for people who read the log."""

    name: str
    task_id: str


@dataclass(frozen=True, kw_only=True)
class Tries:
    """What was tried to start an entry's task: `occurrence` is the one last tried, `attempt` how often.

    `tried_since` stands while a start may have reached Sense and nobody has recorded the answer. `not_before` and
    `last_error` stand between two tries.
    """

    attempt: int = 0
    occurrence: datetime | None = None
    tried_since: datetime | None = None
    not_before: datetime | None = None
    last_error: str = ""


NO_TRIES = Tries()


class EntryState(StrEnum):
    """Where an entry is between its making and its end; `Entry.state` has a line for each."""

    WAITING = "waiting"  # nobody works on it, and nothing was tried
    RETRYING = "retrying"  # a try has failed, another one follows
    IN_DOUBT = "in doubt"  # nobody works on it, and a start may have reached Sense
    CLAIMED = "claimed"  # a tick ends it without a start
    REPLANNING = "replanning"  # a tick gives it another instant
    STARTING = "starting"  # a tick starts its task


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The one entry that an active schedule has on the agenda.

    It is due at `due_at`, the first occurrence after `since`; everything up to `since` was dealt with or was not due.
    The version before wrote no `since`. Under a claim its run counts everything from `due_at` to the occurrence that is
    tried, no more and no less. `unknown` are columns of its row that a newer version wrote, or somebody by hand: they
    go along to the next entry.
    """

    schedule_id: str
    due_at: datetime
    rule: Rule | BrokenRule
    target: Target
    seq: int
    since: datetime | None = None
    claim: Claim | None = None
    tries: Tries = NO_TRIES
    unknown: Mapping[str, object] = field(default_factory=dict)
    etag: str = ""

    @property
    def state(self) -> EntryState:
        """The state that claim and tries stand for."""
        tries = self.tries
        if self.claim is None:
            if tries.tried_since:
                return EntryState.IN_DOUBT
            return EntryState.RETRYING if tries.last_error else EntryState.WAITING
        if tries.tried_since:
            return EntryState.STARTING
        return EntryState.CLAIMED if tries.occurrence else EntryState.REPLANNING

    @property
    def is_in_hand(self) -> bool:
        """True when a tick may be about to record a run under its number, or when a start of it may be under way."""
        return self.state in IN_HAND

    @property
    def reach(self) -> datetime:
        """The last occurrence that the run in hand stands for."""
        return self.tries.occurrence or self.due_at

    def run(self, due: datetime, outcome: RunOutcome, reason: str, missed_count: int = 0) -> Run:
        """Return the run of this entry's number and tries, of which no start is known."""
        return Run(
            schedule_id=self.schedule_id,
            seq=self.seq,
            due=due,
            outcome=outcome,
            attempt=self.tries.attempt,
            reason=reason,
            missed_count=missed_count,
        )

    def anew(self, due_at: datetime, *, seq: int, since: datetime | None) -> "Entry":
        """Return the entry that follows: of the same schedule, with nothing claimed or tried."""
        return replace(self, due_at=due_at, seq=seq, since=since, claim=None, tries=NO_TRIES, etag="")


IN_HAND = {EntryState.IN_DOUBT, EntryState.CLAIMED, EntryState.STARTING}


@dataclass(frozen=True, kw_only=True)
class Start:
    """Start the task for this occurrence; those before it are overtaken."""

    occurrence: datetime


@dataclass(frozen=True, kw_only=True)
class Miss:
    """Nothing is left that may still be started; this was the last occurrence."""

    occurrence: datetime


@dataclass(frozen=True, kw_only=True)
class Replan:
    """The rules of its zone changed since the entry was made: this, perhaps earlier, is its instant now."""

    instant: datetime


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The entry can't be evaluated."""

    reason: str


Decision = Start | Miss | Replan | Broken


def free_at(entry: Entry, now: datetime, lease: timedelta) -> datetime:
    """Return from when on the entry may be claimed.

    A claim that ends later than a clock that may claim at all can have made it was made before a clock was set back: it
    is void.
    """
    until = entry.claim.until + UNSURE if entry.claim else None
    held = until is not None and now < until <= now + lease + MOST_AHEAD + UNSURE
    return max(instant for instant in (entry.due_at, entry.tries.not_before, until if held else None) if instant)


def decide(entry: Entry, now: datetime, earliest: datetime) -> Decision:
    """Decide about an entry whose instant has come; nothing before `earliest` is started any more."""
    # The clock may have been set back since the entry was found to be due.
    decision = ask(entry.rule, lambda rule: _decide(entry, rule, max(now, entry.due_at), earliest))
    return Broken(reason=decision.problem) if isinstance(decision, BrokenRule) else decision


def _decide(entry: Entry, rule: Rule, now: datetime, earliest: datetime) -> Decision:
    planned = rule.next_after(counted_from(entry))
    if planned is None:
        return Broken(reason=NEVER.format(rule.expression))
    if planned != entry.due_at:
        return Replan(instant=planned)
    if occurrence := rule.newest(max(entry.due_at, earliest), now):
        return Start(occurrence=occurrence)
    return Miss(occurrence=rule.newest(entry.due_at, now) or entry.due_at)


def counted_from(entry: Entry) -> datetime:
    """Return the moment whose next occurrence is the instant of the entry, unless rules have changed."""
    return entry.since if entry.since and entry.since < entry.due_at else entry.due_at - SECOND


def claimed(entry: Entry, decision: Decision, claim: Claim, now: datetime) -> Entry:
    """Return the entry as its claim stores it; what may be under way already stays on record."""
    tries = entry.tries
    if tries.tried_since:
        tried = replace(tries, attempt=tries.attempt + isinstance(decision, Start))
        return replace(entry, claim=claim, tries=tried)
    match decision:
        case Start(occurrence=occurrence):
            tried = replace(tries, attempt=tries.attempt + 1, occurrence=occurrence, tried_since=now)
        case Miss(occurrence=occurrence):
            tried = replace(tries, occurrence=occurrence)
        case Broken():
            tried = replace(tries, occurrence=entry.due_at)
        case _:
            tried = replace(tries, occurrence=None)
    return replace(entry, claim=claim, tries=tried)


def first_occurrence(entry: Entry, rule: Rule) -> datetime:
    """Return the first occurrence the entry stands for: not `due_at` where the rules of its zone have changed."""
    return rule.next_after(counted_from(entry)) or entry.due_at


def count_before(entry: Entry, before: datetime) -> int:
    """Return how many occurrences the entry stands for before then; 1 when its rule can't be evaluated."""
    counted = ask(entry.rule, lambda rule: rule.count(first_occurrence(entry, rule), before))
    return int(entry.due_at < before) if isinstance(counted, BrokenRule) else counted
