"""The address that was called: nothing in it may be passed over, for what is lost there widens the call.

The host says `req.url` as it was sent, but for dot segments, which it folds away; `req.params` lacks what is empty.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

import azure.functions as func

from shared.api.edge.refusals import FieldRefused, PartMissing
from shared.core.errors import CallerError

# Clients and servers fold these away from a path, which then is about what holds the name.
NO_NAMES = frozenset({".", ".."})
FOLDED = "in a path it is folded away"
# The host reads these itself, in any case: a function key, and the key's name.
OF_THE_HOST = frozenset({"code", "clientid"})
# In these the platform in front of the host tells the address before anything was folded.
ORIGINAL = ("x-waws-unencoded-url", "x-original-url")
PATH_SHOWN = 200
# What is longer, has more digits or stranger characters may be a key that was pasted in the place of a name.
_PLAIN = re.compile(r"[A-Za-z0-9_$.\[\]-]{1,24}")
_MOST_DIGITS = 3


@dataclass(eq=False)
class UnknownParameter(CallerError):
    """A query parameter that the call does not read; the name is None where it may be a secret."""

    name: str | None
    allowed: Sequence[str]
    hint: str

    def __str__(self) -> str:
        shown = self.name or "A name that is not repeated here"
        takes = f"it takes {', '.join(self.allowed)}" if self.allowed else "it takes none"
        return f"{shown} is no parameter of this call: {takes}.{self.hint}"


def check(req: func.HttpRequest, allowed: Collection[str]) -> None:
    """Raise CallerError for a folded part of the path, and for a parameter that would not be read as it stands."""
    _check_original(req)
    given: set[str] = set()
    for name, value in _parameters(_target(req.url).partition("?")[2]):
        if name not in allowed:
            raise UnknownParameter(_plain(name), tuple(allowed), _hint(name, allowed))
        if not value:
            raise FieldRefused(name, "is empty: give it a value, or leave it out")
        if name in given:
            raise FieldRefused(name, "is given twice: it is read once")
        given.add(name)


def check_parts(req: func.HttpRequest) -> None:
    """Raise CallerError for a path with an empty part.

    The host matches `DELETE …/sales/` to the route that removes a namespace; it was about a key that is empty, or `.`.
    """
    path = _target(req.url).partition("?")[0]
    if "//" in path or (path.endswith("/") and path != "/"):
        raise PartMissing(f"{shown(unquote(path))} has an empty part")


def shown(path: str) -> str:
    """Return as much of a path as an answer repeats."""
    return path if len(path) <= PATH_SHOWN else f"{path[:PATH_SHOWN]}…"


def _check_original(req: func.HttpRequest) -> None:
    for header in ORIGINAL:
        parts = req.headers.get(header, "").partition("?")[0].split("/")
        if folded := [part for part in parts if unquote(part) in NO_NAMES]:
            raise PartMissing(f"{folded[0]} in a path is no name: it is folded away on its way here")


def _target(url: str) -> str:
    """Return path and query as they stand; urlsplit refuses what some send as their host."""
    _, _, rest = url.partition("://")
    return rest[rest.find("/") :] if "/" in rest else "/"


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return ((name, value) for name, value in pairs if name.lower() not in OF_THE_HOST)


def _plain(name: str) -> str | None:
    """Return the name, None where it may be a secret."""
    is_plain = _PLAIN.fullmatch(name) and sum(each.isdigit() for each in name) <= _MOST_DIGITS
    return name if is_plain else None


def _hint(name: str, allowed: Collection[str]) -> str:
    by_lower = {each.lower(): each for each in allowed}
    if exact := by_lower.get(name.lower()):
        return f" Write {exact}: upper and lower case are told apart."
    from difflib import get_close_matches  # noqa: PLC0415 - not at import: few need a hint

    near = get_close_matches(name.lower()[:60], by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]}?" if near else ""
