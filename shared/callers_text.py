"""CALLERS: who may call, as JSON or as the path of a file that holds it.

A file is read for each request, so a change of it takes effect at once. A setting that Azure changes restarts the app.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.core.callers import Caller, KnownCaller, Right
from shared.core.tasks import EVERYTHING
from shared.setting_texts import repeated
from shared.start_filter_text import start_filter_of

MOST_BYTES = 1_000_000
LONGEST_NAME = 60
FORM = '[{"name": "reports", "keySha256": "64 hexadecimal digits", "may": ["read", "start"]}]'
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Line(BaseModel):
    """One caller. A misspelt name is refused: a caller whose `tasks` are not read would touch all of them."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00-\x1f\x7f]+$")]
    key_sha256: str | None = Field(None, alias="keySha256")
    entra_id: Annotated[str, Field(min_length=1)] | None = Field(None, alias="entraId")
    entra_role: Annotated[str, Field(min_length=1)] | None = Field(None, alias="entraRole")
    may: Annotated[list[Literal["read", "start", "write", "stop", "admin"]], Field(min_length=1)]
    tasks: dict[str, Any] | None = None


_LINES: TypeAdapter[list[_Line]] = TypeAdapter(list[_Line], config=ConfigDict(defer_build=True))


def callers(text: str) -> tuple[KnownCaller, ...]:
    """Return the callers that the setting names; raises ValueError that says which one is wrong."""
    return _read(text if text.startswith("[") else _file(text))


def uses_entra(known: Sequence[KnownCaller]) -> bool:
    """Return whether somebody is known by what Microsoft Entra says of them."""
    return any(each.entra_id or each.entra_role for each in known)


def _file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise ValueError(f"it is neither JSON nor the path of a file that can be read; write {FORM}") from None
    if len(raw) > MOST_BYTES:
        raise ValueError(f"the file is longer than {MOST_BYTES:,} bytes")
    return raw.decode("utf-8-sig", "replace")


@lru_cache(maxsize=4)
def _read(text: str) -> tuple[KnownCaller, ...]:
    try:
        lines = _LINES.validate_python(json.loads(text))
    except ValidationError as error:
        # What stands there is not repeated: somebody may have put the key itself in place of its hash.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ValueError(f"{repeated(_place(first['loc']))}: {first['msg']}; write {FORM}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"it is no JSON; write {FORM}") from None
    known = tuple(_known(number, line) for number, line in enumerate(lines))
    _must_differ("name", [each.caller.name for each in known])
    _must_differ("keySha256, entraId or entraRole", [_identity(each) for each in known])
    return known


def _known(number: int, line: _Line) -> KnownCaller:
    place = f"[{number}]"
    if sum(each is not None for each in (line.key_sha256, line.entra_id, line.entra_role)) != 1:
        raise ValueError(
            f"{place}: one of keySha256, entraId and entraRole says who {repeated(line.name)!r} is; give just one"
        )
    digest = line.key_sha256.strip().lower() if line.key_sha256 is not None else None
    if digest is not None and not _SHA256.fullmatch(digest):
        raise ValueError(
            f"{place}.keySha256: the SHA-256 of the caller's key is expected, 64 hexadecimal digits, and not the key "
            'itself: printf %s "$KEY" | sha256sum'
        )
    if line.tasks is not None and Right.ADMIN in line.may:
        raise ValueError(f"{place}: admin is a right to everything, also to the audit of all tasks; leave out tasks")
    try:
        tasks = start_filter_of(line.tasks) if line.tasks is not None else EVERYTHING
    except ValueError as error:
        raise ValueError(f"{place}.tasks: {error}") from None
    caller = Caller(name=line.name, rights=frozenset(map(Right, line.may)), tasks=tasks)
    return KnownCaller(caller=caller, key_sha256=digest, entra_id=line.entra_id, entra_role=line.entra_role)


def _identity(known: KnownCaller) -> str:
    return f"{known.key_sha256} {known.entra_id} {known.entra_role}"


def _must_differ(what: str, texts: Sequence[str]) -> None:
    # Of two lines with one identity only the first would hold, and nobody would see why.
    twice = [number for number, text in enumerate(texts) if Counter(texts)[text] > 1]
    if twice:
        raise ValueError(f"[{twice[1]}]: its {what} stands in [{twice[0]}] already; name each caller once")


def _place(location: Sequence[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".") or "it"
