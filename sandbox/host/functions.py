"""What the host knows of a function once it is indexed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class HttpTrigger:
    route: str
    methods: frozenset[str]  # none at all means every method
    auth_level: str


@dataclass(frozen=True, kw_only=True)
class TimerTrigger:
    schedule: str
    use_monitor: bool
    run_on_startup: bool


@dataclass(frozen=True, kw_only=True)
class Function:
    name: str
    handler: Callable[..., object]
    trigger: HttpTrigger | TimerTrigger
    parameter: str
    wants_context: bool
    directory: Path
    bindings: tuple[dict[str, object], ...]
