"""Read the body that a caller sent, and name the place of what is wrong with it."""

import codecs
from collections.abc import Collection
from typing import TypeVar

import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from shared.api.edge.sentences import sentences
from shared.core.errors import CallerError

Value = TypeVar("Value")

# Butler's own limit. It holds some 10,000 task ids.
BODY_BYTES = 1024 * 1024
SEND_UTF8 = "Send JSON in UTF-8; in PowerShell, write files with -Encoding utf8."
GZIP = b"\x1f\x8b"


def body(req: func.HttpRequest, kind: TypeAdapter[Value], *, if_absent: bytes, unions: Collection[str] = ()) -> Value:
    """Return the JSON body as the value it must be; raises CallerError naming place, value and what is allowed.

    `unions` are the tags of tagged unions in it, which pydantic adds to a place and no caller ever wrote there.
    """
    raw = req.get_body()
    if len(raw) > BODY_BYTES:
        raise CallerError(f"body: {len(raw):,} bytes are too many; at most {BODY_BYTES:,} are allowed.")
    try:
        # Windows editors and PowerShell put a byte order mark in front.
        return kind.validate_json(raw.removeprefix(b"\xef\xbb\xbf") if raw.strip() else if_absent)
    except ValidationError as error:
        raise CallerError(_encoding_fault(raw) or sentences(error, unions)) from None


def _encoding_fault(raw: bytes) -> str:
    """Return what is wrong with the bytes of a body that could not be read; empty where they are UTF-8."""
    if raw.startswith(GZIP):
        return "body is compressed with gzip; send it as it is."
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw[:4]:
        return f"body is not UTF-8 but UTF-16, as PowerShell's Out-File writes it. {SEND_UTF8}"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"body is not UTF-8: byte {error.start + 1} is 0x{raw[error.start]:02X}. {SEND_UTF8}"
    return ""
