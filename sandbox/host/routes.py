"""Match paths to functions as the host does: ASP.NET route templates, tried in the order of function names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

from sandbox.host.route_templates import Segment, parse_template


@dataclass(frozen=True, kw_only=True)
class Route:
    """The route of a function; no `methods` means all."""

    function: str
    methods: frozenset[str]
    segments: tuple[Segment, ...]

    @classmethod
    def parse(cls, function: str, template: str, methods: Iterable[str] = ()) -> Self:
        """Return the route of a template; raises BadTemplateError."""
        return cls(
            function=function,
            methods=frozenset(method.upper() for method in methods),
            segments=parse_template(template),
        )

    def values(self, path: str) -> dict[str, str] | None:
        """Return the values of the parameters, or None if the path does not match."""
        values: dict[str, str] = {}
        parts = _split(path)
        for position, part in enumerate(parts):
            if not part or position == len(self.segments):
                return None
            segment = self.segments[position]
            text = _rest(path, position) if segment.catch_all else part
            if not segment.accepts(text):
                return None
            if segment.parameter:
                values[segment.parameter] = text
            if segment.catch_all:
                return values
        missing = self.segments[len(parts) :]
        return values if all(segment.optional or segment.catch_all for segment in missing) else None

    def takes(self, method: str) -> bool:
        """Return whether the route has this method."""
        return not self.methods or method.upper() in self.methods


@dataclass(frozen=True, kw_only=True)
class Match:
    """The function that a request goes to, with the values of its parameters."""

    function: str
    values: dict[str, str]


class RouteTable:
    """All routes of an app; the first by name whose template, constraints and method match wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: name_order(route.function))

    def match(self, method: str, path: str) -> Match | None:
        """Return the match for a request, or None."""
        for route in self._routes:
            if route.takes(method) and (values := route.values(path)) is not None:
                return Match(function=route.function, values=values)
        return None


def name_order(function: str) -> str:
    """Return the host's sort key: .NET compares upper-case letters, so 'a' comes before '_'."""
    return function.upper()


def decode_path(raw_path: str) -> str:
    """Decode a path as the host's web server does: once, and except %2F, which would become a separator.

    Then `.` and `..` are resolved, however they were written, leaving a slash at the end.
    """
    pieces = re.split("(%2[fF])", raw_path)
    return fold("".join(piece if position % 2 else _decode(piece) for position, piece in enumerate(pieces)))


def encode_path(path: str) -> str:
    """Encode a decoded path as the host does in the URL that it reports: what looks percent-encoded is left alone."""
    pieces = re.split("(%[0-9a-fA-F]{2})", path)
    plain = "/:@!$&'()*+,;=~"
    return "".join(piece if position % 2 else quote(piece, safe=plain) for position, piece in enumerate(pieces))


def fold(path: str) -> str:
    """Remove dot segments by RFC 3986, section 5.2.4."""
    folded: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            folded = folded[:-1]
        elif part != ".":
            folded.append(part)
    return "/".join(["", *folded, *([""] if parts and parts[-1] in {".", ".."} else [])])


def _decode(piece: str) -> str:
    try:
        return unquote(piece, errors="strict")
    except UnicodeDecodeError:
        return piece


def _split(path: str) -> list[str]:
    # A single slash at the end is ignored, a double one makes an empty segment.
    return path[1:].removesuffix("/").split("/") if len(path) > 1 else []


def _rest(path: str, position: int) -> str:
    return "/".join(path[1:].split("/")[position:])
