"""Speak HTTP to the repository service: the XSRF key, the choice of address, the retry."""

import json
import random
import string
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

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
from shared.foreign import remember
from shared.log import log_of
from shared.qrs import failures, tls
from shared.qrs.access import Access
from shared.qrs.certificates import client_fault
from shared.qrs.identity import Headers, identity
from shared.qrs.pool import checking_before_sending, connections_to, spend
from shared.qrs.reply import Reply, TooLarge
from shared.version import VERSION

log = log_of(__name__)

# Divided among the attempts of one call; a host name with several addresses may take a share for each of them.
CONNECT_SECONDS = 5.0
RETRY_PAUSE_SECONDS = 0.25
# Not retried at the same address: the caller has waited long enough, or waiting a moment changes nothing.
NO_RETRY_AT_SAME_ADDRESS = (QrsTimedOut, QrsUntrusted, QrsNoSession)


@dataclass(frozen=True, kw_only=True)
class _Request:
    """A request, with a percent-encoded `query`; `last_look` runs once connected and may raise QrsNotSent."""

    method: str
    path: str
    query: str = ""
    last_look: Callable[[], None] = lambda: None


class Connection:
    """Pooled connections to the first base URL that answers; safe for use by many threads."""

    def __init__(self, access: Access) -> None:
        """Prepare everything without connecting; raises SettingsError for unusable certificates."""
        self._access = access
        self._xsrf_key = "".join(random.choices(string.ascii_letters + string.digits, k=16))
        remember("XSRF key", self._xsrf_key)
        remember("client key", access.client_certificate.key if access.client_certificate else None)
        self._headers = {
            "X-Qlik-Xrfkey": self._xsrf_key,
            "User-Agent": f"Footman/{VERSION}",
            "Accept-Encoding": "gzip",
        }
        self._identities = {url: identity(access, url) for url in access.base_urls}
        self._pools = _pools(access)
        self._base_urls = access.base_urls
        self._timeout = Timeout(connect=CONNECT_SECONDS / max(2, len(access.base_urls)), read=access.timeout_seconds)

    def read(self, path: str, query: str) -> tuple[Any, timedelta]:
        """Return the JSON under `path` and how far Sense's clock is ahead of ours; `query` comes percent-encoded.

        A read that failed in transit, or found the service busy, is retried once, at the next base URL if there is one.
        Raises QrsError.
        """
        request = _Request(method="GET", path=path, query=query)
        reply = self._try(request, again_after=(QrsUnreachable, QrsUnanswered, QrsBusy))
        try:
            return json.loads(reply.body), reply.skew
        except (ValueError, RecursionError):
            raise failures.from_reply(reply, self._client_fault) from None

    def post(self, path: str, last_look: Callable[[], None]) -> Any:
        """POST to `path` and return the JSON of the answer.

        `last_look` is called each time a connection is ready, before anything is sent on it; it may raise QrsNotSent.
        The request is repeated only if no connection was made: Sense may have carried out anything that was sent.
        Raises QrsError; QrsUnanswered means that nobody knows whether Sense carried it out.
        """
        request = _Request(method="POST", path=path, last_look=last_look)
        reply = self._try(request, again_after=(QrsUnreachable,))
        if reply.status != HTTPStatus.CREATED:
            raise failures.unreadable(reply)
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError):
            raise failures.unreadable(reply) from None

    def _try(self, request: _Request, again_after: tuple[type[QrsError], ...]) -> Reply:
        urls = self._base_urls if len(self._base_urls) > 1 else self._base_urls * 2
        for base_url, next_url in pairwise(urls):
            try:
                return self._ask(request, base_url)
            except again_after as error:
                if next_url == base_url and isinstance(error, NO_RETRY_AT_SAME_ADDRESS):
                    raise
                log.warning("Asking Sense again after: %s", error, extra={"action": "qrs_second_try"})
                if isinstance(error, QrsBusy):
                    time.sleep(RETRY_PAUSE_SECONDS)
        return self._ask(request, urls[-1])

    def _ask(self, request: _Request, base_url: str) -> Reply:
        try:
            reply = self._identities[base_url].ask(
                lambda who: self._transmit(request, base_url, who), is_repeatable=request.method == "GET"
            )
        except QrsError:
            raise
        except TooLarge:
            raise failures.too_large(base_url, is_post=request.method == "POST") from None
        except Exception as error:  # noqa: BLE001 - whatever the libraries raise, the caller needs to know what Sense did
            # Not chained: the exceptions underneath quote the URL and whatever the server sent.
            timeout_seconds = self._access.timeout_seconds
            raise failures.from_exception(error, base_url, timeout_seconds, self._client_fault) from None
        self._prefer(base_url)
        if request.method == "POST" and _may_have_been_done(reply):
            raise failures.unreadable(reply)
        if not reply.is_ok or reply.is_page:
            raise failures.from_reply(reply, self._client_fault)
        return reply

    def _client_fault(self) -> str:
        return client_fault(self._access, datetime.now(UTC))

    def _transmit(self, request: _Request, base_url: str, who: Headers) -> tuple[Reply, BaseHTTPResponse]:
        url = urlsplit(base_url)
        query = f"{request.query}{'&' if request.query else ''}xrfkey={self._xsrf_key}"
        with checking_before_sending(request.last_look):
            response = self._pools[base_url].urlopen(
                request.method,
                f"{url.path}/{request.path}?{query}",
                headers={**self._headers, **who},
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
        if request.method == "POST" and not _is_last_word(response.status):
            spend(
                response
            )  # a gateway that timed out may still deliver the real answer, to the next request on this connection
        return Reply.read(response, url.netloc, time.monotonic() + self._access.timeout_seconds), response

    def _prefer(self, base_url: str) -> None:
        urls = self._base_urls  # read once: another thread may change the order meanwhile, which does no harm
        if base_url != urls[0]:
            at = urls.index(base_url)
            self._base_urls = urls[at:] + urls[:at]


def _may_have_been_done(reply: Reply) -> bool:
    """Return True if the service failed part way, or a proxy in front of it timed out or hid its answer."""
    status = reply.status
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE
    return failed or status == HTTPStatus.REQUEST_TIMEOUT or (status == HTTPStatus.CREATED and reply.is_page)


def _is_last_word(status: int) -> bool:
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return status == HTTPStatus.CREATED or (refused and status != HTTPStatus.REQUEST_TIMEOUT)


def _pools(access: Access) -> dict[str, HTTPConnectionPool]:
    any_tls = any(url.startswith("https:") for url in access.base_urls)
    tls_options = tls.pool_options(access) if any_tls else {}
    return {url: connections_to(url, access.max_connections, tls_options) for url in access.base_urls}
