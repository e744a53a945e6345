"""The settings of the site, which a test can change while it runs."""

import re
from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Named as on the wire, but in snake case: `latency_ms` is `latencyMs`."""

    latency_ms: float = 0.0
    plus_is_space: bool = False
    bare_guid: bool = False
    require_user: bool = True
    # INTERNAL\name: 403, the account is inactive
    denied_users: list[str] = field(default_factory=list)
    # INTERNAL\name -> "none" (sees nothing) or "read" (may not start)
    rights: dict[str, str] = field(default_factory=dict)
    prefixes: list[str] = field(default_factory=lambda: ["jwt"])
    unknown_status: int = 404
    no_scheduler: bool = False
    # ids of tasks whose app is gone, and of tasks that end in FinishedFail
    no_app: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    slots: int = 1000
    queue_timeout_ms: float = 30 * 60_000.0
    trigger_ms: float = 0.0
    reload_ms: float = 0.0


def merged(settings: Settings, changes: object) -> Settings:
    """Return the settings with some changed; raises ValueError or TypeError saying what is wrong."""
    if not isinstance(changes, dict):
        raise TypeError("settings are a JSON object")
    named = {python_name(str(name)): value for name, value in changes.items()}
    known = {item.name for item in fields(Settings)}
    if unknown := named.keys() - known:
        raise ValueError(f"no such setting: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return replace(settings, **{name: _typed(settings, name, value) for name, value in named.items()})


def python_name(name: str) -> str:
    """Return `latency_ms` for `latencyMs`."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda upper: "_" + upper[0].lower(), name)


def wire_name(name: str) -> str:
    """Return `latencyMs` for `latency_ms`."""
    return re.sub(r"_([a-z])", lambda lower: lower[1].upper(), name)


def _typed(settings: Settings, name: str, value: object) -> Any:
    expected = type(getattr(settings, name))
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise ValueError(f"{name} is {expected.__name__}, not {value!r}")
    return value
