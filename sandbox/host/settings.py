"""Read host.json and local.settings.json."""

import json
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sandbox.host.errors import CannotStartError

UNLIMITED = 1_000_000
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class HostConfig:
    """The settings of host.json that this host honours."""

    route_prefix: str = "api"
    function_timeout: float | None = 1800.0  # seconds; None is no limit
    max_concurrent_requests: int = UNLIMITED
    max_outstanding_requests: int = UNLIMITED


def read_local_settings(app: Path) -> dict[str, str]:
    """Return `Values` of local.settings.json, or {} without the file."""
    path = app / "local.settings.json"
    values = _typed(path, _read_object(path), "Values", dict, {})
    for name, value in values.items():
        if not isinstance(value, str):
            raise CannotStartError(f"{path}: Values.{name} must be text, got {json.dumps(value)}: write it in quotes")
    return values


def apply_settings(values: Mapping[str, str], environment: MutableMapping[str, str]) -> None:
    """Put settings into the environment; existing variables win."""
    for name, value in values.items():
        environment.setdefault(name, value)


def resolve(expression: str, environment: Mapping[str, str]) -> str:
    """Replace each %NAME% by the setting of that name; raises CannotStartError."""

    def setting(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise CannotStartError(f"'{expression}': there is no setting {found[1]}")
        return environment[found[1]]

    return re.sub(r"%([^%]+)%", setting, expression)


def read_host_config(app: Path) -> HostConfig:
    """Return the settings of host.json; raises CannotStartError."""
    path = app / "host.json"
    content = _read_object(path)
    http: dict[str, object] = _typed(path, _typed(path, content, "extensions", dict, {}), "http", dict, {})
    return HostConfig(
        route_prefix=_typed(path, http, "routePrefix", str, "api").strip("/"),
        function_timeout=_timeout(path, _typed(path, content, "functionTimeout", str, "00:30:00")),
        max_concurrent_requests=_limit(path, http, "maxConcurrentRequests"),
        max_outstanding_requests=_limit(path, http, "maxOutstandingRequests"),
    )


def _read_object(path: Path) -> dict[str, object]:
    try:
        # Editors on Windows put a byte order mark in front.
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStartError(f"{path}: cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise CannotStartError(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}") from error
    if not isinstance(content, dict):
        raise CannotStartError(f"{path}: must hold a JSON object")
    return content


def _typed(path: Path, content: Mapping[str, object], name: str, kind: type[T], default: T) -> T:
    value = content.get(name, default)
    if not isinstance(value, kind):
        raise CannotStartError(f"{path}: {name} must be {kind.__name__}, got {json.dumps(value)}")
    return value


def _limit(path: Path, http: Mapping[str, object], name: str) -> int:
    value = _typed(path, http, name, int, -1)
    return value if value > 0 else UNLIMITED


def _timeout(path: Path, text: str) -> float | None:
    if text == "-1":
        return None
    found = re.fullmatch(r"(?:(\d+)\.)?(\d+):(\d+):(\d+)", text)
    if not found:
        raise CannotStartError(f"{path}: functionTimeout must be hh:mm:ss or -1, got '{text}'")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
