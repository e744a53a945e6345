"""The query string as QRS reads it: case-insensitive names, and parts without a value are refused."""

from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from sandbox.qrs.answers import refused


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters by lower-case name; `complete` is False if one has no value."""

    parameters: dict[str, str] = field(default_factory=dict)
    complete: bool = True

    def get(self, name: str) -> str | None:
        """Return the value of a parameter, or None."""
        return self.parameters.get(name)

    def require(self, name: str) -> str:
        """Return the value of a parameter; refuse the request without it."""
        if (value := self.parameters.get(name)) is None:
            raise missing_value()
        return value

    def check(self) -> None:
        """Refuse a query with a parameter without value."""
        if not self.complete:
            raise missing_value()


def missing_value() -> Exception:
    """Return the refusal for a missing value."""
    return refused(400, "Missing parameter value(s)")


@lru_cache(maxsize=1024)
def parse_query(raw: str, *, plus_is_space: bool) -> Query:
    """Parse a raw query string."""
    decode = unquote_plus if plus_is_space else unquote
    parameters: dict[str, str] = {}
    complete = True
    for part in filter(None, raw.split("&")):
        name, _, value = part.partition("=")
        complete = complete and bool(value)
        parameters.setdefault(decode(name).lower(), decode(value))
    return Query(parameters, complete)
