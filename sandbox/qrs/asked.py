"""A request as the listeners hand it on: no socket in it any more."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.qrs.query import Query
from sandbox.qrs.state import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    listener: str
    method: str
    target: str
    path: str
    query: Query
    headers: Mapping[str, str]
    body: bytes
    # True on the plain listener too, which asks for no certificate
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
