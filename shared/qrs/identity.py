"""Authenticate: as a user named in a header beside the certificate, or with a token that opens a session."""

import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.cookiejar import CookieJar
from urllib.parse import quote
from urllib.request import Request

from urllib3 import BaseHTTPResponse

from shared.core.errors import QrsNoSession, QrsNotSent
from shared.foreign import remember
from shared.qrs.access import Access
from shared.qrs.reply import Reply

Headers = Mapping[str, str]
Transmit = Callable[[Headers], tuple[Reply, BaseHTTPResponse]]


class ByUser:
    """Authenticate by client certificate, which is trusted to speak for any user; a header names the user."""

    def __init__(self, access: Access) -> None:
        directory, user = quote(access.user_directory, safe=""), quote(access.user_id, safe="")
        self._headers = {"X-Qlik-User": f"UserDirectory={directory}; UserId={user}"}

    def ask(self, transmit: Transmit, *, is_repeatable: bool) -> Reply:  # noqa: ARG002 - it is only sent once
        """Send the request once and return its answer."""
        return transmit(self._headers)[0]


class ByToken:
    """Authenticate with a token: it opens a session at one virtual proxy, whose cookie replaces it from then on.

    A proxy makes a session for each request with a token and without a live cookie, and refuses a user's sixth session
    within five minutes. So the token is sent only when there is no session, and by one request at a time: if it were
    always sent, every request in progress when a session ends would open a new one.
    """

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        # Some gateways echo the headers that they were sent.
        remember("token", token)
        self._token = {"Authorization": f"Bearer {token}"}
        self._cookies = CookieJar()
        self._session: Headers | None = None
        self._session_has_worked = self._wants_token = False
        self._opening, self._storing_cookies = threading.Lock(), threading.Lock()
        self._last_failure = 0.0

    def ask(self, transmit: Transmit, *, is_repeatable: bool) -> Reply:
        """Return the answer; raises QrsNoSession if the request before this one failed to open a session.

        A request that finds its session ended did not get past the proxy, and is sent again. Only when a log-in page
        comes back as if it were the answer is that uncertain; then a request that is not `is_repeatable` is not sent
        again.
        """
        session = self._session
        if session is None:
            return self._open_session(None, transmit)
        reply = self._by_session(session, transmit)
        if _is_rejected(reply) or (is_repeatable and _is_login_page(reply)):
            return self._open_session(session, transmit)
        if _is_login_page(reply):
            self._session = None
        return reply

    def _open_session(self, expired: Headers | None, transmit: Transmit) -> Reply:
        waiting_since = time.monotonic()
        with self._opening:
            if self._session is expired:
                if self._last_failure > waiting_since:
                    # Otherwise each would wait the whole timeout in turn, only to learn what the first found out.
                    raise QrsNoSession("Sense gave no session to the call before this one. Try again.")
                return self._by_token(transmit)
            session = self._session
        return self._by_session(session or self._token, transmit)

    def _by_session(self, session: Headers, transmit: Transmit) -> Reply:
        reply, response = transmit(session)
        self._keep_cookies(response)
        if _is_recognised(reply):
            self._session_has_worked = True
        return reply

    def _by_token(self, transmit: Transmit) -> Reply:
        if self._session is not None and not self._session_has_worked:
            # The cookie was no session: this proxy, or a gateway in front of it, wants the token with every request.
            self._wants_token = True
        self._session, self._session_has_worked = None, False
        try:
            reply, response = transmit({**self._token, **self._cookie()})
        except QrsNotSent:
            raise  # nothing was sent, so this says nothing about the proxy
        except Exception:
            self._last_failure = time.monotonic()
            raise
        self._keep_cookies(response)
        if _is_recognised(reply):
            cookie = self._cookie()
            self._session = {**self._token, **cookie} if self._wants_token or not cookie else cookie
        return reply

    def _keep_cookies(self, response: BaseHTTPResponse) -> None:
        if "Set-Cookie" not in response.headers:
            return
        with self._storing_cookies:
            self._cookies.extract_cookies(response, self._cookie_request())  # type: ignore[arg-type]  # it has info()
            for one in self._cookies:
                remember("session", one.value)

    def _cookie(self) -> dict[str, str]:
        request = self._cookie_request()
        self._cookies.add_cookie_header(request)
        return dict(request.header_items())

    def _cookie_request(self) -> Request:
        """Return the request object that a cookie jar reads and fills in; it is never sent."""
        return Request(self._base_url)  # noqa: S310


def _is_recognised(reply: Reply) -> bool:
    """Return True if a proxy surely knew who asked; one that refuses a session answers 403."""
    return not (_is_rejected(reply) or _is_login_page(reply) or reply.status == HTTPStatus.FORBIDDEN)


def _is_rejected(reply: Reply) -> bool:
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST
    return is_redirect or reply.status == HTTPStatus.UNAUTHORIZED


def _is_login_page(reply: Reply) -> bool:
    return reply.is_ok and reply.is_page


def identity(access: Access, base_url: str) -> ByUser | ByToken:
    """Return how to authenticate at this base URL: with the token if there is one."""
    return ByToken(base_url, access.jwt) if access.jwt else ByUser(access)
