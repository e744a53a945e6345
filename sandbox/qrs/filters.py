"""QRS filter expressions: parsed once, then matched against rows whose names and texts are in lower case."""

import re
from dataclasses import dataclass
from functools import lru_cache

from sandbox.qrs.terms import Matches, term

_TOKEN = re.compile(r"\s*(?:(?P<paren>[()])|(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[^\s()'\"]+))", re.DOTALL)
_PROPERTY = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DEEPEST = 100


class FilterError(ValueError):
    """The filter is invalid; the text is QRS's answer, with status 400."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition; `lookup` is (property, values) if it only says `property eq guid or ...`, which needs no search."""

    matches: Matches
    lookup: tuple[str, frozenset[str]] | None = None


@lru_cache(maxsize=1024)
def parse(text: str) -> Filter:
    """Parse a filter; raises FilterError."""
    reader = _Reader(text)
    result = reader.alternatives(0)
    if not reader.at_end:
        raise reader.error()
    return result


class _Reader:
    """Reads by precedence: or, and, not, then a group or a single term."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text.strip())
        self._next = 0

    @property
    def at_end(self) -> bool:
        return self._next == len(self._tokens)

    def error(self) -> FilterError:
        return FilterError(f"Cannot parse the expression: {self._text}")

    def alternatives(self, depth: int) -> Filter:
        parts = [self._conjunction(depth)]
        while self._accept("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else _any_of(parts)

    def _conjunction(self, depth: int) -> Filter:
        parts = [self._operand(depth)]
        while self._accept("and"):
            parts.append(self._operand(depth))
        return parts[0] if len(parts) == 1 else _all_of(parts)

    def _operand(self, depth: int) -> Filter:
        if depth > _DEEPEST:
            raise self.error()
        if self._accept("not"):
            inner = self._operand(depth + 1).matches
            return Filter(lambda row: not inner(row))
        return self._group(depth) if self._accept("(") else self._term()

    def _group(self, depth: int) -> Filter:
        if self._accept(")"):
            raise FilterError("Invalid expression")
        inner = self.alternatives(depth + 1)
        if not self._accept(")"):
            raise self.error()
        return inner

    def _term(self) -> Filter:
        name, operator, literal = self._take().lower(), self._take().lower(), self._take()
        matches = term(name.split("."), operator, literal) if _PROPERTY.fullmatch(name) else None
        if matches is None:
            raise self.error()
        value = literal.lower()
        by_guid = operator == "eq" and _GUID.fullmatch(value)
        return Filter(matches, (name, frozenset((value,))) if by_guid else None)

    def _take(self) -> str:
        if self.at_end:
            raise self.error()
        self._next += 1
        return self._tokens[self._next - 1]

    def _accept(self, word: str) -> bool:
        if self.at_end or self._tokens[self._next].lower() != word:
            return False
        self._next += 1
        return True

    def _split(self, text: str) -> list[str]:
        tokens, position = [], 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self.error()
            tokens.append(found[0].strip() if found["text"] is None else found["text"])
            position = found.end()
        return tokens


def _any_of(parts: list[Filter]) -> Filter:
    every = [part.matches for part in parts]
    return Filter(lambda row: any(matches(row) for matches in every), _union(parts))


def _all_of(parts: list[Filter]) -> Filter:
    every = [part.matches for part in parts]
    return Filter(lambda row: all(matches(row) for matches in every))


def _union(parts: list[Filter]) -> tuple[str, frozenset[str]] | None:
    lookups = [part.lookup for part in parts if part.lookup is not None]
    if len(lookups) < len(parts) or len({name for name, _ in lookups}) > 1:
        return None
    return lookups[0][0], frozenset().union(*(values for _, values in lookups))
