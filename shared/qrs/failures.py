"""Turn what goes wrong on the way to the repository service into Footman's errors: the cause, then what to do."""

import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

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

TEXT_SHOWN = 200

# OpenSSL's X509_V_ERR numbers; the names are in its x509_vfy.h.
_VERIFY_CAUSES = {
    10: "its certificate has expired. Renew it on the Sense server, or check this machine's clock.",
    18: "its certificate is self-signed. Set QRS_ROOT_CERTIFICATE to the site's root.pem.",
    19: "its root is unknown. Set QRS_ROOT_CERTIFICATE to the site's root.pem.",
    20: "its root is unknown. Set QRS_ROOT_CERTIFICATE to the root.pem of this very site.",
    21: "its root is unknown. Set QRS_ROOT_CERTIFICATE to the root.pem of this very site.",
    26: "its certificate is not made for a server. Pin it with QRS_TLS_FINGERPRINT.",
    62: "its certificate is made out to another name. Set QRS_TLS_SERVER_NAME to the name on it.",
    64: "its certificate does not name this IP address. Set QRS_TLS_SERVER_NAME to the name on it.",
}
_CLIENT_REFUSED = (
    "it did not accept the client certificate. Check that QRS_CLIENT_CERTIFICATE comes from this very site and is "
    "still valid."
)
_DENIED = (
    ("xsrf", "the XSRF key did not arrive. A proxy in between may drop query or headers."),
    ("inactive", "the user's account is inactive. Activate it in the QMC, or set another QRS_USER_ID."),
)


def from_exception(error: requests.RequestException, base_url: str, timeout_seconds: float) -> QrsError:
    """Return the error for a request that got no complete answer."""
    address = urlsplit(base_url).netloc
    causes = list(_chain(error))
    if untrusted := _untrusted(error, causes):
        return QrsUntrusted(f"No trust between Footman and {address}: {untrusted}")
    if _is_any(causes, NameResolutionError, socket.gaierror):
        return QrsUnreachable(f"Cannot reach {address}: the name is unknown. Check QRS_URL and the network's DNS.")
    if _is_any(causes, NewConnectionError):
        return QrsUnreachable(
            f"Cannot reach {address}: {_system_says(causes)}. Check that the Sense repository service runs and that "
            "QRS_URL names its port."
        )
    if _is_any(causes, ConnectTimeoutError):
        return QrsUnreachable(
            f"Cannot reach {address}: no connection in time. Check that the firewall lets this app through to the port."
        )
    if isinstance(error, requests.Timeout):
        return QrsTimedOut(
            f"{address} did not answer within {timeout_seconds:g} s. Sense may be overloaded; QRS_TIMEOUT_SECONDS "
            "sets how long to wait."
        )
    return QrsUnanswered(
        f"{address} cut the connection before its answer was complete. Sense may be restarting; if it happens every "
        "time, check that QRS_CLIENT_CERTIFICATE comes from this very site."
    )


def from_answer(response: requests.Response) -> QrsError:
    """Return the error for an answer that is not the JSON asked for."""
    address, status, text = _address(response), response.status_code, _shown(response)
    if status in {requests.codes.unauthorized, requests.codes.forbidden}:
        return QrsDenied(f"{address} answered {status}: {_denied(status, text)}")
    if status == requests.codes.too_many_requests or status >= requests.codes.internal_server_error:
        return QrsBusy(f"{address} answered {status}{_quoted(text)}. Try again later; the logs of Sense tell more.")
    if is_page(response) or status < requests.codes.bad_request:
        return QrsMisplaced(
            f"{address} answered {status} with {'a web page' if is_page(response) else 'no JSON'} where the "
            "repository service was expected. Check port, virtual proxy prefix and host allow list behind QRS_URL."
        )
    return QrsRefused(f"{address} refused with {status}{_quoted(text)}.")


def unreadable(response: requests.Response) -> QrsError:
    """Return the error for an order that was taken, but with an answer that can't be read."""
    return QrsUnanswered(f"{_address(response)} answered {response.status_code}, but not in a form Footman knows.")


def is_page(response: requests.Response) -> bool:
    return "html" in response.headers.get("Content-Type", "") or response.content[:64].lstrip()[:1] == b"<"


def _address(response: requests.Response) -> str:
    return urlsplit(response.url).netloc


def _shown(response: requests.Response) -> str:
    """Return the text fit for one line of an answer or a log; its encoding is not worth detecting."""
    text = response.content[: 4 * TEXT_SHOWN].decode("utf-8", "replace")
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()[:TEXT_SHOWN]


def _quoted(text: str) -> str:
    return f": {text.rstrip('.')}" if text and not text.startswith("<") else ""


def _denied(status: int, text: str) -> str:
    for sign, cause in _DENIED:
        if sign in text.lower():
            return cause
    if status == requests.codes.unauthorized:
        return (
            "it does not know who asks. With QRS_JWT: the token has expired, is signed with another key, or its claims "
            "are not those of the virtual proxy. Else: port 4242 wants the client certificate."
        )
    return (
        "it knows who asks but does not allow it. The client certificate may be missing or foreign, or the user lacks "
        "the right to read and start tasks (security rule with Read and Update on ReloadTask_*)."
    )


def _untrusted(error: requests.RequestException, causes: list[BaseException]) -> str | None:
    if not isinstance(error, requests.exceptions.SSLError) or _is_any(causes, ssl.SSLEOFError):
        return None
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _VERIFY_CAUSES.get(cause.verify_code, f"{cause.verify_message}. Check QRS_ROOT_CERTIFICATE.")
    text = str(error).lower()
    if "fingerprint" in text:
        return "its certificate is not the pinned one. Set QRS_TLS_FINGERPRINT to the SHA-256 of the new certificate."
    if "alert" in text:
        return _CLIENT_REFUSED
    return "the handshake failed. Check that QRS_URL names a TLS port and that the server offers TLS 1.2 or newer."


def _system_says(causes: list[BaseException]) -> str:
    return next(
        (cause.strerror.lower() for cause in causes if isinstance(cause, OSError) and cause.strerror), "no route"
    )


def _is_any(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk through what requests and urllib3 wrapped: `reason`, then the first argument, then the context."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
