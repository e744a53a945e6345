"""Parameters of a call: each has its name, reads its value and describes itself for the contract."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import azure.functions as func

from shared.api.edge.address import FOLDED, NO_NAMES
from shared.api.edge.refusals import FieldRefused, NotAllowed
from shared.core.errors import TooLong

FIRST_YEAR, LAST_YEAR = 1970, 2200


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of the query or path; for a text `form` is its JSON Schema format, `longest` its maximum length."""

    name: str
    description: str
    form: str | None = None
    longest: int | None = None
    place: ClassVar[str] = "query"
    is_required: ClassVar[bool] = False

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        keywords = {"type": "string", "format": self.form, "maxLength": self.longest}
        return {name: value for name, value in keywords.items() if value is not None}

    def checked(self, given: str) -> str:
        """Return the text; raises TooLong."""
        if self.longest and len(given) > self.longest:
            raise TooLong(self.name, len(given), self.longest)
        return given


class Segment(Parameter):
    """A part of the path."""

    place = "path"
    is_required = True

    @property
    def schema(self) -> dict[str, Any]:
        return {**super().schema, "not": {"enum": sorted(NO_NAMES)}}

    def read(self, req: func.HttpRequest) -> str:
        """Return the text; the host decodes everything but %2F, because a slash would separate parts."""
        given: str = req.route_params[self.name]
        if given in NO_NAMES:
            raise NotAllowed(self.name, given, FOLDED)
        return self.checked(re.sub("%2f", "/", given, flags=re.IGNORECASE))


class OptionalText(Parameter):
    """A text that may be absent; an empty one has been refused before it is read."""

    @property
    def schema(self) -> dict[str, Any]:
        return {**super().schema, "minLength": 1}

    def read(self, req: func.HttpRequest) -> str | None:
        """Return the text, or None if absent; raises TooLong."""
        given: str | None = req.params.get(self.name)
        return None if given is None else self.checked(given)


class Tags(Parameter):
    """The header If-Match: the ETags of which one must be that of the thing to be changed; absent: whatever it is."""

    place = "header"

    def read(self, req: func.HttpRequest) -> frozenset[str] | None:
        """Return the tags, None if absent. A gateway that compresses answers makes tags weak ones, which count too."""
        given: str | None = req.headers.get(self.name)
        if given is None:
            return None
        return frozenset(each.strip().removeprefix("W/") for each in self.checked(given).split(","))


class Text(OptionalText):
    """A text that must be present."""

    is_required = True

    def read(self, req: func.HttpRequest) -> str:
        """Return the text; raises FieldRefused if absent, or TooLong."""
        given = super().read(req)
        if given is None:
            raise FieldRefused(self.name, "is missing: give it as a query parameter")
        return given


class Flag(Parameter):
    """True or false; absent means false."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "boolean", "default": False}

    def read(self, req: func.HttpRequest) -> bool:
        """Return the value; raises NotAllowed for anything but true and false."""
        given: str = req.params.get(self.name, "false")
        if given not in {"true", "false"}:
            raise NotAllowed(self.name, given, "use true or false")
        return given == "true"


@dataclass(frozen=True, kw_only=True)
class WholeNumber(Parameter):
    """A whole number from 1 to `most`; `if_absent` is its default."""

    if_absent: int
    most: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": self.most, "default": self.if_absent}

    def read(self, req: func.HttpRequest) -> int:
        """Return the number; raises NotAllowed."""
        given = req.params.get(self.name, str(self.if_absent))
        if not re.fullmatch(r"[0-9]{1,9}", given) or not 1 <= int(given) <= self.most:
            raise NotAllowed(self.name, given, f"use a whole number from 1 to {self.most}")
        return int(given)


class Instant(Parameter):
    """An instant with its offset, such as 2026-11-22T06:00:00Z."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def read(self, req: func.HttpRequest) -> datetime | None:
        """Return the instant in UTC, or None if absent; a time without an offset is refused."""
        given = req.params.get(self.name)
        if given is None:
            return None
        try:
            # A plus that was not percent-encoded arrives as a space.
            found = datetime.fromisoformat(given.replace(" ", "+"))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise NotAllowed(self.name, given, "use an instant such as 2026-11-22T06:00:00Z")
        return found.astimezone(UTC)
