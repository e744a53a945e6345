"""What is due: a schedule's entry on the agenda, and what a tick decides about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.core.cron import SECOND, Cron, next_after
from shared.core.occurrences import newest, rule
from shared.core.zones import Zone

NEVER = "cronSchedule: {!r} is not due again within ten years."
# A clock that runs ahead of storage's by more would start everything too early, and may claim nothing.
MOST_AHEAD = timedelta(seconds=30)
# Storage tells its time in whole seconds, and an answer is a little old when it comes: so far two hosts may part.
UNSURE = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who works on an entry, and until when by storage's clock nobody else may; `owner` is a fresh token."""

    owner: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Due:
    """The one entry that a started schedule has on the agenda.

    `instant` is the first occurrence after `since`, up to which all was dealt with or not due; the version before told
    no `since`. `occurrence` is the one last tried, `attempt` how often; under a claim its run will tell of all from
    `instant` to `occurrence`, no more and no less. `tried_since` stands while a start of it may have reached Sense and
    nobody recorded the answer. `not_before` and `last_error` stand between two tries. `unknown` are columns of its row
    that a newer version wrote, or somebody by hand: they go along to the next entry.
    """

    schedule_id: str
    instant: datetime
    name: str
    task_id: str
    cron: str
    zone: str
    seq: int
    since: datetime | None = None
    claim: Claim | None = None
    attempt: int = 0
    occurrence: datetime | None = None
    tried_since: datetime | None = None
    not_before: datetime | None = None
    last_error: str = ""
    unknown: Mapping[str, object] = field(default_factory=dict)
    etag: str = ""


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


def free_at(due: Due, now: datetime, lease: timedelta) -> datetime:
    """Return from when on the entry may be claimed.

    A claim that ends later than a clock that may claim at all can have made it was made before a clock was set back: it
    is void.
    """
    until = due.claim.until + UNSURE if due.claim else None
    held = until is not None and now < until <= now + lease + MOST_AHEAD + UNSURE
    return max(instant for instant in (due.instant, due.not_before, until if held else None) if instant)


def decide(due: Due, now: datetime, earliest: datetime) -> Decision:
    """Decide about an entry whose instant has come; nothing before `earliest` is started any more."""
    try:
        # The clock may have been set back since the entry was found to be due.
        return _decide(due, max(now, due.instant), earliest, *rule(due.cron, due.zone))
    except Exception as error:  # noqa: BLE001 - whatever it is, it will be the same in a minute; the others must fire
        return Broken(reason=str(error) or repr(error))


def _decide(due: Due, now: datetime, earliest: datetime, cron: Cron, zone: Zone) -> Decision:
    planned = next_after(cron, zone, counted_from(due))
    if planned is None:
        return Broken(reason=NEVER.format(due.cron))
    if planned != due.instant:
        return Replan(instant=planned)
    if occurrence := newest(cron, zone, max(due.instant, earliest), now):
        return Start(occurrence=occurrence)
    return Miss(occurrence=newest(cron, zone, due.instant, now) or due.instant)


def counted_from(due: Due) -> datetime:
    """Return the moment whose next occurrence is the instant of the entry, unless rules have changed."""
    return due.since if due.since and due.since < due.instant else due.instant - SECOND


def claimed(due: Due, decision: Decision, claim: Claim, now: datetime) -> Due:
    """Return the entry as its claim stores it; what may be under way already stays on record."""
    if due.tried_since:
        return replace(due, claim=claim, attempt=due.attempt + isinstance(decision, Start))
    match decision:
        case Start(occurrence=occurrence):
            return replace(due, claim=claim, attempt=due.attempt + 1, occurrence=occurrence, tried_since=now)
        case Miss(occurrence=occurrence):
            return replace(due, claim=claim, occurrence=occurrence)
        case Broken():
            return replace(due, claim=claim, occurrence=due.instant)
    return replace(due, claim=claim, occurrence=None)


def is_in_hand(due: Due) -> bool:
    """True when a tick may be about to tell a run under the number of the entry, or a start of it be under way."""
    return due.tried_since is not None or (due.claim is not None and due.occurrence is not None)


def reach(due: Due) -> datetime:
    """Return the last occurrence of which the run tells that is in hand."""
    return due.occurrence or due.instant
