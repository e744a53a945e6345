"""Speak HTTP to the repository service: who asks, the XSRF pair, pooled connections, the second try."""

import logging
import random
import socket
import string
import threading
import time
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from shared.core.errors import QrsBusy, QrsError, QrsTimedOut, QrsUnanswered, QrsUnreachable
from shared.qrs import failures, tls
from shared.qrs.access import Access
from shared.version import VERSION

log = logging.getLogger(__name__)

# All tries of one call together: the lease of a claimed occurrence counts on it.
CONNECT_SECONDS = 5.0
RETRY_PAUSE_SECONDS = 0.25
# Azure's address translation forgets a connection that is silent for four minutes and tells neither end.
KEEP_ALIVE_SECONDS = 30
# A virtual proxy makes a session for each request without a live cookie and refuses the sixth of a user.
SESSION_SURE_SECONDS = 60.0


class Connection:
    """Pooled connections to the first base URL that answers; safe for use by many threads."""

    def __init__(self, access: Access) -> None:
        """Prepare everything and connect to nothing; raises SettingsError for unusable certificates."""
        self._access = access
        self._xsrf_key = "".join(random.choices(string.ascii_letters + string.digits, k=16))
        self._session = _session(access, self._xsrf_key)
        self._base_urls = access.base_urls
        self._last_answer = -SESSION_SURE_SECONDS
        self._alone = threading.Lock()

    def read(self, path: str, query: str) -> Any:
        """Return the JSON under `path`; `query` comes percent-encoded.

        A read that failed on the way, or found the service busy, is tried once more, on the next base URL where there
        is one. Raises QrsError.
        """
        response = self._try("GET", path, query, again_after=(QrsUnreachable, QrsUnanswered, QrsBusy))
        try:
            return response.json()
        except ValueError:
            raise failures.from_answer(response) from None

    def order(self, path: str) -> Any:
        """POST to `path` and return the JSON answered.

        Sent again only when no connection was made: what Sense was asked once it may have done. Raises QrsError.
        """
        response = self._try("POST", path, "", again_after=(QrsUnreachable,))
        try:
            return response.json()
        except ValueError:
            raise failures.unreadable(response) from None

    def _try(self, method: str, path: str, query: str, again_after: tuple[type[QrsError], ...]) -> requests.Response:
        urls = self._base_urls if len(self._base_urls) > 1 else self._base_urls * 2
        connect_seconds = CONNECT_SECONDS / len(urls)
        for base_url, next_url in pairwise(urls):
            try:
                return self._ask(method, base_url, path, query, connect_seconds)
            except again_after as error:
                if isinstance(error, QrsTimedOut) and next_url == base_url:
                    raise  # the caller has waited long enough for this address
                log.warning("Asking Sense again after: %s", error, extra={"action": "qrs_second_try"})
                if isinstance(error, QrsBusy):
                    time.sleep(RETRY_PAUSE_SECONDS)
        return self._ask(method, urls[-1], path, query, connect_seconds)

    def _ask(self, method: str, base_url: str, path: str, query: str, connect_seconds: float) -> requests.Response:
        url = f"{base_url}/{path}?{query}{'&' if query else ''}xrfkey={self._xsrf_key}"
        try:
            response = self._send(method, url, (connect_seconds, self._access.timeout_seconds))
        except requests.RequestException as error:
            # Not chained: the exceptions underneath quote the URL and whatever the server sent.
            raise failures.from_exception(error, base_url, self._access.timeout_seconds) from None
        self._prefer(base_url)
        if not requests.codes.ok <= response.status_code < requests.codes.multiple_choices or failures.is_page(
            response
        ):
            raise failures.from_answer(response)
        return response

    def _send(self, method: str, url: str, timeout: tuple[float, float]) -> requests.Response:
        if self._session_is_sure():
            return self._transmit(method, url, timeout)
        with self._alone:
            if not self._session_is_sure():
                return self._transmit(method, url, timeout)
        return self._transmit(method, url, timeout)

    def _session_is_sure(self) -> bool:
        return not self._access.jwt or time.monotonic() - self._last_answer < SESSION_SURE_SECONDS

    def _transmit(self, method: str, url: str, timeout: tuple[float, float]) -> requests.Response:
        response = self._session.request(method, url, timeout=timeout, allow_redirects=False)
        self._last_answer = time.monotonic()
        return response

    def _prefer(self, base_url: str) -> None:
        if base_url != self._base_urls[0]:
            at = self._base_urls.index(base_url)
            self._base_urls = self._base_urls[at:] + self._base_urls[:at]


class _Adapter(HTTPAdapter):
    """requests' pool with our own TLS context: requests itself knows no server name, no pin and no PEM text."""

    def __init__(self, connections: int, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__(pool_maxsize=connections, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002 - requests' own signature
        super().init_poolmanager(connections, maxsize, block, **options, **self._options)

    def build_connection_pool_key_attributes(self, *request: Any, **options: Any) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(*request, **options)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the connection as the pool made it."""


def _session(access: Access, xsrf_key: str) -> requests.Session:
    session = requests.Session()
    # Neither a proxy nor a .netrc of the machine has a say in who asks Sense.
    session.trust_env = False
    session.headers.update({"X-Qlik-Xrfkey": xsrf_key, "User-Agent": f"Footman/{VERSION}", **_who(access)})
    options = {"socket_options": _socket_options()}
    session.mount("http://", _Adapter(access.max_connections, options))
    if any(url.startswith("https:") for url in access.base_urls):
        session.mount("https://", _Adapter(access.max_connections, options | tls.pool_options(access)))
    return session


def _who(access: Access) -> dict[str, str]:
    if access.jwt:
        return {"Authorization": f"Bearer {access.jwt}"}
    directory, user = quote(access.user_directory, safe=""), quote(access.user_id, safe="")
    return {"X-Qlik-User": f"UserDirectory={directory}; UserId={user}"}


def _socket_options() -> list[tuple[int, int, int]]:
    numbers = (getattr(socket, name, None) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"))  # not every system has both
    return [
        *HTTPConnection.default_socket_options,
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *((socket.IPPROTO_TCP, number, KEEP_ALIVE_SECONDS) for number in numbers if number is not None),
    ]
