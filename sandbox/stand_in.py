"""Start the QRS stand-in and talk to its control API, for tests and benches."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from sandbox import certificates
from sandbox.processes import announced, end, start

_ROOT = Path(__file__).parents[1]
_TIMEOUT_SECONDS = 10

XSRF_KEY = "0123456789abcDEF"
GOOD_HEADERS = {"X-Qlik-Xrfkey": XSRF_KEY, "X-Qlik-User": "UserDirectory=INTERNAL; UserId=sa_repository"}


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A running stand-in; URLs end in `/qrs`; settings and faults may have the names of the wire or of Python."""

    https: str
    http: str
    proxy: str
    control: str
    pid: int
    certificates: Path
    session: requests.Session

    def log(self) -> list[dict[str, Any]]:
        """Return all requests: listener, method, path, filter, status, connection, user, at."""
        return self._ask("GET", "log")  # type: ignore[no-any-return]

    def forget_log(self) -> None:
        """Clear the log."""
        self._ask("DELETE", "log")

    def starts(self) -> list[dict[str, Any]]:
        """Return the starts that took place, in order: taskId, executionId, at, connection."""
        return self._ask("GET", "starts")  # type: ignore[no-any-return]

    def stats(self) -> dict[str, int]:
        """Return requests, connections, handshakes, openConnections, maxOpenConnections."""
        return self._ask("GET", "stats")  # type: ignore[no-any-return]

    def settings(self, **changes: object) -> dict[str, Any]:
        """Change settings and return all of them."""
        return self._ask("PUT", "settings", changes)  # type: ignore[no-any-return]

    def fault(self, kind: str, **about: object) -> None:
        """Activate a fault: method, path, status, body, delayMs, count."""
        self._ask("POST", "faults", {"kind": kind, **about})

    def no_faults(self) -> None:
        """End all faults."""
        self._ask("DELETE", "faults")

    def forget_sessions(self) -> None:
        """Make the virtual proxy forget all sessions, as after its restart."""
        self._ask("DELETE", "sessions")

    def tasks(self, tasks: Sequence[object]) -> None:
        """Replace all tasks of the site."""
        self._ask("PUT", "tasks", list(tasks))

    def reset(self) -> None:
        """Put everything back to how it was at the start."""
        self._ask("POST", "reset")

    def ask(self, method: str, path: str, body: object = None, **query: str) -> requests.Response:
        """Send a well-formed request to QRS on the plain port: XSRF key, user, an encoded query."""
        parameters = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        url = f"{self.http}{path}?xrfkey={XSRF_KEY}" + (f"&{parameters}" if parameters else "")
        return self.session.request(method, url, json=body, headers=GOOD_HEADERS, timeout=_TIMEOUT_SECONDS)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self.session.request(method, f"{self.control}/{path}", json=body, timeout=_TIMEOUT_SECONDS)
        if not answer.ok:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


@contextmanager
def start_stand_in(
    *,
    tasks: Path | None = None,
    folder: Path | None = None,
    latency: float = 0,
    server: certificates.Pair | None = None,
    port: int = 0,
) -> Iterator[StandIn]:
    """Run a stand-in; without a folder it has temporary certificates of its own."""
    with ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        command = [sys.executable, "-m", "sandbox.qrs", "--exit-with-parent"]
        command += ["--certificates", str(folder), "--latency", str(latency), "--port", str(port)]
        command += ["--tasks", str(tasks)] if tasks else []
        if server is not None:
            command += ["--server-certificate", str(server.certificate), "--server-key", str(server.key)]
        process = start(command, cwd=_ROOT, stdout=subprocess.PIPE)
        stack.callback(end, process)
        announcement = announced(process)
        if announcement is None:
            raise RuntimeError("the stand-in ended before it listened; the lines above tell why")
        session = stack.enter_context(requests.Session())
        # ignore a proxy in the environment
        session.trust_env = False
        yield StandIn(**announcement, certificates=folder, session=session)
