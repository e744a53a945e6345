"""Explain why Footman gave no answer, or a strange one, in words that go after `could not be asked` or `answered`."""

import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import NameResolutionError

# To connect, and between two bytes of an answer: an app that was asleep may answer slowly, but connects quickly.
CONNECT_SECONDS, ANSWER_SECONDS = 10, 60
TIMEOUT = (CONNECT_SECONDS, ANSWER_SECONDS)
NO_KEY = "the key is missing or wrong; give one with --key, or in FOOTMAN_KEY"


def why(error: Exception) -> str:
    """Return the cause underneath an exception of the library, and what to do; it never contains the key."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({cause.verify_message}); REQUESTS_CA_BUNDLE names a root of your own"
            )
    for kind, reason in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            return reason
    return f"the connection failed ({type(error).__name__})"


def not_footman(answer: requests.Response) -> str:
    """Return how an answer differs from Footman's, and what may have sent it."""
    if answer.is_redirect:
        return "and leads elsewhere, not as Footman does; is there a sign-in in front of it?"
    if "html" in answer.headers.get("Content-Type", "") or answer.content.lstrip()[:1] == b"<":
        return (
            "with a web page, and not as Footman does; is --url right, the app running, and no sign-in in front of it?"
        )
    return "and not as Footman does; is --url right?"


# The first match counts.
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy gave no connection; HTTPS_PROXY names it, and NO_PROXY who needs none"),
    (NameResolutionError, "its name is unknown; check --url, and that this machine can look it up"),
    (requests.ConnectTimeout, f"no connection within {CONNECT_SECONDS} s; a firewall may drop the packets"),
    (requests.ReadTimeout, f"it gave no answer within {ANSWER_SECONDS} s"),
    (TimeoutError, f"it gave no answer within {ANSWER_SECONDS} s"),
    (ConnectionRefusedError, "connection refused; nobody listens there, so check --url and its port"),
    (ssl.SSLError, "the port does not speak TLS; check --url"),
    (UnicodeError, "the key holds letters that no header can; check --key, or FOOTMAN_KEY"),
    (requests.exceptions.InvalidHeader, "the key holds what no header can; check --key, or FOOTMAN_KEY"),
    (ConnectionError, "the connection was cut before an answer came"),
    (requests.exceptions.ChunkedEncodingError, "the connection was cut before the answer was whole"),
)


def _causes(error: object) -> Iterator[BaseException]:
    """Walk through the exceptions that the libraries wrapped into one another."""
    if isinstance(error, BaseException):
        yield error
        for inner in (error.__cause__, getattr(error, "reason", None), *error.args):
            yield from _causes(inner)
