"""QRS faults on demand: which request gets which fault."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import get_args

from sandbox.qrs.settings import python_name, wire_name

KINDS = ("refuse", "reset", "resetAfter", "hang", "delay", "status", "html", "truncate")
# these answer instead of QRS: the request has no effect
INSTEAD = ("reset", "hang", "status", "html")


@dataclass(kw_only=True, slots=True)
class Fault:
    """A fault for the next `count` requests to this method and path, None: for all."""

    kind: str
    method: str | None = None
    path: str | None = None
    status: int = 503
    body: str = "Service Unavailable"
    delay_ms: float | None = None
    count: int | None = None

    def hits(self, method: str, path: str) -> bool:
        """Return whether the request gets this fault."""
        return (
            self.kind != "refuse"
            and self.count != 0
            and (self.method is None or self.method.upper() == method)
            and (self.path is None or self.path.lower() in path.lower())
        )


class Faults:
    """The active faults."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    @property
    def refusing(self) -> bool:
        """Return whether connections are to be refused."""
        return any(fault.kind == "refuse" for fault in self._faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Activate faults, after those that are active."""
        self._faults.extend(faults)

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault that hits the request, and count the hit."""
        for fault in self._faults:
            if fault.hits(method, path):
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None

    def listed(self) -> list[dict[str, object]]:
        """Return the active faults under the names of the wire."""
        names = [item.name for item in fields(Fault)]
        return [{wire_name(name): getattr(fault, name) for name in names} for fault in self._faults]


def read_faults(given: object) -> list[Fault]:
    """Read one fault or a list of them; raises ValueError or TypeError saying what is wrong."""
    return [_read_fault(each) for each in (given if isinstance(given, list) else [given])]


def _read_fault(given: object) -> Fault:
    if not isinstance(given, dict):
        raise TypeError("a fault is a JSON object")
    named = {python_name(str(name)): value for name, value in given.items()}
    if named.get("kind") not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {named.get('kind')!r}")
    for item in fields(Fault):
        _check_type(item.name, item.type, named)
    return Fault(**named)


def _check_type(name: str, declared: object, named: dict[str, object]) -> None:
    if name not in named:
        return
    allowed = get_args(declared) or (declared,)
    value = named[name]
    if type(value) is int and float in allowed:
        return
    if type(value) not in allowed:
        raise ValueError(f"{name} is {declared}, not {value!r}")
