"""Turn what goes wrong on the way to the repository service into Footman's errors: the cause, then what to do."""

import re
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from urllib.parse import urlsplit

from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as PinError

from shared.core.errors import (
    QrsBusy,
    QrsDenied,
    QrsError,
    QrsMisplaced,
    QrsRefused,
    QrsTimedOut,
    QrsUnanswered,
    QrsUnreachable,
    QrsUntrusted,
)
from shared.foreign import quotable
from shared.qrs.pool import NotConnected
from shared.qrs.reply import MOST_BYTES, Reply, TooSlow

TEXT_SHOWN = 200

# OpenSSL's X509_V_ERR numbers; the names are in its x509_vfy.h.
_VERIFY_CAUSES = {
    10: "its certificate has expired. Renew it on the Sense server, or check this machine's clock.",
    18: "its certificate is self-signed. Set QRS_ROOT_CERTIFICATE to the site's root.pem.",
    19: "its root is unknown. Set QRS_ROOT_CERTIFICATE to the site's root.pem.",
    20: "its root is unknown. Set QRS_ROOT_CERTIFICATE to the root.pem of this very site.",
    21: "its root is unknown. Set QRS_ROOT_CERTIFICATE to the root.pem of this very site.",
    26: "its certificate is not made for a server. Pin it with QRS_TLS_FINGERPRINT.",
    62: "its certificate is made out to another name. Set QRS_TLS_SERVER_NAME to the name on it, or "
    "QRS_TLS_COMMON_NAME to true if the certificate of an old site has the name as common name only.",
    64: "its certificate does not name this IP address. Set QRS_TLS_SERVER_NAME to the name on it.",
}
_CLIENT_REFUSED = (
    "it did not accept the client certificate. Check that QRS_CLIENT_CERTIFICATE comes from this very site and is "
    "still valid."
)
# OpenSSL's names of the alerts that have nothing to do with the client certificate.
_ALERT_CAUSES = {
    "PROTOCOL_VERSION": "it offers no TLS 1.2 or newer. Enable that on the Sense server.",
    "UNRECOGNIZED_NAME": "it knows no server of the name that was called. Set QRS_TLS_SERVER_NAME to the name on its "
    "certificate.",
}
# OpenSSL's reasons when what it receives is not TLS.
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"}
# How a TLS port answers plain HTTP: with an alert or, if the server is nginx, Apache or Go, in words.
_TLS_ALERT = re.compile(r"\x15\x03[\x00-\x04]")
_PLAIN_TO_TLS = re.compile(rb"plain HTTP|HTTP request to an HTTPS", re.IGNORECASE)
_HANDSHAKE = "Check that QRS_URL names a TLS port and that the server offers TLS 1.2 or newer."
_DENIED = (
    ("xsrf", "the XSRF key did not arrive. A proxy in between may drop query or headers."),
    ("inactive", "the user's account is inactive. Activate it in the QMC, or set another QRS_USER_ID."),
)


def from_exception(
    error: BaseException, base_url: str, timeout_seconds: float, client_fault: Callable[[], str]
) -> QrsError:
    """Return the error for a request that got no complete answer.

    `client_fault` is called when a bad client certificate may be the cause; it returns what is wrong with it, or "".
    """
    address = urlsplit(base_url).netloc
    causes = list(_causes(error))
    if not_connected := next((cause for cause in causes if isinstance(cause, NotConnected)), None):
        return _not_connected(not_connected.__cause__, address, client_fault)
    if _is_any(causes, ReadTimeoutError, TimeoutError, TooSlow):
        return QrsTimedOut(
            f"{address} did not answer within {timeout_seconds:g} s. Sense may be overloaded; QRS_TIMEOUT_SECONDS "
            "sets how long to wait."
        )
    if any(isinstance(cause, BadStatusLine) and _TLS_ALERT.match(str(cause)) for cause in causes):
        # The server was waiting for a handshake, so it never read the request.
        return QrsUnreachable(f"Cannot reach {address}: it wants TLS, and QRS_URL says http://. Write https:// there.")
    return QrsUnanswered(f"{address} {_broken_off(causes, base_url, client_fault)}")


def too_large(base_url: str, *, is_post: bool) -> QrsError:
    """Return the error for an answer larger than any of Sense's; whether a POST took effect stays unknown."""
    return (QrsUnanswered if is_post else QrsMisplaced)(
        f"{urlsplit(base_url).netloc} answered with more than {MOST_BYTES >> 20} MiB, which the repository service has "
        "no need of. Check what answers behind QRS_URL; if it is Sense, ask for fewer tasks at a time."
    )


def from_reply(reply: Reply, client_fault: Callable[[], str]) -> QrsError:
    """Return the error for an answer that is not the expected JSON; `client_fault` as in `from_exception`."""
    address, status, text = reply.address, reply.status, _shown(reply)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return QrsDenied(f"{address} answered {status}: {_denied(status, text, client_fault)}")
    if not reply.is_ok and _PLAIN_TO_TLS.search(reply.body):
        return QrsMisplaced(
            f"{address} answered {status}: plain HTTP was sent to a TLS port. Write https:// in QRS_URL; where "
            "it says so, the proxy in between has to."
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return QrsBusy(f"{address} answered {status}{_quoted(text)}. Try again later; the logs of Sense tell more.")
    if reply.is_page or status < HTTPStatus.BAD_REQUEST:
        return QrsMisplaced(
            f"{address} answered {status} with {'a web page' if reply.is_page else 'no JSON'} where the repository "
            "service was expected. Check port, virtual proxy prefix and host allow list behind QRS_URL."
        )
    return QrsRefused(f"{address} refused with {status}{_quoted(text)}.")


def unreadable(reply: Reply) -> QrsError:
    """Return the error for a POST that may have been carried out, because its answer does not say so."""
    if reply.is_ok:
        # Not quoted: it is whatever the gateway in front likes to say of success, and may repeat what it was sent.
        return QrsUnanswered(f"{reply.address} answered {reply.status}, and not as Sense answers a start.")
    return QrsUnanswered(f"{reply.address} answered {reply.status}{_quoted(_shown(reply))}.")


def _broken_off(causes: list[BaseException], base_url: str, client_fault: Callable[[], str]) -> str:
    if any("ALERT" in (cause.reason or "") for cause in causes if isinstance(cause, ssl.SSLError)):
        # TLS 1.3 reports this only after the request was sent.
        return f"ended the connection: {_client_refused(client_fault)}"
    if any(
        isinstance(cause, HTTPException) and not isinstance(cause, RemoteDisconnected | IncompleteRead)
        for cause in causes
    ):
        return "answered, but not in HTTP. Check that QRS_URL names the port of the repository service."
    cut = "cut the connection before its answer was complete."
    if base_url.startswith("http:"):
        return f"{cut} If that port wants TLS, as 4242 does, write https:// in QRS_URL; else Sense may be restarting."
    if fault := client_fault():
        return f"{cut} {fault}"
    return (
        f"{cut} Sense may be restarting; if it happens every time, check that QRS_CLIENT_CERTIFICATE comes from this "
        "very site."
    )


def _client_refused(client_fault: Callable[[], str]) -> str:
    fault = client_fault()
    return f"it did not accept the client certificate. {fault}" if fault else _CLIENT_REFUSED


def _not_connected(cause: BaseException | None, address: str, client_fault: Callable[[], str]) -> QrsError:
    if isinstance(cause, NameResolutionError):
        return QrsUnreachable(f"Cannot reach {address}: the name is unknown. Check QRS_URL and the network's DNS.")
    if isinstance(cause, ConnectTimeoutError) and not isinstance(cause, NewConnectionError):
        return QrsUnreachable(
            f"Cannot reach {address}: no connection in time. Check that the firewall lets this app through to the port."
        )
    if isinstance(cause, TimeoutError):
        return QrsUnreachable(
            f"Cannot reach {address}: the TLS handshake was not finished in time. Check that QRS_URL names a TLS port."
        )
    if isinstance(cause, ssl.SSLError | PinError):
        return QrsUntrusted(f"No trust between Footman and {address}: {_untrusted(cause, client_fault)}")
    if isinstance(cause, ConnectionError):
        # The port was open, otherwise this would be the library's own error.
        return QrsUnreachable(f"Cannot reach {address}: {_os_error(cause)}, and {_hung_up(client_fault)}")
    return QrsUnreachable(
        f"Cannot reach {address}: {_os_error(cause)}. Check that the Sense repository service runs and that QRS_URL "
        "names its port."
    )


def _shown(reply: Reply) -> str:
    """Return the body of a refusal as one line for an answer, a log or a row, without the secrets that it echoes."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", quotable(reply.text)).strip()[:TEXT_SHOWN]


def _quoted(text: str) -> str:
    return f": {text.rstrip('.')}" if text and not text.startswith("<") else ""


def _denied(status: int, text: str, client_fault: Callable[[], str]) -> str:
    for sign, cause in _DENIED:
        if sign in text.lower():
            return cause
    if fault := client_fault():
        return fault
    if status == HTTPStatus.UNAUTHORIZED:
        return (
            "it does not know who asks. With QRS_JWT: the token has expired, is signed with another key, or its claims "
            "are not those of the virtual proxy. Else: port 4242 wants the client certificate."
        )
    return (
        "it knows who asks but does not allow it. The client certificate may be missing or foreign, or the user lacks "
        "the right to read and start tasks (security rule with Read and Update on ReloadTask_*)."
    )


def _untrusted(cause: BaseException, client_fault: Callable[[], str]) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _VERIFY_CAUSES.get(cause.verify_code, f"{cause.verify_message}. Check QRS_ROOT_CERTIFICATE.")
    if not isinstance(cause, ssl.SSLError):
        return "its certificate is not the pinned one. Set QRS_TLS_FINGERPRINT to the SHA-256 of the new certificate."
    reason = cause.reason or ""
    if named := next((explanation for name, explanation in _ALERT_CAUSES.items() if name in reason), None):
        return named
    if "ALERT" in reason:
        return _client_refused(client_fault)
    if reason in _NO_TLS:
        return (
            "what answers there does not speak TLS. Check that QRS_URL names a TLS port, such as 4242, or write "
            "http:// if the port is a plain one."
        )
    return _hung_up(client_fault)


def _hung_up(client_fault: Callable[[], str]) -> str:
    return f"the handshake failed. {client_fault() or _HANDSHAKE}"


def _os_error(cause: BaseException | None) -> str:
    system = next((one for one in _causes(cause) if isinstance(one, OSError) and one.strerror), None)
    return system.strerror.lower() if system and system.strerror else "no connection"


def _is_any(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(error: object) -> Iterator[BaseException]:
    """Walk through the exceptions that urllib3 wrapped, but not those that merely happened before (`__context__`)."""
    if isinstance(error, BaseException):
        yield error
        for inner in (error.__cause__, *error.args):
            yield from _causes(inner)
