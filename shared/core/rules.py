"""When a schedule is due: its rule, read once and carried, and what a rule answers.

A row may hold a rule that nobody can evaluate: a zone's name may be gone, or somebody has edited the row by hand. It is
a value of its own, so that its schedule can still be listed, stopped and deleted, and no other one is held up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from typing import TypeVar

from shared.core.cron import MINUTE, SECOND, Cron, due_after, next_after, upcoming
from shared.core.errors import CallerError
from shared.core.zones import Zone

Answer = TypeVar("Answer")

# The host's clock and timer part by milliseconds; a tick may begin a little before the minute it is for.
EARLY = timedelta(seconds=5)
MOST_COUNTED = 100


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A cron expression on the clock of a zone; instants are in UTC."""

    cron: Cron
    zone: Zone

    @classmethod
    def parse(cls, expression: str, zone_name: str) -> "Rule":
        """Read what a caller says; raises CallerError naming what is wrong and what is allowed."""
        return cls(cron=Cron.parse(expression), zone=Zone.parse(zone_name))

    @property
    def expression(self) -> str:
        return self.cron.text

    @property
    def zone_name(self) -> str:
        return self.zone.name

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first occurrence after the moment, None if there is never one."""
        return next_after(self.cron, self.zone, moment)

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """Return the next `count` occurrences after the moment; raises CallerError when there is never one."""
        return upcoming(self.cron, self.zone, moment, count)

    def begin(self, now: datetime) -> datetime:
        """Return the moment after which a schedule is due that begins now.

        With seconds it counts from the end of the running minute, whose tick has read its agenda already.
        """
        # In whole seconds, as occurrences are: to the microsecond no answer would be wanted twice, and all be kept.
        return minute_of(now) + MINUTE - SECOND if self.cron.has_seconds else now.replace(microsecond=0)

    def first(self, now: datetime) -> datetime | None:
        """Return the first occurrence of a schedule that begins now, None if there is never one."""
        return self.next_after(self.begin(now))

    def newest(self, since: datetime, until: datetime) -> datetime | None:
        """Return the last occurrence from `since` to `until`, both counting; None when there is none.

        Found by halving: some 20 steps for a week. croniter's own backward search ignores the changes of clocks.
        """
        low = self.next_after(since - timedelta.resolution)
        if low is None or low > until:
            return None
        high = until.replace(microsecond=0)
        probe = low  # mostly there is no later one, and one question is enough
        while low < high:
            later = self.next_after(probe)
            if later is None or later > until:
                high = probe
            else:
                low = later
            probe = low + (high - low) // 2 // SECOND * SECOND
        return low

    def count(self, since: datetime, before: datetime) -> int:
        """Return how many occurrences there are from `since` until before `before`; 100 means 100 or more."""
        if since >= before:
            return 0  # mostly nothing was overtaken, and to ask costs a quarter of a tick's time
        earlier = takewhile(lambda instant: instant < before, due_after(self.cron, self.zone, since - SECOND))
        return sum(1 for _ in islice(earlier, MOST_COUNTED))


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """What stands where a rule should, and can't be evaluated because of `error`; `zone` is there if it has one."""

    expression: str
    zone_name: str
    error: Exception = field(compare=False)

    @property
    def problem(self) -> str:
        """The reason for people."""
        return str(self.error) or repr(self.error)

    @property
    def zone(self) -> Zone | None:
        """The zone, where only the expression is wrong."""
        try:
            return Zone.parse(self.zone_name)
        except CallerError:
            return None


@lru_cache(maxsize=4096)
def read(expression: str, zone_name: str) -> Rule | BrokenRule:
    """Read what a caller or a row says of a schedule's time."""
    try:
        return Rule.parse(expression, zone_name)
    except CallerError as error:
        # Without its traceback, which would keep all that the caller had.
        return BrokenRule(expression=expression, zone_name=zone_name, error=error.with_traceback(None))


def ask(rule: Rule | BrokenRule, question: Callable[[Rule], Answer]) -> Answer | BrokenRule:
    """Return the answer to a question; a rule of which there is none comes back as a broken one that says why."""
    if isinstance(rule, BrokenRule):
        return rule
    try:
        return question(rule)
    except Exception as error:  # noqa: BLE001 - one rule that trips us up must not keep the other schedules from firing
        return BrokenRule(expression=rule.expression, zone_name=rule.zone_name, error=error.with_traceback(None))


def answered(answer: Answer | BrokenRule) -> Answer | None:
    """Return an answer of `ask`, None where there is none."""
    return None if isinstance(answer, BrokenRule) else answer


def whole(rule: Rule | BrokenRule) -> Rule:
    """Return a rule that can be evaluated; raises CallerError for a broken one."""
    return rule if isinstance(rule, Rule) else Rule.parse(rule.expression, rule.zone_name)


def next_due(rule: Rule | BrokenRule, now: datetime) -> datetime:
    """Return when a rule is due next; raises CallerError unless it can be evaluated and is due some day."""
    return whole(rule).upcoming(now, 1)[0]


def minute_of(now: datetime) -> datetime:
    """Return the begin of the minute that a tick beginning now serves."""
    return (now + EARLY).replace(second=0, microsecond=0)
