"""Build the TLS context for the repository service.

Qlik creates its own root and server certificates, and they often lack what a public web server's have: they name the
machine as it was installed, have no key identifiers, and sometimes no server purpose.
"""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import certifi
import urllib3
from urllib3.exceptions import InsecureRequestWarning

from shared.core.errors import SettingsError
from shared.log import log_of
from shared.qrs.access import Access, ClientCertificate

log = log_of(__name__)


def pool_options(access: Access) -> dict[str, Any]:
    """Return the TLS options of a urllib3 connection pool for this access; raises SettingsError for unusable PEM."""
    trusted = access.tls_verify and access.tls_fingerprint is None
    if not access.tls_verify:
        log.warning("QRS_TLS_VERIFY is false: anyone on the way may pose as Sense", extra={"action": "tls_unverified"})
        # Logged once here, instead of by the library at every connection.
        urllib3.disable_warnings(InsecureRequestWarning)
    return {
        "ssl_context": _context(access, trusted=trusted),
        "cert_reqs": ssl.CERT_REQUIRED if trusted else ssl.CERT_NONE,
        "server_hostname": access.tls_server_name,
        "assert_fingerprint": access.tls_fingerprint,
    }


def _context(access: Access, *, trusted: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Since Python 3.13 some defaults require identifiers that Qlik's certificates lack.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = trusted
    # What issuers check, and what RFC 9525 asks for, are the alternative names; old sites have a common name alone.
    context.hostname_checks_common_name = access.tls_common_name
    context.verify_mode = ssl.CERT_REQUIRED if trusted else ssl.CERT_NONE
    if trusted:
        _trust(context, access.root_certificate)
    if access.client_certificate and not access.jwt:
        _identify(context, access.client_certificate)
    return context


def _trust(context: ssl.SSLContext, root: str | None) -> None:
    try:
        context.load_verify_locations(cafile=None if root else certifi.where(), cadata=root)
    except ssl.SSLError as error:
        raise SettingsError(
            ("QRS_ROOT_CERTIFICATE",),
            "QRS_ROOT_CERTIFICATE holds no usable certificate. Export root.pem from the QMC in PEM format.",
        ) from error


def _identify(context: ssl.SSLContext, client: ClientCertificate) -> None:
    try:
        _load(context, client)
    except (ssl.SSLError, ValueError):
        raise SettingsError(
            ("QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY"),
            "QRS_CLIENT_CERTIFICATE and QRS_CLIENT_KEY are no usable pair. Export client.pem and client_key.pem "
            "together from the QMC, in PEM format and without a password.",
        ) from None
    except OSError as error:
        raise SettingsError((), f"The client certificate needs a temporary file for a moment: {error}.") from None


def _load(context: ssl.SSLContext, client: ClientCertificate) -> None:
    # OpenSSL reads a certificate chain from files only; they are deleted before the first connection.
    with TemporaryDirectory(prefix="footman-") as folder:
        certificate, key = Path(folder, "client.pem"), Path(folder, "client_key.pem")
        certificate.write_text(client.certificate, encoding="ascii")
        key.touch(mode=0o600)
        key.write_text(client.key, encoding="ascii")
        context.load_cert_chain(certificate, key, password=_refuse_password)


def _refuse_password() -> str:
    # Without this OpenSSL would ask for the password at the terminal and hang.
    return ""
