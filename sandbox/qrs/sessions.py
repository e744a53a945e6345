"""Sessions of a virtual proxy: a site allows a user only so many new ones in a while."""

import uuid
from dataclasses import dataclass, field

_ALLOWED = 5
_WINDOW_SECONDS = 5 * 60.0
_IDLE_SECONDS = 30 * 60.0


@dataclass(kw_only=True, slots=True)
class Session:
    user: str
    last_used: float


@dataclass(kw_only=True, slots=True)
class Sessions:
    known: dict[tuple[str, str], Session] = field(default_factory=dict)
    made: dict[str, list[float]] = field(default_factory=dict)

    def user_of(self, prefix: str, cookie: str | None, now: float) -> str | None:
        """Return whose session the cookie is and note its use; None for an unknown or idle one."""
        session = self.known.get((prefix, cookie or ""))
        if session is None or now - session.last_used > _IDLE_SECONDS:
            return None
        session.last_used = now
        return session.user

    def open(self, prefix: str, user: str, now: float) -> str | None:
        """Make a session and return its cookie; None when the user has made too many."""
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
