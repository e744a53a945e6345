"""Store each timer's status in a file; the real host uses a blob."""

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sandbox.host.timers import Status

NEVER = datetime(1, 1, 1, tzinfo=UTC)
log = logging.getLogger("host")


@dataclass(frozen=True, kw_only=True)
class StatusFile:
    """The file of one timer."""

    path: Path

    def read(self) -> Status | None:
        """Return the recorded status; an unreadable file counts as none."""
        try:
            return from_names(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is passed over: %s", self.path, error)
            return None

    def write(self, status: Status) -> None:
        """Record a status if possible: a full disk does not stop the timer."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(to_names(status)), encoding="utf-8")
            os.replace(new, self.path)  # noqa: PTH105 - one step, a crash leaves the old file or the new one
        except OSError as error:
            log.warning("%s could not be written: %s", self.path, error)


def to_names(status: Status) -> dict[str, str]:
    """Return a status under the host's names."""
    return {
        "Last": (status.last or NEVER).isoformat(),
        "Next": status.next.isoformat(),
        "LastUpdated": status.updated.isoformat(),
    }


def from_names(names: dict[str, str]) -> Status:
    """Return a status from the host's names; raises KeyError or ValueError."""
    last, following, updated = (datetime.fromisoformat(names[name]) for name in ("Last", "Next", "LastUpdated"))
    return Status(last=None if last == NEVER else last, next=following, updated=updated)
