"""End what was started."""

import subprocess
from typing import Any

# The Functions host gives running calls 10 s.
PATIENCE_SECONDS = 15


def end(process: subprocess.Popen[Any]) -> int:
    """End a process by closing its standard input, which works on every system, or by force; return its exit code."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    code = process.wait()
    if process.stdout:
        process.stdout.close()
    return code
