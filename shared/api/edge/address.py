"""Check the address that was called: nothing in it may be ignored, because ignoring a part widens the call.

The host passes `req.url` on as it was sent, except that it resolves dot segments; `req.params` lacks empty parameters.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

import azure.functions as func

from shared.api.edge.refusals import FieldRefused, PartMissing
from shared.core.errors import CallerError
from shared.foreign import quotable

# Clients and servers resolve these in a path, which then addresses the parent.
NO_NAMES = frozenset({".", ".."})
FOLDED = "in a path it is folded away"
# The host reads these itself, in upper or lower case: a function key, and the key's name.
OF_THE_HOST = frozenset({"code", "clientid"})
# Headers in which the platform in front of the host passes on the original address, dot segments included.
ORIGINAL = ("x-waws-unencoded-url", "x-original-url")
PATH_SHOWN = 200
# Anything longer, with more digits or other characters, may be a key that was pasted in place of a name.
_PLAIN = re.compile(r"[A-Za-z0-9_$.\[\]-]{1,24}")
_MOST_DIGITS = 3


@dataclass(eq=False)
class UnknownParameter(CallerError):
    """A query parameter that the call does not have; the name is None if it may be a secret."""

    name: str | None
    allowed: Sequence[str]
    hint: str

    def __str__(self) -> str:
        shown = self.name or "A name that is not repeated here"
        takes = f"it takes {', '.join(self.allowed)}" if self.allowed else "it takes none"
        return f"{shown} is no parameter of this call: {takes}.{self.hint}"


def check(req: func.HttpRequest, allowed: Collection[str]) -> None:
    """Raise CallerError for a dot segment in the path, and for a query parameter that is unknown, empty or repeated."""
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

    The host matches `DELETE …/sales/` to the route that deletes a namespace, although a key was meant: an empty one, or
    `.`.
    """
    path = _target(req.url).partition("?")[0]
    if "//" in path or (path.endswith("/") and path != "/"):
        raise PartMissing(f"{shown(unquote(path))} has an empty part")


def shown(path: str) -> str:
    """Return as much of a path as an answer repeats, without secrets."""
    path = quotable(path)
    return path if len(path) <= PATH_SHOWN else f"{path[:PATH_SHOWN]}…"


def _check_original(req: func.HttpRequest) -> None:
    for header in ORIGINAL:
        parts = req.headers.get(header, "").partition("?")[0].split("/")
        if folded := [part for part in parts if unquote(part) in NO_NAMES]:
            raise PartMissing(f"{folded[0]} in a path is no name: it is folded away on its way here")


def _target(url: str) -> str:
    """Return path and query unchanged; urlsplit can't be used, as it rejects some hosts that clients send."""
    _, _, rest = url.partition("://")
    return rest[rest.find("/") :] if "/" in rest else "/"


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return ((name, value) for name, value in pairs if name.lower() not in OF_THE_HOST)


def _plain(name: str) -> str | None:
    """Return the name, or None if it may be a secret."""
    is_plain = _PLAIN.fullmatch(name) and sum(each.isdigit() for each in name) <= _MOST_DIGITS
    return name if is_plain else None


def _hint(name: str, allowed: Collection[str]) -> str:
    by_lower = {each.lower(): each for each in allowed}
    if exact := by_lower.get(name.lower()):
        return f" Write {exact}: upper and lower case are told apart."
    from difflib import get_close_matches  # noqa: PLC0415 - not at import: a hint is rarely needed

    near = get_close_matches(name.lower()[:60], by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]}?" if near else ""
