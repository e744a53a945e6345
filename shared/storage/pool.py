"""Pooled connections to storage, for the library's client, for our transactions and for the identity alike."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import RequestsTransport
from urllib3.util import Retry

from shared.keep_alive import socket_options
from shared.storage.clock import StoragesTime

# As many as a Functions worker has threads by default; each connection beyond would be a warning in the log.
MOST_CONNECTIONS = 32
# Azure's retry policies sleep for as long as a Retry-After says, be it hours; a tick has one minute.
LONGEST_RETRY_AFTER = 5.0


class Transport(RequestsTransport):  # type: ignore[misc]  # the library says nothing of its types
    """Sends requests over connections of its own.

    After one that failed no idle connection is used again: what has lost one silently, such as a gateway that was
    restarted, has lost the others too, and each would cost the time-out of reading anew. `to_storage` is false of one
    that asks somebody else, whose time is another.
    """

    def __init__(self, *, connect_seconds: float, read_seconds: float, to_storage: bool = True) -> None:
        self._pooled = session(to_storage=to_storage)
        super().__init__(session=self._pooled, connection_timeout=connect_seconds, read_timeout=read_seconds)

    def send(self, request: Any, **options: Any) -> Any:
        try:
            return super().send(request, **options)
        except AzureError:
            for adapter in self._pooled.adapters.values():
                adapter.close()
            raise


class _Session(requests.Session):
    """Neither a proxy nor a .netrc of the machine has a say in it, as with Sense; its REQUESTS_CA_BUNDLE has."""

    def merge_environment_settings(self, *asked: Any, **named: Any) -> Any:
        return {**super().merge_environment_settings(*asked, **named), "proxies": {}}


class _Adapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        super().init_poolmanager(*sizes, **options, socket_options=socket_options())


# A process has one storage, whose time is one, whichever of its clients asks.
TIME = StoragesTime()


def session(*, to_storage: bool = True) -> requests.Session:
    """Return a session whose pool is as large as its callers are many, and which tries nothing again by itself."""
    made = _Session()
    # urllib3's own retries, even none of them, would quote the address in errors, and a signature may be part of it.
    adapter = _Adapter(pool_maxsize=MOST_CONNECTIONS, max_retries=Retry(total=False))
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    made.auth = _as_it_is
    made.hooks["response"] += [_hear, _shorten] if to_storage else [_shorten]
    return made


def _hear(response: requests.Response, **_: object) -> None:
    came = time.monotonic()
    TIME.hear(response.headers.get("Date", ""), sent=came - response.elapsed.total_seconds(), came=came)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign nothing: without an own way of signing a .netrc would replace storage's signature."""
    return request


def _shorten(response: requests.Response, **_: object) -> None:
    """Leave a Retry-After of at most `LONGEST_RETRY_AFTER` seconds, and none that can't be read."""
    seconds = retry_after(response.headers)
    for name in ("Retry-After", "retry-after-ms", "x-ms-retry-after-ms"):
        response.headers.pop(name, None)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds an answer asks to wait, cut to `LONGEST_RETRY_AFTER`; None when it doesn't say."""
    asked_for = headers.get("Retry-After", "")
    try:
        seconds = float(asked_for) if not asked_for.endswith("GMT") else _until(asked_for, headers["Date"])
    except (ValueError, KeyError, TypeError):
        return None
    return min(seconds, LONGEST_RETRY_AFTER) if seconds >= 0 else None


def _until(moment: str, date: str) -> float:
    """Return the seconds until then by the clock of who answered."""
    return (parsedate_to_datetime(moment) - parsedate_to_datetime(date)).total_seconds()
