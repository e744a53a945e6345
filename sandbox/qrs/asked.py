"""A request as the listeners pass it on, without its socket."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.qrs.query import Query
from sandbox.qrs.state import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedRequest:
    """A request as it was received; `now` is the time of its receipt in seconds."""

    listener: str
    method: str
    target: str
    path: str
    query: Query
    headers: Mapping[str, str]
    body: bytes
    # True on the plain listener too, which requires no certificate
    certified: bool
    connection: int
    now: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request that passed the checks, as an endpoint gets it."""

    site: Site
    query: Query
    body: bytes
    id: str
    sees: bool
    may_start: bool
    connection: int
    now: float
