"""The state of the site: its tasks, their executions, the log, and the active faults and settings."""

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
    """A request in the log; the status is None until it is answered."""

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
    """A start that was accepted."""

    task_id: str
    execution_id: str
    at: float
    connection: int


@dataclass(kw_only=True, slots=True)
class Counts:
    """Counts of requests and connections."""

    requests: int = 0
    connections: int = 0
    handshakes: int = 0
    open_connections: int = 0
    max_open_connections: int = 0

    def accepted(self) -> None:
        """Count a connection."""
        self.connections += 1

    def opened(self, *, secure: bool) -> None:
        """Count a connection whose handshake is done."""
        self.handshakes += secure
        self.open_connections += 1
        self.max_open_connections = max(self.max_open_connections, self.open_connections)

    def closed(self) -> None:
        """Count the end of a connection."""
        self.open_connections -= 1

    def reset(self) -> None:
        """Count from now on; open connections remain open."""
        self.requests = self.connections = self.handshakes = 0
        self.max_open_connections = self.open_connections


@dataclass(kw_only=True)
class Site:
    """Everything that the stand-in knows and remembers."""

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
        """Replace all tasks; past executions are gone with the tasks that they belonged to."""
        self.catalogue = Catalogue(tasks)
        self.executions = Executions()
