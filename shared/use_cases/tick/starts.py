"""Send the starts of a tick over the pool, and never more than a crash may double."""

from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from shared.core.errors import QrsNotSent
from shared.core.tries import Tried, Try
from shared.log import log_of
from shared.use_cases.tick.ports import Clock, Tasks

log = log_of(__name__)

# Starts whose outcome is not recorded yet, for each connection: a crash can double these.
UNRECORDED_EACH = 4
# A start may take its time-out and the seconds of connecting; only then its claim may end.
SPARE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Means:
    """With what starts are sent; `pool` sends `connections` at a time, each within `timeout` of an answer."""

    tasks: Tasks
    pool: Executor
    clock: Clock
    connections: int
    timeout: timedelta


class Starts:
    """The starts of one tick. One thread gives and takes; the pool only sends.

    With `carefully` one start goes first, and the rest when it is answered. After as many in a row without an answer as
    there are connections Sense is out of reach, and nothing more is sent.
    """

    def __init__(self, means: Means, *, carefully: bool) -> None:
        self._means = means
        self._waiting: deque[Try] = deque()
        self._answers: SimpleQueue[Tried] = SimpleQueue()
        self._sending = 0
        self._unrecorded = 0
        self._in_a_row = 0
        self._patience = 1 if carefully else means.connections
        self.out_of_reach = False
        self.why = ""

    @property
    def unsent(self) -> int:
        """How many claimed starts wait here, give or take those that are being sent."""
        return len(self._waiting) + self._sending

    @property
    def waits(self) -> bool:
        """True while a claimed start was not handed to the pool."""
        return bool(self._waiting)

    @property
    def worth_telling(self) -> int:
        """How many outcomes are worth a transaction: half of what may be unrecorded."""
        return UNRECORDED_EACH * self._means.connections // 2

    def add(self, tries: list[Try]) -> None:
        """Take tries, those first that did not fail before: a task that never answers must not be asked for all."""
        self._waiting.extend(sorted(tries, key=lambda each: bool(each.due.last_error)))

    def dare(self) -> None:
        """Let no start go first alone: Sense has just answered."""
        self._patience = self._means.connections

    def give_up(self, error: Exception) -> None:
        """Send nothing more: Sense is out of reach, which the error tells."""
        self.out_of_reach, self.why = True, str(error)

    def send(self) -> None:
        """Hand to the pool what may be sent now."""
        most = 1 if self._patience == 1 else UNRECORDED_EACH * self._means.connections
        while self._waiting and self._unrecorded < most:
            self._sending += 1
            self._unrecorded += 1
            self._means.pool.submit(self._send, self._waiting.popleft())

    def take(self, patience_seconds: float) -> list[Tried]:
        """Return what was answered, waiting for a first answer; once Sense is out of reach, also what was not sent."""
        answers = self._answered(patience_seconds)
        for tried in answers:
            self._count(tried)
        if self.out_of_reach:
            now = self._means.clock.now()
            answers += [Tried(of=each, at=now) for each in self._waiting]
            self._waiting.clear()
        return answers

    def recorded(self, count: int) -> None:
        """Make room for others: the outcomes of so many that were sent are stored."""
        self._unrecorded -= count

    def _answered(self, patience_seconds: float) -> list[Tried]:
        found: list[Tried] = []
        try:
            if self._sending:
                found.append(self._answers.get(timeout=patience_seconds))
            while True:
                found.append(self._answers.get_nowait())
        except Empty:
            self._sending -= len(found)
            return found

    def _count(self, tried: Tried) -> None:
        if not tried.was_sent:
            self._unrecorded -= 1
            return
        self._in_a_row = self._in_a_row + 1 if tried.is_out_of_reach else 0
        if tried.error and self._in_a_row >= self._patience:
            self.give_up(tried.error)
        elif not tried.is_out_of_reach:
            self.dare()

    def _send(self, attempt: Try) -> None:
        self._answers.put(self._tried(attempt))

    def _tried(self, attempt: Try) -> Tried:
        at = self._means.clock.now()

        def look() -> None:
            # Whoever waited for a turn, a connection or a session may have waited for too long.
            nonlocal at
            at = self._means.clock.now()
            if not self._may_be_sent(attempt, at):
                raise QrsNotSent

        try:
            look()
            execution_id = self._means.tasks.start(attempt.due.target.task_id, look)
        except QrsNotSent:
            return Tried(of=attempt, at=at)
        except Exception as error:  # noqa: BLE001 - one start's bug must not hide what became of the others
            return Tried(of=attempt, at=at, error=error)
        return Tried(of=attempt, at=at, execution_id=execution_id)

    def _may_be_sent(self, attempt: Try, now: datetime) -> bool:
        """True while the claim lasts longer than the start may take: after it another tick may send the start."""
        claim = attempt.due.claim
        return not self.out_of_reach and claim is not None and claim.until - now >= self._means.timeout + SPARE
