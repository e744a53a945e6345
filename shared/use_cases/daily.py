"""Once a day: remove what is left of deleted schedules, and see that schedules and agenda agree."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.errors import FootmanError, StorageConflict
from shared.core.health import warns
from shared.core.mending import mended
from shared.core.schedules import Change, Schedule
from shared.core.unreadable import AnyEntry, readable
from shared.log import log_of

log = log_of(__name__)

# A tick that had an occurrence in hand when its schedule was deleted may still record it, so no less than this.
STILL_TOLD = timedelta(hours=1)
# The platform ends a function after five minutes, and with it the process, whatever else it does. What is left when
# the time of a step is over is found tomorrow.
SECONDS_TO_FORGET = 90.0
SECONDS_TO_EXPIRE = 60.0
SECONDS_TO_FORGET_AUDIT = 45.0


class Schedules(Protocol):
    """The schedules that are kept; every call may raise StorageError, a write StorageConflict."""

    def all(self) -> list[Schedule]:
        """Return every schedule; one that can't be read says so."""

    def one(self, schedule_id: str) -> Schedule | None:
        """Return the schedule of that id."""

    def entries(self) -> Sequence[AnyEntry]:
        """Return every entry on the agenda; one that can't be read says so."""

    def name_unreadable(self, schedule_ids: Sequence[str]) -> None:
        """Leave word for health of the schedules that can't be read."""

    def apply(self, change: Change) -> None:
        """Write a change."""

    def gone(self, before: datetime) -> list[str]:
        """Return the ids of schedules deleted before then whose history is still there."""

    def forget(self, schedule_id: str) -> None:
        """Remove the history of a deleted schedule."""

    def record_left_out(self, schedule: Schedule) -> None:
        """Write into history what changes have left out."""


class KeyValues(Protocol):
    """The key-values that are kept."""

    def clean_up(self, now: datetime, within_seconds: float) -> int:
        """Remove what has expired, as long as there is time, and return how many pairs that were.

        Raises StorageError.
        """


class Audit(Protocol):
    """The records of who changed what."""

    def forget(self, before: datetime, within_seconds: float) -> int:
        """Remove what was recorded before then, as far as there is time; raises StorageError."""


@dataclass(frozen=True, kw_only=True)
class Daily:
    """The use case."""

    schedules: Schedules
    key_values: KeyValues
    certificate_days: Callable[[datetime], Mapping[str, int]]
    audit: Audit
    keeps_deleted: timedelta = STILL_TOLD
    keeps_audit: timedelta = timedelta(days=365)

    def run(self, now: datetime) -> None:
        """Do the day's work; what somebody changes meanwhile is left to the next day.

        A step that fails keeps none from its turn. Raises the first failure when all have had theirs, mostly a
        StorageError.
        """
        begun = time.monotonic()
        failures = [failure for name, step in self._steps().items() if (failure := _failure(name, step, now))]
        failed = ", ".join(name for name, _ in failures)
        extra = {"action": "daily_ended", "failed": failed, "seconds": round(time.monotonic() - begun, 1)}
        log.info("The daily work has ended", extra=extra)
        for _, error in failures:
            raise error

    def _steps(self) -> Mapping[str, Callable[[datetime], object]]:
        """Return the work in its order: what a person has to be told of comes first."""
        return {
            "certificates": self._warn_of_certificates,
            "agenda": self._mend,
            "deleted schedules": self._forget,
            "expired key-values": lambda now: self.key_values.clean_up(now, SECONDS_TO_EXPIRE),
            "audit": lambda now: self.audit.forget(now - self.keeps_audit, SECONDS_TO_FORGET_AUDIT),
        }

    def _mend(self, now: datetime) -> None:
        # Schedules before entries: a schedule that moves in between has another ETag, and is left alone.
        stored = self.schedules.all()
        entries: dict[str, list[AnyEntry]] = defaultdict(list)
        for entry in self.schedules.entries():
            entries[readable(entry).schedule_id].append(entry)
        self.schedules.name_unreadable([schedule.id for schedule in stored if schedule.unreadable])
        for schedule in stored:
            self._apply(mended(schedule, entries.pop(schedule.id, []), now))
            if schedule.left_out:
                self.schedules.record_left_out(schedule)
        for schedule_id, orphans in entries.items():
            # One made since is no orphan; ids never come again.
            if self.schedules.one(schedule_id) is None:
                self._apply([Change(entry_before=readable(entry)) for entry in orphans])

    def _forget(self, now: datetime) -> None:
        begun = time.monotonic()
        for schedule_id in self.schedules.gone(now - max(STILL_TOLD, self.keeps_deleted)):
            self.schedules.forget(schedule_id)
            if time.monotonic() - begun > SECONDS_TO_FORGET:
                return  # the marks that are left are found tomorrow

    def _warn_of_certificates(self, now: datetime) -> None:
        for name, days in self.certificate_days(now).items():
            extra = {"action": "certificate_ends", "certificate": name, "days": days}
            level = logging.WARNING if warns(days) else logging.INFO
            log.log(level, "The %s certificate for Sense ends in %d days", name, days, extra=extra)

    def _apply(self, wanted: Sequence[Change]) -> None:
        for change in wanted:
            try:
                self.schedules.apply(change)
            except StorageConflict:
                continue
            entry = change.entry_after or change.entry_before
            schedule_id = change.before.id if change.before else entry and entry.schedule_id
            log.warning(
                "Mended the agenda of %s", schedule_id, extra={"action": "agenda_mended", "schedule_id": schedule_id}
            )


def _failure(name: str, step: Callable[[datetime], object], now: datetime) -> tuple[str, Exception] | None:
    try:
        step(now)
    except Exception as error:  # whatever it is, the other steps must have their turn
        unforeseen = None if isinstance(error, FootmanError) else error
        extra = {"action": "daily_failed", "step": name}
        log.error("The daily work failed at its step %s: %s", name, error, extra=extra, exc_info=unforeseen)
        return name, error
    return None
