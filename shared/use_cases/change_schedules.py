"""Change a schedule that others may be changing too: decide, write, record who asked for it, and again if need be."""

import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from shared.core.audit import Action, AuditRecord, of_change
from shared.core.errors import (
    ChangedMeanwhile,
    StorageConflict,
    StorageError,
    UnknownSchedule,
)
from shared.core.listing import shown
from shared.core.schedules import Change, Schedule
from shared.core.unreadable import AnyEntry
from shared.log import log_of
from shared.use_cases.read_schedules import ReadSchedules
from shared.use_cases.tell_audit import tell

log = log_of(__name__)

# A tick may change a schedule of every second while somebody stops it; ten times in a row it will not.
TRIES = 10
LONGEST_PAUSE_SECONDS = 0.2

Decide = Callable[[Schedule, AnyEntry | None], Change | None]
# Whether a schedule is still what the caller wants to change.
IsMeant = Callable[[Schedule], bool]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a caller wants to be done to a schedule, and by which call where that is one for many."""

    action: Action
    decide: Decide
    now: datetime
    is_meant: IsMeant | None = None
    through: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeSchedules(ReadSchedules):
    """What every use case that changes a schedule does; each raises StorageError when storage can't be reached."""

    def audited(self, change: Change, action: Action, now: datetime, through: str = "") -> Change:
        """Return the change with the record of it, which is written along with it."""
        record = of_change(change, action, self.origin, record_id=str(uuid.uuid4()), at=now, through=through)
        return replace(change, audit=record)

    def tell_if_recorded(self, tried: AuditRecord | None) -> None:
        """Tell the log of a change whose answer was lost, where it was written."""
        with suppress(StorageError):
            if tried and self.schedules.is_recorded(tried):
                tell(tried)

    def _record_left_out(self, schedule: Schedule) -> None:
        """Record what a change has left out whose answer was lost; its row keeps it where that fails."""
        with suppress(StorageError):
            if schedule.left_out:
                self.schedules.record_left_out(schedule)

    def change(
        self, schedule_id: str, wanted: Wanted, found: Schedule | None = None, *, tried: AuditRecord | None = None
    ) -> Schedule:
        """Read unless it was `found`, decide, write, and again when somebody was faster or the answer was lost.

        Raises ChangedMeanwhile when it is not meant any more; but not where a first try whose answer was lost has done
        what was to be done. `tried` is the record of a try before, of which nobody is sure.
        """
        last = StorageError(f"Schedule {schedule_id} could not be changed. Try again.")
        for number in range(TRIES):
            try:
                schedule, found = found or self.kept(schedule_id), None
            except UnknownSchedule:
                self.tell_if_recorded(tried)
                raise
            entry = self.schedules.entry(schedule)
            decided = wanted.decide(schedule, entry)
            if wanted.is_meant and (decided or number == 0) and not wanted.is_meant(shown(schedule, entry)):
                raise ChangedMeanwhile(schedule.id)
            if decided is None:
                self._record_left_out(schedule)
                self.tell_if_recorded(tried)
                return shown(schedule, entry)
            change = self.audited(decided, wanted.action, wanted.now, wanted.through)
            try:
                self.schedules.apply(change)
            except StorageError as error:
                last, tried = error, change.audit
                log.info("Changing %s again after: %s", schedule_id, error, extra={"action": "schedule_second_try"})
                time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))
            else:
                log_done(wanted.action.value, change.after or schedule)
                tell_of(change)
                # What can't be read stands there still, or was put right by the change.
                return self.one(schedule_id) if change.after and schedule.unreadable else change.after or schedule
        if isinstance(last, StorageConflict):
            raise StorageConflict(f"Schedule {schedule_id} was changed by others {TRIES} times in a row. Try again.")
        raise last


def log_done(action: str, schedule: Schedule) -> None:
    """Log a change of a schedule."""
    log.info("%s: %s", action.replace("_", " "), schedule.id, extra={"action": action, "schedule_id": schedule.id})


def tell_of(change: Change) -> None:
    """Log the record of a change that was written."""
    if change.audit:
        tell(change.audit)
