"""Start processes, learn that they are ready, end them."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The Functions host gives running calls 10 s.
SECONDS_TO_END = 15
SECONDS_TO_START = 30
# Only Linux reports these, under these names.
MEMORY_IS_KNOWN = Path("/proc/self/status").exists()
HELD, HELD_AT_MOST = "VmRSS", "VmHWM"
CREATE_NEW_PROCESS_GROUP = 0x200  # subprocess has the name on Windows only


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process that ends when its standard input does.

    It has a process group of its own: Ctrl-C in a terminal only reaches its parent, which then ends it in order.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        start_new_session=os.name != "nt",
        creationflags=CREATE_NEW_PROCESS_GROUP if os.name == "nt" else 0,
        **options,
    )


def announced(process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    """Return the one line of JSON with which a process reports that it is ready; None if it ended or took too long."""
    timer = threading.Timer(SECONDS_TO_START, process.kill)
    timer.start()
    line = process.stdout.readline() if process.stdout else b""
    timer.cancel()
    return json.loads(line) if line.startswith(b"{") else None


def listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until something listens on the port; return False if the process ended or took too long."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def end(process: subprocess.Popen[bytes]) -> int:
    """End a process by closing its standard input, which works on every system, or by force; return the exit code."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
    code = process.wait()
    if process.stdout:
        process.stdout.close()
    return code


def memory_mib(pid: int, which: str) -> float:
    """Return how many MiB a process holds (HELD), or held at most (HELD_AT_MOST)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{which}:\s+(\d+) kB", status)[0]) / 1024
