"""Sessions of a virtual proxy, which allows each user only so many new ones within a period."""

import uuid
from dataclasses import dataclass, field

_ALLOWED = 5
_WINDOW_SECONDS = 5 * 60.0
_IDLE_SECONDS = 30 * 60.0


@dataclass(kw_only=True, slots=True)
class Session:
    """The session of a user; `last_used` in seconds."""

    user: str
    last_used: float


@dataclass(kw_only=True, slots=True)
class Sessions:
    """The sessions of all virtual proxies."""

    known: dict[tuple[str, str], Session] = field(default_factory=dict)
    made: dict[str, list[float]] = field(default_factory=dict)

    def user_of(self, prefix: str, cookie: str | None, now: float) -> str | None:
        """Return the user of the session and record its use; None for an unknown or idle one."""
        session = self.known.get((prefix, cookie or ""))
        if session is None or now - session.last_used > _IDLE_SECONDS:
            return None
        session.last_used = now
        return session.user

    def open(self, prefix: str, user: str, now: float) -> str | None:
        """Create a session and return its cookie; None if the user has created too many."""
        recent = [at for at in self.made.get(user, ()) if now - at < _WINDOW_SECONDS]
        if len(recent) >= _ALLOWED:
            return None
        self.made[user] = [*recent, now]
        self._forget_idle(now)
        cookie = str(uuid.uuid4())
        self.known[prefix, cookie] = Session(user=user, last_used=now)
        return cookie

    def _forget_idle(self, now: float) -> None:
        self.known = {key: each for key, each in self.known.items() if now - each.last_used <= _IDLE_SECONDS}
