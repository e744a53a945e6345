"""Stand between a client and Azurite's tables and inject storage faults on demand, for tests and benches."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from sandbox.faulty.faults import Fault, Faults, Kind, Match
from sandbox.faulty.messages import Message
from sandbox.faulty.passing import Log, Server


class FaultyStorage:
    """Storage under another connection string; requests are passed on, except for the active faults."""

    def __init__(self, connection: str, server: Server, faults: Faults, log: Log) -> None:
        self.connection = connection
        self._server = server
        self._is_away = False
        self._faults = faults
        self._log = log

    @property
    def requests(self) -> list[tuple[str, str, int | None]]:
        """Return method, path with query and status of all requests in order; None: not answered, or not yet."""
        return [(seen.method, seen.path, seen.status) for seen in self._log.seen]

    @property
    def transactions(self) -> int:
        """Return how many requests were forwarded to storage, answered or not."""
        return sum(seen.forwarded for seen in self._log.seen)

    def forget(self) -> None:
        """Clear the recorded requests."""
        self._log.seen = []

    def fault(
        self,
        kind: Kind,
        *,
        match: Match = "",
        count: int | None = None,
        seconds: float = 1,
        answer: Message | None = None,
    ) -> None:
        """Activate a fault for the next `count` requests that match, None: until `no_faults`.

        A text matches if it occurs in the request's first line or body, plain or percent-encoded. If several active
        faults match, the first one applies.

        - refuse: the connection is reset, storage gets nothing.
        - busy: answered 503, storage gets nothing.
        - hang: never answered, storage gets nothing; `no_faults` resets the connection.
        - slow: passed on after `seconds`, or at `no_faults`, even if the client has disconnected meanwhile.
        - cut: storage has done it and answered, but the connection is reset.
        - busy_after: storage has done it and answered, but the client gets a 503.
        - answer: answered with `answer`, storage gets nothing.
        - late: storage has done it and answered, but the answer is passed on after `seconds`, or at `no_faults`.
        """
        self._faults.add(Fault(kind=kind, match=match, count=count, seconds=seconds, answer=answer))

    def strand(self) -> None:
        """Leave requests over the connections open now unanswered, as after the restart of a gateway in between."""
        self._server.strand()

    def be_away(self, *, is_away: bool) -> None:
        """Close all connections and refuse new ones, or listen again."""
        if is_away and not self._is_away:
            self._server.leave()
        elif self._is_away and not is_away:
            self._server.come_back()
        self._is_away = is_away

    def no_faults(self) -> None:
        """End all faults, also for requests that wait because of one."""
        self._faults.clear()


@contextmanager
def start_faulty_storage(connection: str) -> Iterator[FaultyStorage]:
    """Listen for clients of the storage that this connection string names; for tables over plain HTTP only."""
    parts = dict(part.split("=", 1) for part in connection.split(";") if part)
    endpoint = urlsplit(parts["TableEndpoint"])
    faults, log = Faults(), Log()
    server = Server((endpoint.hostname or "", endpoint.port or 80), faults, log)
    server.accept()
    parts["TableEndpoint"] = endpoint._replace(netloc=f"127.0.0.1:{server.server_address[1]}").geturl()
    try:
        yield FaultyStorage("".join(f"{name}={value};" for name, value in parts.items()), server, faults, log)
    finally:
        server.end()
