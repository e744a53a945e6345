"""Access to the stand-in by certificate, for tests that call Sense without a host."""

from typing import Any

from sandbox.stand_in import StandIn
from shared.qrs.access import Access, ClientCertificate


def access_to(sense: StandIn, **changes: Any) -> Access:
    """Return Footman's access to a stand-in with its certificates, changed as given."""
    folder = sense.certificates
    certificate, key = ((folder / name).read_text() for name in ("client.pem", "client_key.pem"))
    usual = {
        "base_urls": (sense.https,),
        "client_certificate": ClientCertificate(certificate=certificate, key=key),
        "root_certificate": (folder / "root.pem").read_text(),
        "user_directory": "INTERNAL",
        "user_id": "sa_repository",
        "tls_verify": True,
        "timeout_seconds": 2,
        "max_connections": 16,
    }
    return Access(**{**usual, **changes})
