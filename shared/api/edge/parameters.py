"""Parameters of a call: each knows its name, how it is read, and how the contract tells of it."""

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
    """A part of the query, or of the path; of a text `form` is a JSON Schema format and `longest` the most it holds."""

    name: str
    description: str
    form: str | None = None
    longest: int | None = None
    place: ClassVar[str] = "query"
    is_required: ClassVar[bool] = False

    @property
    def schema(self) -> dict[str, Any]:
        told = {"type": "string", "format": self.form, "maxLength": self.longest}
        return {name: value for name, value in told.items() if value is not None}

    def checked(self, given: str) -> str:
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
        """Return the text; the host decodes all of it but %2F, which would look like a separator."""
        given: str = req.route_params[self.name]
        if given in NO_NAMES:
            raise NotAllowed(self.name, given, FOLDED)
        return self.checked(re.sub("%2f", "/", given, flags=re.IGNORECASE))


class OptionalText(Parameter):
    """A text that may be left out; an empty one is refused before it is read."""

    @property
    def schema(self) -> dict[str, Any]:
        return {**super().schema, "minLength": 1}

    def read(self, req: func.HttpRequest) -> str | None:
        given: str | None = req.params.get(self.name)
        return None if given is None else self.checked(given)


class Text(OptionalText):
    """A text that must be there."""

    is_required = True

    def read(self, req: func.HttpRequest) -> str:
        given = super().read(req)
        if given is None:
            raise FieldRefused(self.name, "is missing: give it as a query parameter")
        return given


class Flag(Parameter):
    """True or false; absent is false."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "boolean", "default": False}

    def read(self, req: func.HttpRequest) -> bool:
        given: str = req.params.get(self.name, "false")
        if given not in {"true", "false"}:
            raise NotAllowed(self.name, given, "use true or false")
        return given == "true"


@dataclass(frozen=True, kw_only=True)
class WholeNumber(Parameter):
    if_absent: int
    most: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": self.most, "default": self.if_absent}

    def read(self, req: func.HttpRequest) -> int:
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
        """Return it in UTC, None if absent; a time without its offset is none."""
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
