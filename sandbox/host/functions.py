"""What the host knows about a function after indexing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class HttpTrigger:
    """Where a function answers HTTP, and whether it needs a key."""

    route: str
    methods: frozenset[str]  # none at all means every method
    auth_level: str


@dataclass(frozen=True, kw_only=True)
class TimerTrigger:
    """When a function runs by itself; `schedule` is NCRONTAB, or names a setting as %NAME%."""

    schedule: str
    use_monitor: bool
    run_on_startup: bool


@dataclass(frozen=True, kw_only=True)
class Function:
    """An indexed function, with all that is needed to call it."""

    name: str
    handler: Callable[..., object]
    trigger: HttpTrigger | TimerTrigger
    parameter: str
    wants_context: bool
    directory: Path
    bindings: tuple[dict[str, object], ...]
