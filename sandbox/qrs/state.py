"""The site: its tasks, what ran, what was asked, and the faults and settings in force."""

from collections import deque
from dataclasses import dataclass, field

from sandbox.qrs.catalogue import Catalogue
from sandbox.qrs.executions import Executions
from sandbox.qrs.faults import Faults
from sandbox.qrs.sessions import Sessions
from sandbox.qrs.settings import Settings

REMEMBERED = 100_000


@dataclass(kw_only=True, slots=True)
class Entry:
    """A request as the log has it; the status is None until it is answered."""

    listener: str
    method: str
    path: str
    filter: str | None
    connection: int
    at: float
    status: int | None = None
    user: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    task_id: str
    execution_id: str
    at: float
    connection: int


@dataclass(kw_only=True, slots=True)
class Counts:
    requests: int = 0
    connections: int = 0
    handshakes: int = 0
    open_connections: int = 0
    max_open_connections: int = 0

    def accepted(self) -> None:
        self.connections += 1

    def opened(self, *, secure: bool) -> None:
        self.handshakes += secure
        self.open_connections += 1
        self.max_open_connections = max(self.max_open_connections, self.open_connections)

    def closed(self) -> None:
        self.open_connections -= 1

    def reset(self) -> None:
        """Count from now; connections that are open stay open."""
        self.requests = self.connections = self.handshakes = 0
        self.max_open_connections = self.open_connections


@dataclass(kw_only=True)
class Site:
    first_tasks: list[object]
    first_settings: Settings
    faults: Faults = field(default_factory=Faults)
    counts: Counts = field(default_factory=Counts)
    log: deque[Entry] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    starts: deque[Start] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Put everything back to how it was at the start of the process."""
        self.settings = self.first_settings
        self.sessions = Sessions()
        self.replace_tasks(self.first_tasks)
        self.faults.clear()
        self.counts.reset()
        self.log.clear()
        self.starts.clear()

    def replace_tasks(self, tasks: list[object]) -> None:
        """Take these tasks instead; what ran before is gone with the tasks it belonged to."""
        self.catalogue = Catalogue(tasks)
        self.executions = Executions()
