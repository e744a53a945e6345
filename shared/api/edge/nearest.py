"""Find the route that was probably meant when a path does not exist."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import zip_longest

LONGEST, MOST_PARTS, LONGEST_PART = 200, 8, 60
# The likeness from which two words count as the same: `schedule` and `schedules` have 0.94, `stop` and `start` 0.67.
ALIKE = 0.7
# A path with more than two parts too many or too few is not near.
FARTHEST = 2.5
EXTRA, STRANGE, ANY = 1.0, 2.0, 0.1


def nearest(path: str, routes: Iterable[str]) -> str | None:
    """Return the route nearest to the path, or None if the difference is more than a slip.

    General approach: a route is known by its first word after the version, `schedules` or `reloadtask`. If the path has
    a word like it, the rest is compared part by part; a parameter matches any part.
    """
    parts = path.strip("/").lower().split("/")
    if len(path) > LONGEST or len(parts) > MOST_PARTS or max(map(len, parts)) > LONGEST_PART:
        return None
    distances = {route: _distance(parts, route.strip("/").split("/")) for route in routes}
    best = min(distances, key=lambda route: distances[route], default=None)
    return f"/{best.strip('/')}" if best is not None and distances[best] <= FARTHEST else None


def _distance(parts: list[str], route: list[str]) -> float:
    word, *rest = route[1:] if len(route) > 1 and route[0] == "v4" else route
    alike = [(_likeness(part, word.lower()), at) for at, part in enumerate(parts)]
    likeness, at = max(alike)
    if likeness < ALIKE:
        return float("inf")
    return 1 - likeness + sum(_cost(*pair) for pair in zip_longest(parts[at + 1 :], rest))


def _cost(part: str | None, expected: str | None) -> float:
    if part is None or expected is None:
        return EXTRA
    if expected.startswith("{"):
        return ANY
    likeness = _likeness(part, expected.lower())
    return 1 - likeness if likeness >= ALIKE else STRANGE


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
