"""The memory and open files of a running process; only Linux reports them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event, Thread

from sandbox.processes import HELD, HELD_AT_MOST, memory_mib

EACH_SECONDS = 1.0
# The medians are over this fraction of all steps: listing all schedules takes more memory for a moment.
SMOOTHED = 8


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Memory held now and at most, in MiB, and the number of open files."""

    mib: float
    peak_mib: float
    files: int


def footprint(pid: int) -> Footprint:
    """Return the footprint of a process now."""
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Footprint(mib=memory_mib(pid, HELD), peak_mib=memory_mib(pid, HELD_AT_MOST), files=files)


class Trail:
    """The footprints of a process, a second apart."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = Event()
        self.steps: list[Footprint] = []

    @property
    def start(self) -> Footprint:
        """Return the first footprint."""
        return self.steps[0]

    @property
    def first_quarter(self) -> Footprint:
        """Return the footprint after a quarter of the time."""
        return self._smoothed(until=max(1, len(self.steps) // 4))

    @property
    def end(self) -> Footprint:
        """Return the footprint at the end."""
        return self._smoothed(until=len(self.steps))

    @contextmanager
    def followed(self) -> Iterator["Trail"]:
        """Follow the process for the length of the block."""
        self.steps.append(footprint(self._pid))
        thread = Thread(target=self._follow)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _smoothed(self, *, until: int) -> Footprint:
        """Return the medians of the last eighth of all steps up to there, and the peak until then."""
        last = self.steps[:until][-max(1, len(self.steps) // SMOOTHED) :]
        return Footprint(
            mib=median(step.mib for step in last),
            peak_mib=last[-1].peak_mib,
            files=int(median(step.files for step in last)),
        )

    def _follow(self) -> None:
        # A host that died has no footprint; the failing calls report that.
        with suppress(OSError, IndexError):
            while not self._over.wait(EACH_SECONDS):
                self.steps.append(footprint(self._pid))
