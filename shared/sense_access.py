"""The way to Sense that the settings describe."""

from shared.qrs.access import Access, ClientCertificate
from shared.settings import Settings


def access(settings: Settings) -> Access:
    """Return how Sense is reached, and as whom."""
    certificate, key = settings.client_certificate, settings.client_key
    return Access(
        base_urls=settings.qrs_urls,
        user_directory=settings.user_directory,
        user_id=settings.user_id,
        client_certificate=ClientCertificate(certificate=certificate, key=key.get_secret_value())
        if certificate and key
        else None,
        root_certificate=settings.root_certificate,
        jwt=settings.jwt.get_secret_value() if settings.jwt else None,
        tls_server_name=settings.tls_server_name,
        tls_fingerprint=settings.tls_fingerprint,
        tls_verify=settings.tls_verify,
        tls_common_name=settings.tls_common_name,
        timeout_seconds=settings.timeout_seconds,
        max_connections=settings.max_connections,
    )
