"""How to reach the repository service and as whom, independent of where that was configured."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """A client certificate that the site trusts, as PEM text, with its unencrypted key."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where the repository service answers, which user Footman is, and how its certificate is checked.

    `base_urls` end in `/qrs`. With `jwt` neither client certificate nor user header is sent. `tls_fingerprint` is the
    SHA-256 of the server's certificate; with it the root, the name and the dates of that certificate are not checked.
    With `tls_common_name` the name may be its common name, where it has no alternative names.
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
    tls_common_name: bool = False
    timeout_seconds: float
    max_connections: int
