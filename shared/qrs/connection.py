"""Speak HTTP to the repository service: who asks, the XSRF pair, the second try."""

import json
import random
import string
import threading
import time
from datetime import timedelta
from http.cookiejar import CookieJar
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import Request

import requests
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout

from shared.core.errors import (
    QrsBusy,
    QrsError,
    QrsNoSession,
    QrsTimedOut,
    QrsUnanswered,
    QrsUnreachable,
    QrsUntrusted,
)
from shared.log import log_of
from shared.qrs import failures, tls
from shared.qrs.access import Access
from shared.qrs.pool import connections_to, spend
from shared.qrs.reply import Reply
from shared.version import VERSION

log = log_of(__name__)

# Shared out among the tries of one call; a name with several addresses may take a share for each.
CONNECT_SECONDS = 5.0
RETRY_PAUSE_SECONDS = 0.25
# A virtual proxy makes a session for each request without a live cookie and refuses the sixth of a user.
SESSION_SURE_SECONDS = 60.0
# After these a start may have taken place: the service failed on the way, or a proxy gave up waiting for it.
UNKNOWN_AFTER = {408, 500, 502, 504}
# Not tried again at the same address: the caller has waited long enough, or a moment changes nothing.
HOPELESS_AT_ONCE = (QrsTimedOut, QrsUntrusted, QrsNoSession)


class Connection:
    """Pooled connections to the first base URL that answers; safe for use by many threads."""

    def __init__(self, access: Access) -> None:
        """Prepare everything and connect to nothing; raises SettingsError for unusable certificates."""
        self._access = access
        self._xsrf_key = "".join(random.choices(string.ascii_letters + string.digits, k=16))
        self._headers = {
            "X-Qlik-Xrfkey": self._xsrf_key,
            "User-Agent": f"Footman/{VERSION}",
            "Accept-Encoding": "gzip",
            **_who(access),
        }
        self._cookies = CookieJar()
        self._cookie_headers: dict[str, dict[str, str]] = {}
        self._pools = _pools(access)
        self._base_urls = access.base_urls
        self._timeout = Timeout(connect=CONNECT_SECONDS / max(2, len(access.base_urls)), read=access.timeout_seconds)
        self._alone = threading.Lock()
        self._last_answer = self._last_failure = -SESSION_SURE_SECONDS

    def read(self, path: str, query: str) -> tuple[Any, timedelta]:
        """Return the JSON under `path` and how far Sense's clock is ahead of ours; `query` comes percent-encoded.

        A read that failed on the way, or found the service busy, is tried once more, on the next base URL where there
        is one. Raises QrsError.
        """
        reply = self._try("GET", path, query, again_after=(QrsUnreachable, QrsUnanswered, QrsBusy))
        try:
            return json.loads(reply.body), reply.skew
        except (ValueError, RecursionError):
            raise failures.from_reply(reply) from None

    def order(self, path: str) -> Any:
        """POST to `path` and return the JSON answered.

        Sent again only when no connection was made: what Sense was asked once it may have done. Raises QrsError;
        QrsUnanswered means that nobody knows whether it did.
        """
        reply = self._try("POST", path, "", again_after=(QrsUnreachable,))
        if reply.status != requests.codes.created:
            raise failures.unreadable(reply)
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError):
            raise failures.unreadable(reply) from None

    def _try(self, method: str, path: str, query: str, again_after: tuple[type[QrsError], ...]) -> Reply:
        urls = self._base_urls if len(self._base_urls) > 1 else self._base_urls * 2
        for base_url, next_url in pairwise(urls):
            try:
                return self._ask(method, base_url, path, query)
            except again_after as error:
                if next_url == base_url and isinstance(error, HOPELESS_AT_ONCE):
                    raise
                log.warning("Asking Sense again after: %s", error, extra={"action": "qrs_second_try"})
                if isinstance(error, QrsBusy):
                    time.sleep(RETRY_PAUSE_SECONDS)
        return self._ask(method, urls[-1], path, query)

    def _ask(self, method: str, base_url: str, path: str, query: str) -> Reply:
        target = f"/{path}?{query}{'&' if query else ''}xrfkey={self._xsrf_key}"
        try:
            reply = self._without_token(self._send(method, base_url, target))
        except QrsError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the libraries raise, the caller needs to know what Sense did
            # Not chained: the exceptions underneath quote the URL and whatever the server sent.
            raise failures.from_exception(error, base_url, self._access.timeout_seconds) from None
        self._prefer(base_url)
        if method == "POST" and reply.status in UNKNOWN_AFTER:
            raise failures.unreadable(reply)
        if not reply.is_ok or reply.is_page:
            raise failures.from_reply(reply)
        return reply

    def _send(self, method: str, base_url: str, target: str) -> Reply:
        if self._session_is_sure():
            return self._transmit(method, base_url, target)
        waiting_since = time.monotonic()
        with self._alone:
            if not self._session_is_sure():
                if self._last_failure > waiting_since:
                    # Each would wait the whole time-out in turn for what the first has found out.
                    raise QrsNoSession("Sense gave no session to the call before this one. Try again.")
                return self._transmit(method, base_url, target)
        return self._transmit(method, base_url, target)

    def _session_is_sure(self) -> bool:
        return not self._access.jwt or time.monotonic() - self._last_answer < SESSION_SURE_SECONDS

    def _transmit(self, method: str, base_url: str, target: str) -> Reply:
        url = urlsplit(base_url)
        try:
            response = self._pools[base_url].urlopen(
                method,
                url.path + target,
                headers=self._headers | self._cookie_headers.get(base_url, {}),
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            if method == "POST" and not _is_last_word(response.status):
                spend(response)  # a gateway that gave up may still deliver the real answer, to whoever asks next
            reply = Reply.read(response, url.netloc, time.monotonic() + self._access.timeout_seconds)
        except Exception:
            self._last_failure = time.monotonic()
            raise
        if "Set-Cookie" in response.headers:
            self._keep_cookies(base_url, response)
        if reply.is_ok:
            self._last_answer = time.monotonic()
        return reply

    def _keep_cookies(self, base_url: str, response: BaseHTTPResponse) -> None:
        form = Request(base_url)  # noqa: S310 - nobody opens it: it is what a cookie jar reads and fills in
        self._cookies.extract_cookies(response, form)  # type: ignore[arg-type]  # it has the info() that is asked for
        self._cookies.add_cookie_header(form)
        self._cookie_headers[base_url] = dict(form.header_items())

    def _prefer(self, base_url: str) -> None:
        urls = self._base_urls  # read once: another thread may prefer another one meanwhile, which does no harm
        if base_url != urls[0]:
            at = urls.index(base_url)
            self._base_urls = urls[at:] + urls[:at]

    def _without_token(self, reply: Reply) -> Reply:
        """Return the reply fit to be quoted, by whoever: some gateways answer with the headers that they were sent."""
        return reply.without(self._access.jwt) if self._access.jwt else reply


def _is_last_word(status: int) -> bool:
    refused = requests.codes.bad_request <= status < requests.codes.internal_server_error
    return bool(status == requests.codes.created or (refused and status != requests.codes.request_timeout))


def _pools(access: Access) -> dict[str, HTTPConnectionPool]:
    any_tls = any(url.startswith("https:") for url in access.base_urls)
    tls_options = tls.pool_options(access) if any_tls else {}
    return {url: connections_to(url, access.max_connections, tls_options) for url in access.base_urls}


def _who(access: Access) -> dict[str, str]:
    if access.jwt:
        return {"Authorization": f"Bearer {access.jwt}"}
    directory, user = quote(access.user_directory, safe=""), quote(access.user_id, safe="")
    return {"X-Qlik-User": f"UserDirectory={directory}; UserId={user}"}
