"""Certificates and keys in PEM form, read despite what portals, shells and pipelines did to their line ends."""

import base64
import re
from dataclasses import dataclass

WIDTH = 64
# "-----BEGIN" in base64: some encode a secret once more to preserve its line breaks.
_ENCODED = "LS0tLS1CRUdJTi"
# Line breaks as JSON, a shell or PowerShell escapes them, when nothing unescapes them.
_WRITTEN_END = re.compile(r"[\\`]+[rnt]")
_NOISE = re.compile("[\\\\`\"'\u200b\ufeff]+")
_BEGIN = re.compile(r"-----BEGIN\s+([A-Z0-9 ]+?)\s*-----")
_BLOCK = re.compile(r"-----BEGIN\s+([A-Z0-9 ]+?)\s*-----(.*?)-----END\s+\1\s*-----", re.DOTALL)
# What follows the headers is a DER sequence, and the base64 of these begins with M and one of A to P.
_HEADERS = re.compile(r"\A.*?(?<=\s)(?=M[A-P][A-Za-z0-9+/=\s]*\Z)", re.DOTALL)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_LOCKED = re.compile(r"ENCRYPTED|DEK-Info")


@dataclass(frozen=True, kw_only=True)
class Block:
    """What stands between BEGIN and END, with its line breaks restored; of a key with a password only the label."""

    label: str
    text: str
    is_locked: bool


def is_pem(text: str) -> bool:
    """Return True if the text looks like PEM, also like PEM that was encoded in base64 once more."""
    return "-----BEGIN" in text or text.lstrip().startswith(_ENCODED)


def blocks(text: str) -> list[Block]:
    """Return the PEM blocks of a text, ignoring anything between them; raises ValueError if there is none."""
    plain = _WRITTEN_END.sub("\n", _decoded(text))
    if found := [_block(label, inside) for label, inside in _BLOCK.findall(plain)]:
        return found
    if begun := _BEGIN.search(plain):
        raise ValueError(
            f"it holds no PEM block that is whole: -----END {begun[1]}----- is missing, so its end was cut off. Set it "
            "again from the file"
        )
    raise ValueError("it holds no PEM block (-----BEGIN …-----). Export from the QMC in PEM format, not Windows format")


def _decoded(text: str) -> str:
    if "-----BEGIN" in text or not is_pem(text):
        return text
    digits = re.sub(r"[^A-Za-z0-9+/]", "", _WRITTEN_END.sub("", text))
    return base64.b64decode(digits + "=" * (-len(digits) % 4)).decode("latin-1")


def _block(label: str, inside: str) -> Block:
    if _LOCKED.search(label) or (":" in inside and _LOCKED.search(inside)):
        return Block(label=label, text="", is_locked=True)
    bare = _NOISE.sub("", inside)
    body = "".join((_HEADERS.sub("", bare) if ":" in bare else bare).split())
    if not body or not _BASE64.fullmatch(body):
        raise ValueError(
            f"what stands between BEGIN and END {label} is no base64: it was damaged on its way here. Set it again "
            "from the file"
        )
    lines = (body[at : at + WIDTH] for at in range(0, len(body), WIDTH))
    return Block(
        label=label, text="\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]), is_locked=False
    )
