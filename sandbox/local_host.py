"""Start the local Functions host as a separate process, for tests."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from sandbox.processes import announced, end, start

REPOSITORY = Path(__file__).parents[1]


class LocalHostFailedError(Exception):
    """The host ended before it served; holds its exit code and stderr."""

    def __init__(self, exit_code: int, stderr_text: str) -> None:
        super().__init__(f"the local host ended with {exit_code}:\n{stderr_text}")
        self.exit_code = exit_code
        self.stderr_text = stderr_text


class LocalHost:
    """A serving host; ends with its `with` block, or with the process that started it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, project: Path = REPOSITORY) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="local-host-")
        # A file, because a pipe that nobody reads fills up and blocks the host.
        self._stderr = Path(self._folder.name) / "stderr.txt"
        self._final_text: str | None = None
        with self._stderr.open("wb") as stderr:
            self._process = start(
                command, cwd=project, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=stderr
            )
        announcement = announced(self._process)
        if announcement is None:
            raise LocalHostFailedError(self._close(), self.stderr_text())
        self.url: str = announcement["url"]
        self.pid: int = announcement["pid"]
        self.functions: list[str] = announcement["functions"]

    def stderr_text(self) -> str:
        """Return what the host has logged so far, also after it has ended."""
        if self._final_text is None:
            return self._stderr.read_text(encoding="utf-8", errors="replace")
        return self._final_text

    def stop(self) -> int:
        """End the host as the end of its parent would, which works on Windows too; return its exit code."""
        return self._close()

    def kill(self) -> None:
        """End the host without giving it a chance to finish anything."""
        self._process.kill()
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _close(self) -> int:
        exit_code = end(self._process)
        self._final_text = self.stderr_text()
        self._folder.cleanup()
        return exit_code


def start_local_host(
    app: Path,
    environment: Mapping[str, str],
    *,
    port: int = 0,
    arguments: Sequence[str] = (),
    project: Path = REPOSITORY,
) -> LocalHost:
    """Return a serving host; raises LocalHostFailedError with its stderr if it does not start.

    The code of the host itself is that of `project`; an app without modules of its own uses the modules there.
    """
    command = [sys.executable, "-m", "sandbox.host", "--app", str(app), "--port", str(port)]
    return LocalHost([*command, "--exit-with-parent", *arguments], environment, project=project)
