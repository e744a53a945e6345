"""What a request to start tasks names, what will be started of it, and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.key_values import KeyValue
from shared.core.tasks import Property, Task

NO_TASK = "-"


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """What the caller named, in the order and the spelling of the request, and what the started scripts shall read."""

    task_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    all_task_ids_must_exist: bool = False
    key_values: tuple[KeyValue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be started and what not. A task named in several ways stands in several places.

    Unknown is what the filter allows and no task carries exactly as it was written, each once.
    """

    by_id: tuple[Task, ...]
    by_tag: tuple[Task, ...]
    by_property: tuple[Task, ...]
    invalid_ids: tuple[str, ...]
    denied_ids: tuple[str, ...]
    denied_tags: tuple[str, ...]
    denied_properties: tuple[Property, ...]
    unknown_tags: tuple[str, ...]
    unknown_properties: tuple[Property, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task to start, once."""
        return tuple({task.id: task for task in (*self.by_id, *self.by_tag, *self.by_property)}.values())


@dataclass(frozen=True, kw_only=True)
class Started:
    """Sense accepted the start."""

    execution_id: str


@dataclass(frozen=True, kw_only=True)
class NotStarted:
    """Sense did not accept the start; the reason is a sentence for people."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class UnknownStart:
    """Nobody knows whether Sense accepted the start; the reason says what to do."""

    reason: str


Failure = NotStarted | UnknownStart
Outcome = Started | Failure


@dataclass(frozen=True, kw_only=True)
class StartReport:
    """The plan and what became of it; `outcomes` has one entry for every task of the plan."""

    plan: Plan
    outcomes: Mapping[str, Outcome]

    def execution_id(self, task: Task) -> str | None:
        """Return the execution that Sense began for the task, None if it began none."""
        outcome = self.outcomes[task.id]
        return outcome.execution_id if isinstance(outcome, Started) else None

    @property
    def failures(self) -> tuple[tuple[Task, Failure], ...]:
        """The tasks that were not started, or of which nobody knows."""
        outcomes = ((task, self.outcomes[task.id]) for task in self.plan.tasks)
        return tuple((task, outcome) for task, outcome in outcomes if isinstance(outcome, Failure))

    @property
    def nothing_started(self) -> bool:
        """True when starts were tried and surely none took place: who repeats the request starts nothing twice."""
        outcomes = self.outcomes.values()
        return bool(outcomes) and all(isinstance(one, NotStarted) for one in outcomes)
