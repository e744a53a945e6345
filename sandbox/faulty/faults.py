"""Storage faults on demand: which request gets which fault."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import unquote

from sandbox.faulty.messages import Message

Kind = Literal["refuse", "cut", "late", "busy_after", "busy", "hang", "slow", "answer"]
Match = str | Callable[[Message], bool]
# Occurs in the path of every transaction, and in no other.
TRANSACTION = "$batch"


@dataclass(kw_only=True, slots=True)
class Fault:
    """A fault for the next `count` requests that match, None: for all; `over` is set when it ends early."""

    kind: Kind
    match: Match = ""
    count: int | None = None
    seconds: float = 1
    answer: Message | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind is one of {', '.join(get_args(Kind))}, not {self.kind!r}")

    def hits(self, request: Message) -> bool:
        """Return whether the request gets this fault."""
        if self.count == 0:
            return False
        return _holds(request, self.match) if isinstance(self.match, str) else self.match(request)


class Faults:
    """The active faults; for use by any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Activate a fault, after those that are active."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """End all faults, also for requests that wait because of one."""
        with self._lock:
            for fault in self._faults:
                fault.over.set()
            self._faults.clear()

    def take(self, request: Message) -> Fault | None:
        """Return the first fault that hits the request, and count the hit."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.hits(request)), None)
            if fault is not None and fault.count is not None:
                fault.count -= 1
            return fault


def _holds(request: Message, text: str) -> bool:
    """Return whether a text occurs in the first line or the body, percent-encoded or not."""
    whole = f"{request.first_line}\n{request.body.decode(errors='replace')}"
    return text in whole or text in unquote(whole)
