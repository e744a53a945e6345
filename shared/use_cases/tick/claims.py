"""Claim what is due, and find out what must be known to settle it."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from shared.core.entry import Claim, Entry, Miss
from shared.core.errors import QrsError
from shared.core.runs import Run
from shared.core.tasks import Task
from shared.core.tick import claiming
from shared.core.tick.claiming import Known, Plan, Settled
from shared.use_cases.tick.dependencies import Dependencies

Tasks = dict[str, Task]


def claim(by: Dependencies, entries: Sequence[Entry], now: datetime) -> Settled:
    """Claim entries, at most 100, each of another schedule, and settle those that are ours; raises StorageError."""
    mark = Claim(owner=uuid.uuid4().hex, until=now + by.limits.lease)
    plans = claiming.plans_of(entries, now, by.limits.catch_up, mark)
    return _settled(by, claiming.won(plans, by.agenda.claim([plan.entry for plan in plans])))


def _settled(by: Dependencies, plans: Sequence[Plan]) -> Settled:
    asked = [plan for plan in plans if claiming.needs_a_look(plan, by.start_filter)]
    if not asked:
        return _sorted(by, plans, {})
    try:
        tasks = _look_up(by, asked)
    except QrsError as error:
        rest = [plan for plan in plans if not claiming.needs_a_look(plan, by.start_filter)]
        return claiming.postponed(_sorted(by, rest, {}), asked, error)
    return replace(_sorted(by, plans, tasks), has_asked=True)


def _sorted(by: Dependencies, plans: Sequence[Plan], tasks: Tasks) -> Settled:
    known = {plan.entry.schedule_id: _known(by, plan, tasks) for plan in plans}
    return claiming.settled(plans, known, by.clock.now(), by.start_filter)


def _known(by: Dependencies, plan: Plan, tasks: Tasks) -> Known:
    entry, task = plan.entry, tasks.get(plan.entry.target.task_id.lower())
    if plan.may_be_under_way:
        recorded = by.history.recorded(entry.schedule_id, entry.seq)
        return Known(task=_dated(by, task), recorded=recorded, before=None if recorded else _before(by, entry))
    if plan.needs_schedule:
        return Known(schedule=by.agenda.schedule(entry.schedule_id))
    if isinstance(plan.decision, Miss):
        return Known(trouble=by.troubles.of(plan.decision.occurrence))
    return Known(task=task) if task else claiming.NOTHING


def _before(by: Dependencies, entry: Entry) -> Run | None:
    """Return the start before."""
    runs = (by.history.recorded(entry.schedule_id, number) for number in claiming.numbers_before(entry))
    return next((run for run in runs if run and run.started), None)


def _dated(by: Dependencies, task: Task | None) -> Task | None:
    return claiming.dated(task, by.clock.now() - by.machine.now()) if task else None


def _look_up(by: Dependencies, plans: Iterable[Plan]) -> Tasks:
    return {task.id.lower(): task for task in by.tasks.find(claiming.look_up(plans)).by_id}
