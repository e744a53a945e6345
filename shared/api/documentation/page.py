"""GET /v4/openapi.json is the contract for tools; GET /documentation a page to read and try it; / redirects there."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func

from shared.api.documentation.files import FILES, HTML, content, page, read
from shared.api.edge.calls import Call, Example, Route
from shared.api.edge.examples import CRASHED, NO_PARAMETERS
from shared.api.edge.http import JSON_TYPE, Answer, as_json, failure
from shared.api.edge.parameters import Segment
from shared.core.callers import Caller

FILE = Segment(name="file", description="A file that the page consists of.")

# The page prompts for a key: only Footman's own files may run in it, and it may neither call nor be framed by others.
GUARDS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# The host treats an empty route as no route; this one matches the empty path only.
HOME = "{nothing:maxlength(0)?}"
FOR_EVER = "public, max-age=31536000, immutable"


def routes(described: Sequence[Route], *, asks_for_key: bool, are_answers_current: bool) -> tuple[Route, ...]:
    """Return the route of the contract, which describes these routes and itself, and the routes of the page."""

    @cache
    def text() -> bytes:
        from shared.api.documentation.openapi import document  # noqa: PLC0415 - not at import: it is rarely requested

        documented = (*described, contract)
        return as_json(document(documented, asks_for_key=asks_for_key, are_answers_current=are_answers_current))

    def _contract(req: func.HttpRequest, _caller: Caller) -> Answer:
        return _cacheable(req, text(), JSON_TYPE)

    read = Call(
        handler=_contract,
        right=None,
        summary="Read this contract",
        answer=dict[str, Any],
        failures=CRASHED | NO_PARAMETERS,
        example=Example(answer={"openapi": "3.1.0"}),
    )
    contract = Route("openapi", "v4/openapi.json", {"GET": read}, is_open=True)
    return contract, *PAGE


def _home(_: func.HttpRequest, __: Caller) -> Answer:
    # Relative, and without anything from the request: correct behind any gateway, and no way to redirect elsewhere.
    return Answer(status=HTTPStatus.FOUND, headers={**GUARDS, "Location": "documentation", "Cache-Control": "no-cache"})


def _page(req: func.HttpRequest, _caller: Caller) -> Answer:
    if urlsplit(req.url).path.endswith("/"):
        # The page's links to its files are relative.
        return Answer(status=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": "../documentation"})
    return _cacheable(req, page(), HTML)


def _file(req: func.HttpRequest, _caller: Caller) -> Answer:
    name = FILE.read(req)
    if name not in FILES:
        return failure(HTTPStatus.NOT_FOUND, f"file: {name[:60]!r} is not a part of the page.")
    file = FILES[name]
    takes_gzip = "gzip" in req.headers.get("Accept-Encoding", "").lower()
    body = read(file.path) if file.is_compressed and takes_gzip else content(file)
    answer = _cacheable(req, body, file.content_type)
    more = {"Cache-Control": FOR_EVER} if file.never_changes else {}
    if file.is_compressed:
        more |= {"Vary": "Accept-Encoding", **({"Content-Encoding": "gzip"} if takes_gzip else {})}
    return replace(answer, headers={**answer.headers, **more})


def _cacheable(req: func.HttpRequest, body: bytes, content_type: str) -> Answer:
    """Answer with a body that a browser may cache, provided that it asks each time whether it has changed."""
    tag = _tag(body)
    headers = {**GUARDS, "ETag": tag, "Cache-Control": "no-cache"}
    if {tag, "*"} & {each.strip().removeprefix("W/") for each in req.headers.get("If-None-Match", "").split(",")}:
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers={**headers, "Content-Type": content_type})
    return Answer(body=body, headers=headers, content_type=content_type)


@cache
def _tag(body: bytes) -> str:
    return f'"{sha256(body).hexdigest()[:32]}"'


_page_call = partial(Call, summary="The page", takes_any_address=True)
PAGE = (
    Route("home", HOME, {"GET": _page_call(handler=_home, right=None)}, is_open=True),
    Route("documentation", "documentation", {"GET": _page_call(handler=_page, right=None)}, is_open=True),
    Route("documentation_file", "documentation/{file}", {"GET": _page_call(handler=_file, right=None)}, is_open=True),
)
