"""Read the body of a request, and say where in it a fault is."""

import codecs
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from shared.api.edge.refusals import BODY, FieldRefused, refusal
from shared.core.errors import CallerError, TooLong

Value = TypeVar("Value")

# Butler's own limit; enough for about 10,000 task ids.
BODY_BYTES = 1024 * 1024
GZIP = b"\x1f\x8b"


@dataclass(eq=False)
class NotUtf8(CallerError):
    """A body in another encoding; `found` says which one, or where the first wrong byte is."""

    found: str

    def __str__(self) -> str:
        return f"body is not UTF-8{self.found}. Send JSON in UTF-8; in PowerShell, write files with -Encoding utf8."


def body(req: func.HttpRequest, kind: TypeAdapter[Value], *, if_absent: bytes, unions: Collection[str] = ()) -> Value:
    """Return the JSON body as a checked value; raises CallerError naming place, value and what is allowed.

    `unions` are the tags of tagged unions, which pydantic adds to the place of a fault although no caller wrote them.
    """
    raw = req.get_body()
    if len(raw) > BODY_BYTES:
        raise TooLong(BODY, len(raw), BODY_BYTES, "bytes")
    try:
        # Windows editors and PowerShell put a byte order mark in front.
        return kind.validate_json(raw.removeprefix(b"\xef\xbb\xbf") if raw.strip() else if_absent)
    except ValidationError as error:
        raise _encoding_fault(raw) or refusal(error, unions) from None


def _encoding_fault(raw: bytes) -> CallerError | None:
    """Return what is wrong with the bytes of a body that could not be read, or None if they are UTF-8."""
    if raw.startswith(GZIP):
        return FieldRefused(BODY, "is compressed with gzip; send it as it is")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw[:4]:
        return NotUtf8(" but UTF-16, as PowerShell's Out-File writes it")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return NotUtf8(f": byte {error.start + 1} is 0x{raw[error.start]:02X}")
    return None
