"""Check and convert what a handler returns."""

import azure.functions as func
from aiohttp import web
from multidict import CIMultiDict

TEXT = "text/plain; charset=utf-8"


def to_response(result: object) -> web.Response:
    """Return the HTTP answer; raises TypeError."""
    if isinstance(result, str):
        return web.Response(text=result)
    if not isinstance(result, func.HttpResponse):
        raise TypeError(f"an HTTP function must return an HttpResponse or a str, got {type(result).__name__}")
    headers = CIMultiDict(result.headers.items())
    headers.setdefault("Content-Type", _content_type(result))
    return web.Response(status=int(result.status_code), headers=headers, body=result.get_body())


def to_nothing(result: object) -> None:
    """Raise RuntimeError unless the function returned None."""
    if result is not None:
        raise RuntimeError("a function without a $return binding returned a non-None value")


def _content_type(response: func.HttpResponse) -> str:
    # Also on a 204, as the worker does.
    return (
        f"{response.mimetype}; charset={response.charset}"
        if response.mimetype.startswith("text/")
        else str(response.mimetype)
    )
