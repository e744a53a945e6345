from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The key functions ask for; None asks for none, as `func start` does."""

    key: str | None

    def admit(self, request: web.Request, auth_level: str) -> bool:
        if self.key is None or auth_level == "anonymous":
            return True
        # A header wins over a query parameter, also a wrong one over a right one.
        return request.headers.get("x-functions-key", request.query.get("code")) == self.key
