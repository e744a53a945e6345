"""Tell other programs what runs here: run.json for the oldest live run, run-PORT.json for each."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.environment import LOCAL, SetupFailed
from sandbox.locks import held, held_if_free


@contextmanager
def only_run(port: int) -> Iterator[None]:
    """Be the only run of this port, its storage and its file; raises SetupFailed if there is one."""
    with held_if_free(_lock(port)) as is_mine:
        if not is_mine:
            raise SetupFailed(f"Another run has port {port} and the storage of that port: choose another with --port.")
        yield


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """The files in which the run of a port says what it consists of."""

    file: Path
    port: int

    @property
    def own(self) -> Path:
        """Return the path of the file for this port's run."""
        return self.file.with_name(f"{self.file.stem}-{self.port}{self.file.suffix}")

    def record(self, facts: Mapping[str, Any]) -> None:
        """Write what runs; also to the file for all runs, unless that belongs to another live run."""
        text = json.dumps(facts, indent=2)
        with self._one_at_a_time():
            _write(self.own, text)
            if _port(self.file) == self.port or not _is_alive(_port(self.file)):
                _write(self.file, text)

    def forget(self) -> None:
        """Remove what was recorded; the file for all runs goes to the oldest live run."""
        with self._one_at_a_time():
            _retried(lambda: self.own.unlink(missing_ok=True))
            if _port(self.file) != self.port:
                return
            heirs = self.file.parent.glob(f"{self.file.stem}-*{self.file.suffix}")
            alive = sorted((heir for heir in heirs if _is_alive(_port(heir))), key=lambda heir: heir.stat().st_mtime)
            if alive:
                _write(self.file, alive[0].read_text())
            else:
                _retried(lambda: self.file.unlink(missing_ok=True))

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        with held(LOCAL / "run.lock"):
            yield


def _lock(port: int) -> Path:
    return LOCAL / f"run-{port}.lock"


def _is_alive(port: int | None) -> bool:
    if port is None or not _lock(port).exists():
        return False
    with held_if_free(_lock(port)) as is_free:
        return not is_free


def _port(file: Path) -> int | None:
    """Return the port of the run that a file describes, or None."""
    try:
        return urlsplit(str(json.loads(file.read_text())["url"])).port
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, text: str) -> None:
    """Replace a file atomically, so that nobody reads half of it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(text)
    _retried(lambda: draft.replace(file))


def _retried(act: Callable[[], object]) -> None:
    """Do it, if necessary a little later: Windows refuses while somebody reads the file."""
    for _ in range(20):
        try:
            act()
        except PermissionError:
            time.sleep(0.1)
        else:
            return
