"""Schedules, entries and runs, each valid by itself: a test names only what it is about."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from shared.core.entry import Claim, Entry, Target
from shared.core.rules import Rule, read
from shared.core.runs import Run, RunOutcome
from shared.core.schedules import Definition, Schedule, State
from shared.core.tasks import Execution
from tests.saying import saying

MILLISECOND, SECOND, MINUTE = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEN, ELEVEN, NOON = NINE + HOUR, NINE + 2 * HOUR, NINE + 3 * HOUR
JUST_BEFORE_NINE = NINE - 6 * MILLISECOND
JUST_AFTER_NINE = NINE + 3 * MILLISECOND

SCHEDULE = "33333333-3333-4333-8333-333333333333"
TASK = "aaaaaaaa-1111-4111-8111-111111111111"
OTHER_TASK = "22222222-2222-4222-8222-222222222222"
EXECUTION = "44444444-4444-4444-8444-444444444444"
HOURLY, DAILY, EVERY_SECOND, EVERY_FIVE_SECONDS = "0 * * * *", "0 9 * * *", "* * * * * *", "*/5 * * * * *"
NEVER_DUE = "0 0 30 2 *"

# The same examples every time: a check that passes today passes tomorrow.
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def a_due(**changes: Any) -> Entry:
    """Return the entry of an hourly schedule that is due at nine and that nobody has touched."""
    rule, target = read(HOURLY, "UTC"), Target(name="Sales", task_id=TASK)
    due = Entry(schedule_id=SCHEDULE, due_at=NINE, rule=rule, target=target, seq=7, etag="due 1")
    return saying(due, **changes)


def a_claim(**changes: Any) -> Claim:
    return replace(Claim(owner="a tick", until=NINE + 45 * SECOND), **changes)


def a_tried_due(**changes: Any) -> Entry:
    """Return the entry of which a start was sent at eleven and no answer is known."""
    tried = a_due(claim=a_claim(until=ELEVEN + 45 * SECOND), attempt=2, occurrence=ELEVEN, tried_since=ELEVEN)
    return saying(tried, **changes)


def a_definition(**changes: Any) -> Definition:
    definition = Definition.read(
        name="Sales", cron=HOURLY, zone="UTC", task_id=TASK, startup_state="start", tags=("a",)
    )
    return saying(definition, **changes)


def a_schedule(**changes: Any) -> Schedule:
    """Return the started schedule to which `a_due` belongs."""
    schedule = Schedule(
        id=SCHEDULE,
        created=NINE - 7 * HOUR,
        definition=a_definition(),
        state=State.ACTIVE,
        due_at=NINE,
        seq=7,
        last_due=NINE - HOUR,
        etag="schedule 1",
    )
    return replace(schedule, **changes)


def a_stopped_schedule(**changes: Any) -> Schedule:
    return a_schedule(state=State.STOPPED, due_at=None, **changes)


def a_run(**changes: Any) -> Run:
    """Return the run that the first occurrence of `a_due` comes to when Sense accepts its start at once."""
    run = Run(
        schedule_id=SCHEDULE,
        seq=7,
        due=NINE,
        outcome=RunOutcome.STARTED,
        started=JUST_AFTER_NINE,
        attempt=1,
        execution_id=EXECUTION,
    )
    return replace(run, **changes)


def an_execution(began: datetime, **changes: Any) -> Execution:
    return replace(Execution(id=EXECUTION, began=began), **changes)


def walk(rule: Rule, since: datetime, until: datetime) -> list[datetime]:
    """Return what is due from `since` to `until`, both counting, one by one."""
    found = []
    instant = rule.next_after(since - timedelta.resolution)
    while instant is not None and instant <= until:
        found.append(instant)
        instant = rule.next_after(instant)
    return found


def numbers(first: int, last: int) -> st.SearchStrategy[str]:
    several = st.lists(st.integers(first, last).map(str), min_size=1, max_size=3, unique=True).map(",".join)
    return st.one_of(st.just("*"), st.integers(2, max(2, last // 2)).map(lambda step: f"*/{step}"), several)


# Expressions, and about how long it is from one occurrence to the next.
RHYTHMS = st.one_of(
    st.sampled_from([(EVERY_SECOND, SECOND), ("*/7 * * * * *", 7 * SECOND), ("50 59 * * * *", HOUR)]),
    st.sampled_from([("*/15 * * * *", 15 * MINUTE), ("30 2 * * *", DAY), ("0 0 * * *", DAY), ("0 6 * * 1-5", DAY)]),
    numbers(0, 59).map(lambda second: (f"{second} 10 * * * *", HOUR if second.isdigit() else SECOND)),
    st.tuples(numbers(0, 59), numbers(0, 3)).map(lambda drawn: (f"{drawn[0]} {drawn[1]} * * *", HOUR)),
)
# Where clocks change by an hour, by half of one, at midnight, and not at all; and when they do.
CHANGES = [
    ("Europe/Stockholm", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Stockholm", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 10, 29, 21, tzinfo=UTC)),
    ("Asia/Kolkata", NINE),
]


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """An expression in a zone, and the time around a moment: beside a change of clocks, if the zone has any."""

    cron: str
    zone: str
    moment: datetime
    gap: timedelta

    @property
    def rule(self) -> Rule:
        return Rule.parse(self.cron, self.zone)

    def after(self, gaps: float) -> datetime:
        """Return the moment so many times later as occurrences are apart, to the millisecond."""
        return self.moment + gaps * self.gap // MILLISECOND * MILLISECOND


@st.composite
def rhythms(draw: st.DrawFn) -> Rhythm:
    (cron, gap), (zone, change) = draw(RHYTHMS), draw(st.sampled_from(CHANGES))
    before = draw(st.floats(0, 12)) * gap // MILLISECOND * MILLISECOND
    return Rhythm(cron=cron, zone=zone, moment=change - before, gap=gap)
