from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The key that functions require; None requires none, like `func start`."""

    key: str | None

    def admit(self, request: web.Request, auth_level: str) -> bool:
        """Return whether the request may call a function with this auth level."""
        if self.key is None or auth_level == "anonymous":
            return True
        # A header takes precedence over a query parameter, even a wrong one over a right one.
        return request.headers.get("x-functions-key", request.query.get("code")) == self.key
