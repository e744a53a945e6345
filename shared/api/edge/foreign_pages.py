"""Refuse what a page of another site lets a browser send: the browser may add what only its user should have.

https://owasp.org/www-project-cheat-sheets/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

import azure.functions as func

from shared.core.errors import CallerError

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a browser says of a call of the same page, and of an address that somebody typed.
OWN = frozenset({"same-origin", "none"})
# Under which name the app was called, at the host and at a gateway before it; a page can't set these.
CALLED_AS = ("host", "x-forwarded-host", "x-original-host")


@dataclass(eq=False)
class ForeignPage(CallerError):
    """A page of another site sent a call that changes something."""

    header: str

    def __str__(self) -> str:
        return (
            f"{self.header}: a page of another site may not send this call. Call Footman from a program, or from "
            "its own page."
        )


def check(req: func.HttpRequest, method: str) -> None:
    """Raise ForeignPage for a call that changes something and comes from a page of another site."""
    if method in HARMLESS:
        return
    if site := req.headers.get("sec-fetch-site"):
        if site.strip().lower() not in OWN:
            raise ForeignPage("Sec-Fetch-Site")
        return
    if (origin := req.headers.get("origin")) and not _is_ours(origin, req):
        raise ForeignPage("Origin")


def _is_ours(origin: str, req: func.HttpRequest) -> bool:
    try:
        place = urlsplit(origin.strip()).netloc.lower()
    except ValueError:
        return False
    names = {each.strip().lower() for name in CALLED_AS for each in req.headers.get(name, "").split(",")}
    return bool(place) and place in names
