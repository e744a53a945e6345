"""Speak HTTP to the repository service: who asks, the XSRF pair, the second try."""

import json
import logging
import random
import string
import threading
import time
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import requests
from requests.cookies import extract_cookies_to_jar

from shared.core.errors import (
    QrsBusy,
    QrsError,
    QrsNoSession,
    QrsTimedOut,
    QrsUnanswered,
    QrsUnreachable,
    QrsUntrusted,
)
from shared.qrs import failures, tls
from shared.qrs.access import Access
from shared.qrs.pool import Adapter, spend
from shared.qrs.reply import Reply
from shared.version import VERSION

log = logging.getLogger(__name__)

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
        self._session = _session(access, self._xsrf_key)
        self._base_urls = access.base_urls
        self._alone = threading.Lock()
        self._last_answer = self._last_failure = -SESSION_SURE_SECONDS

    def read(self, path: str, query: str) -> Any:
        """Return the JSON under `path`; `query` comes percent-encoded.

        A read that failed on the way, or found the service busy, is tried once more, on the next base URL where there
        is one. Raises QrsError.
        """
        reply = self._try("GET", path, query, again_after=(QrsUnreachable, QrsUnanswered, QrsBusy))
        try:
            return json.loads(reply.body)
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
        connect_seconds = CONNECT_SECONDS / len(urls)
        for base_url, next_url in pairwise(urls):
            try:
                return self._ask(method, base_url, path, query, connect_seconds)
            except again_after as error:
                if next_url == base_url and isinstance(error, HOPELESS_AT_ONCE):
                    raise
                log.warning("Asking Sense again after: %s", error, extra={"action": "qrs_second_try"})
                if isinstance(error, QrsBusy):
                    time.sleep(RETRY_PAUSE_SECONDS)
        return self._ask(method, urls[-1], path, query, connect_seconds)

    def _ask(self, method: str, base_url: str, path: str, query: str, connect_seconds: float) -> Reply:
        url = f"{base_url}/{path}?{query}{'&' if query else ''}xrfkey={self._xsrf_key}"
        try:
            reply = self._without_token(self._send(method, url, connect_seconds))
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

    def _send(self, method: str, url: str, connect_seconds: float) -> Reply:
        if self._session_is_sure():
            return self._transmit(method, url, connect_seconds)
        waiting_since = time.monotonic()
        with self._alone:
            if not self._session_is_sure():
                if self._last_failure > waiting_since:
                    # Each would wait the whole time-out in turn for what the first has found out.
                    raise QrsNoSession("Sense gave no session to the call before this one. Try again.")
                return self._transmit(method, url, connect_seconds)
        return self._transmit(method, url, connect_seconds)

    def _session_is_sure(self) -> bool:
        return not self._access.jwt or time.monotonic() - self._last_answer < SESSION_SURE_SECONDS

    def _transmit(self, method: str, url: str, connect_seconds: float) -> Reply:
        timeout_seconds = self._access.timeout_seconds
        request = self._session.prepare_request(requests.Request(method, url))
        try:
            # The adapter, not the session: that one would follow what a wrong server says of redirects.
            response = self._session.get_adapter(url).send(
                request, stream=True, timeout=(connect_seconds, timeout_seconds)
            )
            if method == "POST" and not _is_last_word(response.status_code):
                spend(response)  # a gateway that gave up may still deliver the real answer, to whoever asks next
            reply = Reply.read(response, time.monotonic() + timeout_seconds)
        except Exception:
            self._last_failure = time.monotonic()
            raise
        extract_cookies_to_jar(self._session.cookies, request, response.raw)
        if reply.is_ok:
            self._last_answer = time.monotonic()
        return reply

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


def _session(access: Access, xsrf_key: str) -> requests.Session:
    session = requests.Session()
    # Neither a proxy nor a .netrc of the machine has a say in who asks Sense.
    session.trust_env = False
    session.headers.update({"X-Qlik-Xrfkey": xsrf_key, "User-Agent": f"Footman/{VERSION}", **_who(access)})
    session.mount("http://", Adapter(access.max_connections, {}))
    if any(url.startswith("https:") for url in access.base_urls):
        session.mount("https://", Adapter(access.max_connections, tls.pool_options(access)))
    return session


def _who(access: Access) -> dict[str, str]:
    if access.jwt:
        return {"Authorization": f"Bearer {access.jwt}"}
    directory, user = quote(access.user_directory, safe=""), quote(access.user_id, safe="")
    return {"X-Qlik-User": f"UserDirectory={directory}; UserId={user}"}
