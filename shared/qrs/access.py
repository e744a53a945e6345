"""How to reach the repository service and as whom, free of where that was configured."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """A certificate that the site trusts, as PEM text, with its unencrypted key."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where the repository service answers, who asks, and what is held true about its certificate.

    `base_urls` end in `/qrs`. With `jwt` neither client certificate nor user header is sent. `fingerprint` is a SHA-256
    of the server's certificate; it stands in for root, name and dates.
    """

    base_urls: tuple[str, ...]
    user_directory: str
    user_id: str
    client_certificate: ClientCertificate | None = None
    root_certificate: str | None = None
    jwt: str | None = field(default=None, repr=False)
    tls_server_name: str | None = None
    tls_fingerprint: str | None = None
    tls_verify: bool
    timeout_seconds: float
    max_connections: int
