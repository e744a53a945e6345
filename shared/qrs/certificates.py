"""Say how long certificates are still valid."""

from collections.abc import Mapping
from datetime import datetime

from shared.core.errors import SettingsError
from shared.qrs.access import Access


def days_left(access: Access, now: datetime) -> Mapping[str, int]:
    """Return the days until each certificate in use expires; of several in one text the first to expire counts.

    Raises SettingsError for a certificate that can't be read.
    """
    texts = {
        "client": access.client_certificate.certificate if access.client_certificate else None,
        "root": access.root_certificate,
    }
    return {name: min((end - now).days for _, end in _spans(name, text)) for name, text in texts.items() if text}


def client_fault(access: Access, now: datetime) -> str:
    """Return a sentence on wrong dates of the client certificate in use; empty if they are right or none is used."""
    is_shown = any(url.startswith("https:") for url in access.base_urls) and not access.jwt
    if access.client_certificate is None or not is_shown:
        return ""
    try:
        begin, end = _spans("client", access.client_certificate.certificate)[0]
    except SettingsError:
        return ""  # the caller is looking for the cause of another error, which must not be lost
    return out_of_date(begin, end, now)


def out_of_date(begin: datetime, end: datetime, now: datetime) -> str:
    """Return a sentence if a client certificate valid from `begin` to `end` is not valid now; else an empty text."""
    if now > end:
        return f"QRS_CLIENT_CERTIFICATE expired on {end:%Y-%m-%d}: export a new one and its key from the QMC."
    if now < begin:
        return f"QRS_CLIENT_CERTIFICATE is valid only from {begin:%Y-%m-%d} on: check the clocks of Sense and Footman."
    return ""


def _spans(name: str, text: str) -> list[tuple[datetime, datetime]]:
    from cryptography import x509  # noqa: PLC0415 - the import takes 20 ms, and only a check of certificates needs it

    try:
        found = x509.load_pem_x509_certificates(text.encode())
        return [(each.not_valid_before_utc, each.not_valid_after_utc) for each in found]
    except ValueError:
        setting = f"QRS_{name.upper()}_CERTIFICATE"
        problem = f"{setting} can't be read as a certificate. Export it again from the QMC."
        raise SettingsError((setting,), problem) from None
