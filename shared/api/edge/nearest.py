"""Which route somebody meant who asked for a path that there is not."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import zip_longest

LONGEST, MOST_PARTS, LONGEST_PART = 200, 8, 60
# How alike two words must be to be taken for one: `schedule` and `schedules` are by 0.94, `stop` and `start` by 0.67.
ALIKE = 0.7
# Beyond two parts too many or too few a path is not near any more.
FARTHEST = 2.5
EXTRA, STRANGE, ANY = 1.0, 2.0, 0.1


def nearest(path: str, routes: Iterable[str]) -> str | None:
    """Return the route nearest to the path, None where none is near: a slip, not another idea.

    General approach: a route is known by its first word after the version, `schedules` or `reloadtask`. Where the path
    has a word like it, what follows is compared part by part; a parameter takes any part.
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


def _cost(part: str | None, wanted: str | None) -> float:
    if part is None or wanted is None:
        return EXTRA
    if wanted.startswith("{"):
        return ANY
    likeness = _likeness(part, wanted.lower())
    return 1 - likeness if likeness >= ALIKE else STRANGE


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
