"""Decide about claimed entries: which are started, which end without a start, and what must be known for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core import endings
from shared.core.endings import Ending, Trouble
from shared.core.entry import Broken, Claim, Decision, Entry, Miss, Replan, Start, claimed, decide
from shared.core.errors import QrsError
from shared.core.mending import planned
from shared.core.runs import Run
from shared.core.schedules import Schedule
from shared.core.tasks import Execution, StartFilter, Task, TaskQuery
from shared.core.tries import Try, unasked, untried


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An entry as it was found, as its claim leaves it, and what was decided about it."""

    found: Entry
    entry: Entry
    decision: Decision

    @property
    def may_be_under_way(self) -> bool:
        """True when a start of it may have reached Sense and nobody recorded the answer."""
        return self.found.tries.tried_since is not None and not isinstance(self.decision, Broken)

    @property
    def needs_schedule(self) -> bool:
        """True when only its schedule says since when the entry counts."""
        return isinstance(self.decision, Replan) and not self.may_be_under_way and self.entry.since is None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a claimed entry.

    `task` is Sense's, when it was asked, its last execution by the clock by which tries are put on record. `recorded`
    is the run of the entry's own number, `before` the last start before it, `trouble` what held up its occurrence.
    """

    task: Task | None = None
    recorded: Run | None = None
    before: Run | None = None
    schedule: Schedule | None = None
    trouble: Trouble | None = None


NOTHING = Known()


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What becomes of claimed entries: started, dealt with, or given back.

    `postponed` wait until Sense can be asked about them. `untried` are those whose earlier start did not reach Sense:
    they are claimed anew, for what is the newest then. `has_asked` is true when Sense was asked, and answered unless
    there is an `error`.
    """

    tries: tuple[Try, ...] = ()
    endings: tuple[Ending, ...] = ()
    postponed: tuple[Entry, ...] = ()
    untried: tuple[Entry, ...] = ()
    has_asked: bool = False
    error: QrsError | None = None

    @property
    def count(self) -> int:
        """How many entries are ours."""
        return len(self.tries) + len(self.endings) + len(self.postponed) + len(self.untried)


def plans_of(entries: Iterable[Entry], now: datetime, catch_up: timedelta, claim: Claim) -> list[Plan]:
    """Decide about entries that may be claimed now, each of another schedule."""
    earliest = earliest_start(now, catch_up)
    decided = [(entry, decide(entry, now, earliest)) for entry in entries]
    return [
        Plan(found=entry, entry=claimed(entry, decision, claim, now), decision=decision) for entry, decision in decided
    ]


def earliest_start(now: datetime, catch_up: timedelta) -> datetime:
    """Return the earliest occurrence that may still be started: what is due in the running minute is never too late."""
    return min(now.replace(second=0, microsecond=0), now - catch_up)


def won(plans: Iterable[Plan], ours: Iterable[Entry]) -> list[Plan]:
    """Return the plans of the entries that storage let us claim, as they stand there now."""
    by_id = {plan.found.schedule_id: plan for plan in plans}
    found = [(by_id[entry.schedule_id], entry) for entry in ours]
    return [Plan(found=plan.found, entry=entry, decision=plan.decision) for plan, entry in found]


def needs_a_look(plan: Plan, start_filter: StartFilter) -> bool:
    """True when Sense must be asked: what may be under way, or a task that the filter does not list by id."""
    is_start = isinstance(plan.decision, Start)
    return plan.may_be_under_way or (is_start and not _is_listed(plan.entry, start_filter))


def look_up(plans: Iterable[Plan]) -> TaskQuery:
    """Return what Sense is asked about these: each task once."""
    return TaskQuery(task_ids=tuple(sorted({plan.entry.target.task_id.lower() for plan in plans})))


def numbers_before(entry: Entry) -> range:
    """Return the numbers the start before may have: a change may have recorded a run of its own since."""
    return range(entry.seq - 1, max(entry.seq - 3, -1), -1)


def dated(task: Task, ahead: timedelta) -> Task:
    """Return the task with its last execution dated by a clock that is so much ahead of the one that dated it."""
    if task.last_execution is None:
        return task
    last = task.last_execution
    return replace(task, last_execution=replace(last, began=last.began + ahead))


def settled(plans: Sequence[Plan], known: Mapping[str, Known], now: datetime, start_filter: StartFilter) -> Settled:
    """Return what becomes of entries; `known` is by the id of their schedules."""
    found = [settle(plan, known.get(plan.entry.schedule_id, NOTHING), now, start_filter) for plan in plans]
    return Settled(
        tries=tuple(each for each in found if isinstance(each, Try)),
        endings=tuple(each for each in found if isinstance(each, Ending)),
        untried=tuple(each for each in found if isinstance(each, Entry)),
    )


def postponed(rest: Settled, unanswered: Iterable[Plan], error: QrsError) -> Settled:
    """Return what becomes of all when Sense could not be asked about some."""
    waiting = tuple(unasked(plan.found, plan.entry, str(error)) for plan in unanswered)
    return replace(rest, postponed=waiting, error=error)


def settle(plan: Plan, known: Known, now: datetime, start_filter: StartFilter) -> Try | Ending | Entry:
    """Return the start of an entry, its end without one, or the entry to give back, as it was found."""
    if plan.may_be_under_way:
        run = known.recorded or endings.already_started(plan.found, _last_execution(known), known.before, now)
        return endings.ended(plan.entry, run) if run else untried(plan.found, plan.entry)
    match plan.decision:
        case Broken(reason=reason):
            return endings.broken(plan.entry, reason)
        case Replan(instant=instant):
            by_schedule = planned(known.schedule, plan.entry) if known.schedule else None
            return Ending(entry=plan.entry, run=None, next_instant=by_schedule or instant)
        case Miss(occurrence=occurrence):
            return endings.ended(plan.entry, endings.missed(plan.found, occurrence, known.trouble))
    occurrence = plan.decision.occurrence
    if _is_allowed(plan.entry, known.task, start_filter):
        return Try(entry=plan.entry, occurrence=occurrence)
    return endings.ended(plan.entry, endings.denied(plan.found, occurrence))


def _last_execution(known: Known) -> Execution | None:
    return known.task.last_execution if known.task else None


def _is_listed(entry: Entry, start_filter: StartFilter) -> bool:
    return start_filter.task_ids is None or entry.target.task_id.lower() in start_filter.task_ids


def _is_allowed(entry: Entry, task: Task | None, start_filter: StartFilter) -> bool:
    return _is_listed(entry, start_filter) or (task is not None and start_filter.allows(task))
