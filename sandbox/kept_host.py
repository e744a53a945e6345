"""Keep a Functions host running: when it dies it is started again, as Azure does."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Self

from sandbox.environment import LOCAL, ROOT, SetupFailed
from sandbox.processes import announced, end, listens, start

LOOK_EVERY_SECONDS = 0.2


class KeptHost:
    """The local Functions host or, with `func`, Core Tools; runs within its `with` block."""

    def __init__(self, port: int, *, func: bool) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._func = func
        self._command = _core_tools(port) if func else _local_host(port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the id of the running process, or None."""
        return self._process.pid if self._process else None

    def lives(self) -> Iterator[None]:
        """Restart the host whenever it dies, for ever; yield after each start."""
        while True:
            code = self._process.poll() if self._process else None
            if code is None:
                time.sleep(LOOK_EVERY_SECONDS)
                continue
            print(f"The host ended with {code}; starting it again.", file=sys.stderr, flush=True)
            self._again()
            yield

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _again(self) -> None:
        while True:
            self._end()
            try:
                self._begin()
            except SetupFailed as failed:
                print(f"{failed} Trying again.", file=sys.stderr, flush=True)
                time.sleep(1)
            else:
                return

    def _begin(self) -> None:
        self._process = start(self._command, cwd=ROOT, stdout=None if self._func else subprocess.PIPE)
        if not (listens(self._port, self._process) if self._func else announced(self._process)):
            raise SetupFailed("The Functions host does not start; the lines above tell why.")

    def _end(self) -> None:
        if self._process and self._func:
            _end_core_tools(self._process)
        if self._process:
            end(self._process)


def _local_host(port: int) -> list[str]:
    state = LOCAL / f"timers-{port}"
    options = ["--app", str(ROOT), "--port", str(port), "--state", str(state), "--exit-with-parent"]
    return [sys.executable, "-m", "sandbox.host", *options]


def _core_tools(port: int) -> list[str]:
    func = shutil.which("func")
    if not func:
        raise SetupFailed("Azure Functions Core Tools (func) are not installed: leave out --func, or install them.")
    return [func, "start", "--port", str(port)]


def _end_core_tools(process: subprocess.Popen[bytes]) -> None:
    """End func and all its processes: it is often a script around the real program, and ignores standard input."""
    if process.poll() is not None:
        return
    if os.name == "nt":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], check=False, capture_output=True)  # noqa: S607 - Windows' own
    else:
        os.killpg(process.pid, signal.SIGTERM)
