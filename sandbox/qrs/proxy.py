"""The virtual proxy: it identifies the user by token or session cookie, and passes the rest on to QRS."""

import re
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

from sandbox.qrs.answers import Refused, html, refused
from sandbox.qrs.asked import ReceivedRequest
from sandbox.qrs.state import Site

_ONLY_THE_SIGNATURE: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
_PREFIXED = re.compile(r"/([^/]+)(/qrs(?:/.*)?)", re.IGNORECASE)


def prefix_and_path(path: str, site: Site) -> tuple[str, str]:
    """Split `/jwt/qrs/about`; for an unknown prefix refuse with the page that reveals nothing."""
    found = _PREFIXED.fullmatch(path)
    known = {prefix.lower() for prefix in site.settings.prefixes}
    if found is None or found[1].lower() not in known:
        raise Refused(html(400, "The http request header is incorrect."))
    return found[1].lower(), found[2]


def enter(site: Site, received: ReceivedRequest, prefix: str, certificate: str) -> tuple[str, str | None]:
    """Return the user, and the Set-Cookie of a session created for this request."""
    if "X-Qlik-User" in received.headers:
        raise refused(403, "Forbidden")
    named = _user_of_token(received, certificate)
    name = f"X-Qlik-Session-{prefix}"
    known = site.sessions.user_of(prefix, _cookie(received, name), received.now)
    if known is not None and named in (None, known):
        return known, None
    if named is None:
        raise refused(401, "Unauthorized")
    cookie = site.sessions.open(prefix, named, received.now)
    if cookie is None:
        raise refused(403, "Too many sessions active in parallel.")
    return named, f"{name}={quote(cookie)}; Path=/; HttpOnly; Secure"


def _user_of_token(received: ReceivedRequest, certificate: str) -> str | None:
    """Return the user of the bearer token, or None without a token."""
    header = received.headers.get("Authorization")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    claims = _claims(token.strip(), certificate) if kind.lower() == "bearer" else {}
    directory, name, ends = (claims.get(claim) for claim in ("userDirectory", "userId", "exp"))
    expired = isinstance(ends, int | float) and ends <= received.now
    if expired or not isinstance(directory, str) or not isinstance(name, str):
        raise refused(401, "Unauthorized")
    return f"{directory}\\{name}"


@lru_cache(maxsize=256)
def _claims(token: str, certificate: str) -> dict[str, object]:
    """Return the claims of a token with a valid signature, else none; expiry is checked at each request."""
    try:
        return dict(jwt.decode(token, _public_key(certificate), algorithms=["RS256"], options=_ONLY_THE_SIGNATURE))
    except jwt.InvalidTokenError:
        return {}


@lru_cache(maxsize=4)
def _public_key(certificate: str) -> RSAPublicKey:
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the token's certificate has no RSA key")
    return key


def _cookie(received: ReceivedRequest, name: str) -> str | None:
    try:
        found = SimpleCookie(received.headers.get("Cookie", "")).get(name)
    except CookieError:
        return None
    return found.value if found is not None else None
