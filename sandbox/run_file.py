"""Tell other programs what runs here: run.json for the first run that is alive, run-PORT.json for each."""

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
    """Be the run of this port: its storage and its file are nobody else's; raises SetupFailed where one is alive."""
    with held_if_free(_lock(port)) as is_mine:
        if not is_mine:
            raise SetupFailed(f"Another run has port {port} and the storage of that port: choose another with --port.")
        yield


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """Where the run of a port tells what it consists of."""

    file: Path
    port: int

    @property
    def own(self) -> Path:
        return self.file.with_name(f"{self.file.stem}-{self.port}{self.file.suffix}")

    def tell(self, told: Mapping[str, Any]) -> None:
        """Write what runs; the file of all runs too, unless another run stands in it that is alive."""
        text = json.dumps(told, indent=2)
        with self._one_at_a_time():
            _write(self.own, text)
            if _port(self.file) == self.port or not _is_alive(_port(self.file)):
                _write(self.file, text)

    def forget(self) -> None:
        """Remove what was told; the file of all runs goes to the oldest one that is still alive."""
        with self._one_at_a_time():
            _patiently(lambda: self.own.unlink(missing_ok=True))
            if _port(self.file) != self.port:
                return
            heirs = self.file.parent.glob(f"{self.file.stem}-*{self.file.suffix}")
            alive = sorted((heir for heir in heirs if _is_alive(_port(heir))), key=lambda heir: heir.stat().st_mtime)
            if alive:
                _write(self.file, alive[0].read_text())
            else:
                _patiently(lambda: self.file.unlink(missing_ok=True))

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
    """Return the port of the run that a file tells of, None where it tells of none."""
    try:
        return urlsplit(str(json.loads(file.read_text())["url"])).port
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, text: str) -> None:
    """Replace a file whole, so that nobody reads half of it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(text)
    _patiently(lambda: draft.replace(file))


def _patiently(act: Callable[[], object]) -> None:
    """Do it, if need be a little later: Windows refuses while somebody reads the file."""
    for _ in range(20):
        try:
            act()
        except PermissionError:
            time.sleep(0.1)
        else:
            return
