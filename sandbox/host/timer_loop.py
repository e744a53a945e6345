"""Run one timer: sleep until it is due, call the function, record that, repeat."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.functions.timer import TimerRequest

from sandbox.host.errors import FunctionFailedError
from sandbox.host.functions import Function
from sandbox.host.invoke import Invoker
from sandbox.host.returns import to_nothing
from sandbox.host.timer_state import StatusFile, to_names
from sandbox.host.timers import Reason, Schedule, Status, after_run, seconds_until, start

# Short, so that the timer recovers soon after the computer slept or its clock was set.
LONGEST_SLEEP = 30.0
log = logging.getLogger("host")


@dataclass(frozen=True, kw_only=True)
class Timer:
    """A timer trigger with its schedule and recorded state."""

    function: Function
    schedule: Schedule
    run_on_startup: bool
    file: StatusFile | None  # None for a timer without monitor: no state, no catch-up
    invoker: Invoker

    async def run(self, stopping: asyncio.Event) -> None:
        """Fire by the schedule until asked to stop; a call that has begun is finished and recorded first."""
        status, reason = self._start()
        while True:
            if reason is None:
                await self._wait(status.next, stopping)
                reason = Reason.SCHEDULED
            if stopping.is_set():
                return
            status, reason = await self._fire(status, reason), None

    async def fire_by_hand(self) -> None:
        """Call the function at once, whatever the schedule says; nothing is recorded."""
        await self._call(self.file.read() if self.file else None, past_due=False)

    def _start(self) -> tuple[Status, Reason | None]:
        recorded = self.file.read() if self.file else None
        begin = start(self.schedule, recorded, utc_now(), run_on_startup=self.run_on_startup)
        if begin.status != recorded:
            self._record(begin.status)
        log.info("Timer %s (%s) is next due at %s", self.function.name, self.schedule.expression, begin.status.next)
        return begin.status, begin.fire

    async def _wait(self, moment: datetime, stopping: asyncio.Event) -> None:
        while not stopping.is_set() and (left := seconds_until(moment, utc_now())) > 0:
            try:
                async with asyncio.timeout(min(left, LONGEST_SLEEP)):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def _fire(self, status: Status, reason: Reason) -> Status:
        began = utc_now()
        await self._call(status if self.file else None, past_due=reason is Reason.PAST_DUE)
        following = after_run(self.schedule, status, began, reason)
        self._record(following)
        return following

    async def _call(self, status: Status | None, *, past_due: bool) -> None:
        request = TimerRequest(
            past_due=past_due,
            schedule_status=dict(to_names(status)) if status else {},
            schedule={"AdjustForDST": True},
        )
        try:
            await self.invoker.invoke(self.function, request, to_nothing)
        except FunctionFailedError:
            # It is in the log; a failure does not stop the schedule.
            return

    def _record(self, status: Status) -> None:
        if self.file:
            self.file.write(status)


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)
