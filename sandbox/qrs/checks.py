"""The checks that QRS makes before it looks at the path, each with a refusal of its own."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from sandbox.qrs.answers import refused
from sandbox.qrs.query import Query
from sandbox.qrs.settings import Settings

_LONGEST_LINE = 16 * 1024
_AROUND_THE_TARGET = len(" HTTP/1.1") + 1
_XSRF_KEY = re.compile(r"[0-9a-zA-Z]{16}")
_USER = re.compile(r"\s*UserDirectory\s*=\s*([^;]+?)\s*;\s*UserId\s*=\s*([^;]+?)\s*;?\s*", re.IGNORECASE)
_NOBODY = "INTERNAL\\sa_repository"
_INACTIVE = "Your account is inactive. Contact your administrator to activate it."


def check_line(method: str, target: str) -> None:
    """Refuse what Windows itself refuses before QRS sees the request."""
    if len(method) + len(target) + _AROUND_THE_TARGET > _LONGEST_LINE:
        raise refused(414, "HTTP Error 414. The request URL is too long.")


def check_length(method: str, headers: Mapping[str, str]) -> None:
    """Refuse a POST or PUT without the length of its body."""
    if method in ("POST", "PUT") and "Content-Length" not in headers and "Transfer-Encoding" not in headers:
        raise refused(411, "HTTP Error 411. The request must be chunked or have a content length.")


def check_certificate(*, shown: bool) -> None:
    """Refuse a request without a client certificate."""
    if not shown:
        raise refused(403, "Forbidden")


def check_xsrf(query: Query, headers: Mapping[str, str]) -> None:
    """Refuse a request whose XSRF keys in query and header are missing or differ."""
    key = query.get("xrfkey")
    if key is None or headers.get("X-Qlik-Xrfkey") != key or not _XSRF_KEY.fullmatch(key):
        raise refused(403, "XSRF prevention check failed. Possible XSRF discovered.")


def user_of(headers: Mapping[str, str], settings: Settings) -> str:
    """Return `DIRECTORY\\name` of the X-Qlik-User header."""
    header = headers.get("X-Qlik-User")
    if header is None and not settings.require_user:
        return _NOBODY
    user = _read_user(header or "")
    if user is None:
        raise refused(403, "Forbidden")
    return user


def rights_of(user: str, settings: Settings) -> str:
    """Return `all`, `read` or `none`; refuse an inactive user."""
    if not settings.denied_users and not settings.rights:
        return "all"
    if any(denied.lower() == user.lower() for denied in settings.denied_users):
        raise refused(403, _INACTIVE)
    return {name.lower(): right for name, right in settings.rights.items()}.get(user.lower(), "all")


@lru_cache(maxsize=1024)
def _read_user(header: str) -> str | None:
    found = _USER.fullmatch(header)
    if found is None:
        return None
    directory, name = (unquote(part) for part in found.groups())
    return f"{directory}\\{name}"
