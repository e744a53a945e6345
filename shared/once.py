"""Build what a process has one of."""

from collections.abc import Callable
from threading import RLock
from typing import TypeVar

Built = TypeVar("Built")

# Two requests of a cold start must not build two pools: together they would exceed QRS_MAX_CONNECTIONS.
_building = RLock()


def once(build: Callable[[], Built]) -> Callable[[], Built]:
    """Build a value once and keep it; an error is not kept, so that a corrected setting or file takes effect."""
    built: list[Built] = []

    def get() -> Built:
        with _building:
            if not built:
                built.append(build())
        return built[0]

    return get
