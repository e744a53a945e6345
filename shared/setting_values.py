"""Values of settings: each made of its text, or refused with what is wrong, never with a secret."""

import re
from pathlib import Path

from pydantic import SecretStr

from shared import pem, setting_texts
from shared.setting_texts import HOST

_CERTIFICATE_FILE = re.compile(r"\.(pem|crt|cer|key|pfx)$", re.IGNORECASE)


def base_urls(text: str) -> tuple[str, ...]:
    """Return the addresses of Sense; raises ValueError, as all here do."""
    return tuple(_base_url(url.strip("\"'")) for url in re.split(r"\s*[,;]\s*|\s+", text))


def _base_url(url: str) -> str:
    parts = setting_texts.address(url.rstrip("/"))
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("only host, port and path belong in it; who asks is told by QRS_JWT or the client certificate")
    if parts.scheme not in {"http", "https"} or not HOST.fullmatch(parts.hostname or "") or parts.port == 0:
        raise ValueError("an http(s) address is needed, for instance https://sense.example.com:4242/qrs")
    if not parts.path.lower().endswith("/qrs"):
        raise ValueError("it must end in /qrs, for instance https://sense.example.com:4242/qrs or .../jwt/qrs")
    return parts.geturl()


def certificates(text: str) -> str:
    """Return the certificates of a text, or of the file that it names."""
    found = _blocks(text)
    if not (certificates := [block.text for block in found if block.label.endswith("CERTIFICATE")]):
        raise ValueError(f"it holds no certificate but {found[0].label}; use the .pem of the certificate itself")
    return "".join(certificates)


def unlocked_key(text: str) -> SecretStr:
    """Return the private key of a text, or of the file that it names."""
    keys = [block for block in _blocks(text) if block.label.endswith("PRIVATE KEY")]
    if not keys:
        raise ValueError("it holds no private key; use client_key.pem of the export")
    if any(key.is_locked for key in keys):
        raise ValueError(
            "the key is locked with a password; export it again without one, or unlock it: openssl pkey -in "
            "client_key.pem -out unlocked.pem"
        )
    return SecretStr(keys[0].text)


def _blocks(text: str) -> list[pem.Block]:
    return pem.blocks(text if pem.is_pem(text) else _file(text))


def _file(path: str) -> str:
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError):
        if _CERTIFICATE_FILE.search(path):
            raise ValueError(f"the file {path!r} cannot be read; export the certificates from the QMC") from None
        # It might be a key that lost its first line, so it is not shown.
        raise ValueError("it is neither PEM text (-----BEGIN …-----) nor the path of a file that can be read") from None
    # Windows PowerShell writes UTF-16.
    return raw.decode("utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1", "replace")


def token(text: str) -> SecretStr:
    """Return the token of a virtual proxy."""
    return SecretStr(setting_texts.token(text))


def table_url(url: str) -> str:
    """Return the address of Table storage."""
    parts = setting_texts.address(url.strip().rstrip("/"))
    # An identity's token is only sent over HTTPS, and a signature in the query would appear wherever the URL is logged.
    if parts.scheme != "https" or not HOST.fullmatch(parts.hostname or "") or "@" in parts.netloc or parts.query:
        raise ValueError("an https address is needed, for instance https://account.table.core.windows.net")
    return parts.geturl()
