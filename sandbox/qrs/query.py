"""The query string as QRS reads it: names in any case, parts without a value refused."""

from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from sandbox.qrs.answers import refused


@dataclass(frozen=True, slots=True)
class Query:
    parameters: dict[str, str] = field(default_factory=dict)
    complete: bool = True

    def get(self, name: str) -> str | None:
        return self.parameters.get(name)

    def require(self, name: str) -> str:
        if (value := self.parameters.get(name)) is None:
            raise missing_value()
        return value

    def check(self) -> None:
        if not self.complete:
            raise missing_value()


def missing_value() -> Exception:
    return refused(400, "Missing parameter value(s)")


@lru_cache(maxsize=1024)
def parse_query(raw: str, *, plus_is_space: bool) -> Query:
    decode = unquote_plus if plus_is_space else unquote
    parameters: dict[str, str] = {}
    complete = True
    for part in filter(None, raw.split("&")):
        name, _, value = part.partition("=")
        complete = complete and bool(value)
        parameters.setdefault(decode(name).lower(), decode(value))
    return Query(parameters, complete)
