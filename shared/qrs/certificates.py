"""How long certificates are still good for."""

from collections.abc import Mapping
from datetime import datetime

from shared.qrs.access import Access


def days_left(access: Access, now: datetime) -> Mapping[str, int]:
    """Return the days until each certificate in use ends; of several in one text the one that ends first counts."""
    from cryptography import x509  # noqa: PLC0415 - 20 ms that only a look at certificates asks for

    texts = {
        "client": access.client_certificate.certificate if access.client_certificate else None,
        "root": access.root_certificate,
    }
    return {
        name: min((each.not_valid_after_utc - now).days for each in x509.load_pem_x509_certificates(text.encode()))
        for name, text in texts.items()
        if text
    }
