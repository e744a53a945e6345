"""How long certificates are still good for."""

from collections.abc import Mapping
from datetime import datetime

from shared.core.errors import SettingsError
from shared.qrs.access import Access


def days_left(access: Access, now: datetime) -> Mapping[str, int]:
    """Return the days until each certificate in use ends; of several in one text the one that ends first counts.

    Raises SettingsError for a certificate that can't be read.
    """
    texts = {
        "client": access.client_certificate.certificate if access.client_certificate else None,
        "root": access.root_certificate,
    }
    return {name: min((end - now).days for end in _ends(name, text)) for name, text in texts.items() if text}


def _ends(name: str, text: str) -> list[datetime]:
    from cryptography import x509  # noqa: PLC0415 - 20 ms that only a look at certificates asks for

    try:
        return [each.not_valid_after_utc for each in x509.load_pem_x509_certificates(text.encode())]
    except ValueError:
        setting = f"QRS_{name.upper()}_CERTIFICATE"
        raise SettingsError(f"{setting} can't be read as a certificate. Export it again from the QMC.") from None
