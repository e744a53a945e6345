"""Keep a Functions host running: when it dies it is started again, as Azure would."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Self

from tests.sandbox.environment import LOCAL, ROOT, SetupFailed
from tests.sandbox.processes import end

SECONDS_TO_START = 60
LOOK_EVERY_SECONDS = 0.2
CREATE_NEW_PROCESS_GROUP = 0x200  # subprocess has the name on Windows only


class KeptHost:
    """The local Functions host, or Core Tools with `func`; ends with its `with` block."""

    def __init__(self, port: int, environment: Mapping[str, str], *, func: bool) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._command = _core_tools(port) if func else _local_host(port)
        self._environment = {**environment, "FUNCTIONS_WORKER_RUNTIME": "python"} if func else environment
        self._announces = not func
        self._process = self._started()

    @property
    def pid(self) -> int:
        return self._process.pid

    def lives(self) -> Iterator[None]:
        """Start the host again whenever it dies, for ever; yield after each start."""
        while True:
            try:
                code = self._process.wait(LOOK_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            print(f"The host ended with {code}; starting it again.", file=sys.stderr, flush=True)
            self._again()
            yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)

    def _again(self) -> None:
        _end(self._process)
        while True:
            try:
                self._process = self._started()
            except SetupFailed as failed:
                print(f"{failed} Trying again.", file=sys.stderr, flush=True)
                time.sleep(1)
            else:
                return

    def _started(self) -> subprocess.Popen[bytes]:
        # In a group of its own, so that Ctrl-C reaches this process alone, which then ends things in order.
        process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if self._announces else None,
            start_new_session=os.name != "nt",
            creationflags=CREATE_NEW_PROCESS_GROUP if os.name == "nt" else 0,
        )
        if not (_announced(process) if self._announces else _listens(self._port, process)):
            _end(process)
            raise SetupFailed("The Functions host does not start; the lines above tell why.")
        return process


def _local_host(port: int) -> list[str]:
    state = LOCAL / f"timers-{port}"
    options = ["--app", str(ROOT), "--port", str(port), "--state", str(state), "--exit-with-parent"]
    return [sys.executable, "-m", "tests.sandbox.host", *options]


def _core_tools(port: int) -> list[str]:
    func = shutil.which("func")
    if not func:
        raise SetupFailed("Azure Functions Core Tools (func) are not installed: leave out --func, or install them.")
    return [func, "start", "--port", str(port)]


def _announced(process: subprocess.Popen[bytes]) -> bool:
    line = process.stdout.readline() if process.stdout else b""
    return bool(line) and "url" in json.loads(line)


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(LOOK_EVERY_SECONDS)
        else:
            return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if not process.stdout:
        process.terminate()  # Core Tools do not look at their standard input
    end(process)
