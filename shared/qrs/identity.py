"""Who asks: a user named beside the certificate, or the holder of a token, who is given a session."""

import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.cookiejar import CookieJar
from urllib.parse import quote
from urllib.request import Request

from urllib3 import BaseHTTPResponse

from shared.core.errors import QrsNoSession, QrsNotSent
from shared.qrs.access import Access
from shared.qrs.reply import Reply

SECRET_LENGTH = 16

Headers = Mapping[str, str]
Transmit = Callable[[Headers], tuple[Reply, BaseHTTPResponse]]


class ByUser:
    """The certificate is trusted to speak for any user; a header says for which."""

    def __init__(self, access: Access) -> None:
        directory, user = quote(access.user_directory, safe=""), quote(access.user_id, safe="")
        self._headers = {"X-Qlik-User": f"UserDirectory={directory}; UserId={user}"}

    def ask(self, transmit: Transmit, *, is_repeatable: bool) -> Reply:  # noqa: ARG002 - it is sent once
        return transmit(self._headers)[0]


class ByToken:
    """A token opens a session at one virtual proxy, whose cookie stands for it from then on.

    A proxy makes a session for each request with a token and without a live cookie, and refuses the sixth of a user in
    five minutes. So the token goes along only when there is no session, and then with one request alone: were it always
    there, all requests under way at the end of a session would make one each.
    """

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._secret = token
        self._token = {"Authorization": f"Bearer {token}"}
        self._cookies = CookieJar()
        self._session: Headers | None = None
        self._has_served = self._wants_token = False
        self._sessions: list[str] = []
        self._alone, self._keeping = threading.Lock(), threading.Lock()
        self._last_failure = 0.0

    def ask(self, transmit: Transmit, *, is_repeatable: bool) -> Reply:
        """Return the answer; raises QrsNoSession when the request before this one was to get a session and did not.

        A request that met the end of a session did not get past the proxy, and is sent again. Only where a log-in page
        was shown as if it were the answer nobody can be sure, and what is not `is_repeatable` is not.
        """
        return self._hidden(self._asked(transmit, is_repeatable))

    def _asked(self, transmit: Transmit, is_repeatable: bool) -> Reply:  # noqa: FBT001 - as it was given
        session = self._session
        if session is None:
            return self._enter(None, transmit)
        reply = self._by_session(session, transmit)
        if _is_turned_away(reply) or (is_repeatable and _is_log_in(reply)):
            return self._enter(session, transmit)
        if _is_log_in(reply):
            self._session = None
        return reply

    def _enter(self, over: Headers | None, transmit: Transmit) -> Reply:
        waiting_since = time.monotonic()
        with self._alone:
            if self._session is over:
                if self._last_failure > waiting_since:
                    # Each would wait the whole time-out in turn for what the first has found out.
                    raise QrsNoSession("Sense gave no session to the call before this one. Try again.")
                return self._by_token(transmit)
            session = self._session
        return self._by_session(session or self._token, transmit)

    def _by_session(self, session: Headers, transmit: Transmit) -> Reply:
        reply, response = transmit(session)
        self._keep_cookies(response)
        if _is_somebody(reply):
            self._has_served = True
        return reply

    def _by_token(self, transmit: Transmit) -> Reply:
        if self._session is not None and not self._has_served:
            # It was none: this proxy, or a gateway before it, wants the token with every request.
            self._wants_token = True
        self._session, self._has_served = None, False
        try:
            reply, response = transmit({**self._token, **self._cookie()})
        except QrsNotSent:
            raise  # which tells nothing of the proxy
        except Exception:
            self._last_failure = time.monotonic()
            raise
        self._keep_cookies(response)
        if _is_somebody(reply):
            cookie = self._cookie()
            self._session = {**self._token, **cookie} if self._wants_token or not cookie else cookie
        return reply

    def _hidden(self, reply: Reply) -> Reply:
        """Return the reply fit to be quoted, by whoever: some gateways answer with the headers that they were sent."""
        reply = reply.without(self._secret, "[token]")
        if reply.is_ok:
            return reply
        for session in self._sessions:
            reply = reply.without(session, "[session]")
        return reply

    def _keep_cookies(self, response: BaseHTTPResponse) -> None:
        if "Set-Cookie" not in response.headers:
            return
        with self._keeping:
            self._cookies.extract_cookies(response, self._form())  # type: ignore[arg-type]  # it has info()
            # A short one is no secret, and may stand in a text for something else.
            self._sessions = [one.value for one in self._cookies if one.value and len(one.value) >= SECRET_LENGTH]

    def _cookie(self) -> dict[str, str]:
        form = self._form()
        self._cookies.add_cookie_header(form)
        return dict(form.header_items())

    def _form(self) -> Request:
        """Return what a cookie jar reads and fills in; nobody opens it."""
        return Request(self._base_url)  # noqa: S310


def _is_somebody(reply: Reply) -> bool:
    """True when a proxy surely knew who asked; one that refuses a session says 403."""
    return not (_is_turned_away(reply) or _is_log_in(reply) or reply.status == HTTPStatus.FORBIDDEN)


def _is_turned_away(reply: Reply) -> bool:
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST
    return is_redirect or reply.status == HTTPStatus.UNAUTHORIZED


def _is_log_in(reply: Reply) -> bool:
    return reply.is_ok and reply.is_page


def identity(access: Access, base_url: str) -> ByUser | ByToken:
    return ByToken(base_url, access.jwt) if access.jwt else ByUser(access)
