"""Who calls, and what they may do: rights, and the tasks that they may touch.

Without CALLERS whoever holds a function key may do everything. With it, only those that it names may do anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.core.errors import CallerError
from shared.core.tasks import EVERYTHING, StartFilter

HASH_SHOWN = 8


class CallerRefused(CallerError):
    """CALLERS names nobody who is known by what the request shows."""

    def __str__(self) -> str:
        return (
            "CALLERS names nobody with the key or the identity of this request. Send the key of a caller in "
            "x-functions-key, or ask an administrator of Footman to add you."
        )


@dataclass(eq=False)
class RightMissing(CallerError):
    """The caller is known and may not make this call."""

    caller: str
    right: str
    rights: Sequence[str]

    def __str__(self) -> str:
        may = ", ".join(self.rights) or "nothing"
        return (
            f"{self.caller!r} may {may}; this call needs the right {self.right!r}. Ask an administrator of Footman to "
            "add it to CALLERS."
        )


class Right(StrEnum):
    """What a call needs; the texts are those of CALLERS."""

    READ = "read"  # schedules, their history, key-values
    START = "start"  # start tasks, and store the key-values that come with a start
    WRITE = "write"  # make, change, delete and start schedules, and key-values
    STOP = "stop"  # stop schedules
    ADMIN = "admin"  # everything, and what is not about schedules or tasks


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who asks, and from which address, as far as it is known; `traceparent` is the caller's own, empty without one."""

    caller: str = ""
    address: str = ""
    traceparent: str = ""


UNKNOWN_ORIGIN = Origin()


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who calls: `tasks` are those that they may start, schedule and see, `origin` is that of this request."""

    name: str
    rights: frozenset[Right]
    tasks: StartFilter = EVERYTHING
    origin: Origin = UNKNOWN_ORIGIN

    def may(self, right: Right) -> bool:
        return right in self.rights or Right.ADMIN in self.rights


@dataclass(frozen=True, kw_only=True)
class KnownCaller:
    """A caller that CALLERS names, and by which one of three it is known."""

    caller: Caller
    key_sha256: str | None = None
    entra_id: str | None = None
    entra_role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a request shows of who sends it; id and roles only where the platform has checked them."""

    key_sha256: str | None = None
    entra_id: str | None = None
    entra_roles: frozenset[str] = frozenset()


def whoever(credentials: Credentials) -> Caller:
    """Return the caller where none are named: a key is known by the begin of its hash."""
    digest = credentials.key_sha256
    return Caller(name=digest[:HASH_SHOWN] if digest else "", rights=frozenset(Right))


def caller_of(known: Sequence[KnownCaller], credentials: Credentials) -> Caller:
    """Return the first of the known callers whom the credentials fit; raises CallerRefused."""
    for each in known:
        if _fits(each, credentials):
            return each.caller
    raise CallerRefused


def _fits(known: KnownCaller, credentials: Credentials) -> bool:
    if known.key_sha256:
        return known.key_sha256 == credentials.key_sha256
    if known.entra_id:
        return known.entra_id == credentials.entra_id
    return known.entra_role in credentials.entra_roles
