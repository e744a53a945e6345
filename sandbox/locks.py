"""File locks: each is released when the process that holds it ends, however it ends.

Standard library only: the environment is set up under one, before anything is installed.
"""

from __future__ import annotations  # so that an older Python gets as far as printing that it is too old

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock, waiting for it as long as it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        while not _take(file, wait=True):
            continue
        yield


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock and yield True, or yield False at once if it is held, in this process or elsewhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        yield _take(file, wait=False)


def _take(file: IO[str], *, wait: bool) -> bool:
    if os.name != "nt":
        import fcntl  # noqa: PLC0415 - not there on Windows

        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
    import msvcrt  # noqa: PLC0415 - only there on Windows

    try:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        if error.errno not in {errno.EDEADLK, errno.EACCES}:  # raised after waiting ten seconds, or if the lock is held
            raise
        return False
    return True
