"""Claim what is due, and settle what needs no start."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.core import due as dues
from shared.core import ends
from shared.core.due import Broken, Claim, Decision, Due, Miss, Replan, Start
from shared.core.ends import Done
from shared.core.errors import QrsError
from shared.core.mending import planned
from shared.core.runs import Run
from shared.core.starts import Execution, StartFilter, Task, Wanted
from shared.core.tries import Try, unasked, untried
from shared.use_cases.tick.patience import Troubles
from shared.use_cases.tick.ports import Agenda, Clock, History, Tasks

# Between claim and start an entry waits for others, and for storage.
LEASE_SPARE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True)
class Work:
    """An entry as it was found, as its claim left it, and what was decided."""

    found: Due
    due: Due
    decision: Decision


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What is to be started, what is dealt with, and what must wait since Sense can't be asked about it.

    `untried` are those whose earlier start did not reach Sense: they are claimed anew, for what is the newest then.
    `has_asked` is true when Sense was asked, and answered unless there is an `error`.
    """

    tries: list[Try] = field(default_factory=list)
    dones: list[Done] = field(default_factory=list)
    postponed: list[Due] = field(default_factory=list)
    untried: list[Due] = field(default_factory=list)
    has_asked: bool = False
    error: QrsError | None = None

    @property
    def dues(self) -> list[Due]:
        return [*(each.due for each in self.tries), *(each.due for each in self.dones), *self.postponed, *self.untried]


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Claim entries for starts of at most `timeout`; Sense's executions are told by the `machine` clock."""

    agenda: Agenda
    history: History
    tasks: Tasks
    clock: Clock
    start_filter: StartFilter
    timeout: timedelta
    troubles: Troubles = field(default_factory=Troubles)
    machine: Clock | None = None

    @property
    def lease(self) -> timedelta:
        return self.timeout + LEASE_SPARE

    def claim(self, wanted: Sequence[Due], earliest: datetime) -> Claimed:
        """Claim entries, at most 100, and settle those that are ours; raises StorageError.

        Nothing before `earliest` is started any more.
        """
        now = self.clock.now()
        claim = Claim(owner=uuid.uuid4().hex, until=now + self.lease)
        found = {due.schedule_id: (due, dues.decide(due, now, earliest)) for due in wanted}
        won = self.agenda.claim([dues.claimed(due, decision, claim, now) for due, decision in found.values()])
        works = [Work(found=found[due.schedule_id][0], due=due, decision=found[due.schedule_id][1]) for due in won]
        return self._settled(works)

    def _settled(self, works: Sequence[Work]) -> Claimed:
        asked = [work for work in works if self._needs_a_look(work)]
        try:
            known = self._look_up(work.due.target.task_id for work in asked)
        except QrsError as error:
            postponed = [unasked(work.found, work.due, str(error)) for work in asked]
            rest = self._sorted([work for work in works if work not in asked], {})
            return replace(rest, postponed=postponed, error=error)
        return replace(self._sorted(works, known), has_asked=bool(asked))

    def _sorted(self, works: Sequence[Work], known: Mapping[str, Task]) -> Claimed:
        settled = [self._settle(work, known.get(work.due.target.task_id.lower())) for work in works]
        return Claimed(
            tries=[each for each in settled if isinstance(each, Try)],
            dones=[each for each in settled if isinstance(each, Done)],
            untried=[each for each in settled if isinstance(each, Due)],
        )

    def _settle(self, work: Work, task: Task | None) -> Try | Done | Due:
        due = work.due
        match work.decision:
            case Broken(reason=reason):
                return ends.broken(due, reason)
            case _ if work.found.tried_since:
                run = self._told(work, task)
                return ends.done(due, run) if run else untried(work.found, due)
            case Replan(instant=instant):
                return Done(due=due, run=None, next_instant=self._planned(due) or instant)
            case Miss(occurrence=occurrence):
                return ends.done(due, ends.missed(work.found, occurrence, self.troubles.of(occurrence)))
            case Start(occurrence=occurrence):
                if self._is_allowed(due, task):
                    return Try(due=due, occurrence=occurrence)
                return ends.done(due, ends.denied(work.found, occurrence))

    def _told(self, work: Work, task: Task | None) -> Run | None:
        """Return the run of an earlier start that nobody could take down, or whose tick died before it moved on."""
        if recorded := self.history.recorded(work.due.schedule_id, work.due.seq):
            return recorded
        return ends.already_started(work.found, self._last_execution(task), self._before(work.due), self.clock.now())

    def _before(self, due: Due) -> Run | None:
        """Return the start before: a change may have told under a number of its own in between."""
        numbers = range(due.seq - 1, max(due.seq - 3, -1), -1)
        runs = (self.history.recorded(due.schedule_id, number) for number in numbers)
        return next((run for run in runs if run and run.started), None)

    def _last_execution(self, task: Task | None) -> Execution | None:
        """Return the last execution by the clock by which tries are put on record."""
        last = task.last_execution if task else None
        if last is None or self.machine is None:
            return last
        return replace(last, began=last.began + (self.clock.now() - self.machine.now()))

    def _planned(self, due: Due) -> datetime | None:
        schedule = None if due.since else self.agenda.schedule(due.schedule_id)
        return planned(schedule, due) if schedule else None

    def _needs_a_look(self, work: Work) -> bool:
        may_be_under_way = work.found.tried_since is not None and not isinstance(work.decision, Broken)
        return may_be_under_way or (isinstance(work.decision, Start) and not self._is_listed(work.due))

    def _is_listed(self, due: Due) -> bool:
        return self.start_filter.task_ids is None or due.target.task_id.lower() in self.start_filter.task_ids

    def _is_allowed(self, due: Due, task: Task | None) -> bool:
        return self._is_listed(due) or (task is not None and self.start_filter.allows(task))

    def _look_up(self, task_ids: Iterable[str]) -> dict[str, Task]:
        wanted = Wanted(task_ids=tuple(sorted({task_id.lower() for task_id in task_ids})))
        found = self.tasks.find(wanted).by_id if wanted.task_ids else ()
        return {task.id.lower(): task for task in found}
