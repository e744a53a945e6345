"""What every path shares about HTTP: methods, the error envelope, JSON as Butler writes it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import azure.functions as func
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge import foreign_pages
from shared.api.edge.refusals import FieldRefused
from shared.core.callers import CallerRefused, RightMissing
from shared.core.errors import (
    CallerError,
    ChangedMeanwhile,
    FootmanError,
    OutcomeUnknown,
    QrsError,
    QrsUnanswered,
    QrsUnreachable,
    SettingsError,
    StorageError,
    TaskForbidden,
)
from shared.foreign import quotable, remembering
from shared.log import log_of

log = log_of(__name__)

JSON_TYPE = "application/json; charset=utf-8"
OVERRIDE = "X-HTTP-Method-Override"
# What is answered may be a caller's secret: no cache on the way may keep it, no browser take it for something else.
FOR_NOBODY_ELSE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
KEY_HEADER = "x-functions-key"
KEY_PARAMETER = "code"

# Looked up along an error's ancestors, the nearest first. Clients repeat a request by themselves after 408, 429 and
# 5xx: where that might do something twice, the status is one that they take as final.
STATUS: dict[type[BaseException], HTTPStatus] = {
    CallerError: HTTPStatus.BAD_REQUEST,
    foreign_pages.ForeignPage: HTTPStatus.FORBIDDEN,
    ChangedMeanwhile: HTTPStatus.PRECONDITION_FAILED,
    TaskForbidden: HTTPStatus.FORBIDDEN,
    CallerRefused: HTTPStatus.FORBIDDEN,
    RightMissing: HTTPStatus.FORBIDDEN,
    SettingsError: HTTPStatus.INTERNAL_SERVER_ERROR,
    QrsUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    QrsUnanswered: HTTPStatus.SERVICE_UNAVAILABLE,
    QrsError: HTTPStatus.BAD_GATEWAY,
    OutcomeUnknown: HTTPStatus.FAILED_DEPENDENCY,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer to the caller: a status and a body, which is a JSON value or bytes; None means no body."""

    status: HTTPStatus = HTTPStatus.OK
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE


class Failure(TypedDict):
    """The envelope of errors that Butler's clients know."""

    statusCode: int
    error: str
    message: str


Handler = Callable[[func.HttpRequest], Answer]


def dispatch(req: func.HttpRequest, context: func.Context, handlers: Mapping[str, Handler]) -> func.HttpResponse:
    """Answer with the handler for the method, or with 405 if there is none.

    A POST may name another method in X-HTTP-Method-Override: Qlik's REST connector can only GET and POST. HEAD is
    answered like GET, without the body.
    """
    method = method_of(req)
    handler = handlers.get("GET" if method == "HEAD" else method)
    return respond(req, context, handler or (lambda _: _wrong_method(method, handlers)))


def respond(req: func.HttpRequest, context: func.Context, handler: Handler) -> func.HttpResponse:
    """Answer with the handler, whatever the method; every error becomes the error envelope."""
    with remembering(("function key", key) for key in (req.headers.get(KEY_HEADER), req.params.get(KEY_PARAMETER))):
        return _rendered(_guarded(handler, req, context), with_body=method_of(req) != "HEAD")


def method_of(req: func.HttpRequest) -> str:
    """Return the method in upper case, that of X-HTTP-Method-Override if a POST has one."""
    method: str = req.method.upper()
    override: str = req.headers.get(OVERRIDE, "") if method == "POST" else ""
    return override.strip().upper() or method


def failure(status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with the error envelope; its message quotes no secret."""
    body = Failure(statusCode=status.value, error=status.phrase, message=quotable(message))
    return Answer(status=status, body=body, headers=headers or {})


def _check_method(req: func.HttpRequest) -> None:
    foreign_pages.check(req, req.method.upper())
    if OVERRIDE in req.headers and req.method.upper() == "POST" and not wiring.takes_method_override():
        # Passed over, a call that was to delete would store.
        raise FieldRefused(OVERRIDE, "is switched off here by HTTP_METHOD_OVERRIDE: send the method itself")


def _wrong_method(method: str, handlers: Mapping[str, Handler]) -> Answer:
    allowed = ", ".join(handlers)
    message = f"{method[:20]} is not allowed here; use {allowed}."
    return failure(HTTPStatus.METHOD_NOT_ALLOWED, message, {"Allow": allowed})


def _guarded(handler: Handler, req: func.HttpRequest, context: func.Context) -> Answer:
    try:
        _check_method(req)
        return handler(req)
    except FootmanError as error:
        status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
        if not isinstance(error, CallerError):
            log.error("Answered %d: %s", status, error, extra={"action": "request_failed", "status": status.value})
        return failure(status, str(error))
    except Exception:
        log.exception("Footman failed", extra={"action": "request_crashed"})
        return failure(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            f"Footman failed; its log tells why under invocation {context.invocation_id}.",
        )


def _rendered(answer: Answer, *, with_body: bool) -> func.HttpResponse:
    headers = {**FOR_NOBODY_ELSE, **answer.headers}
    if answer.body is None:
        return func.HttpResponse(status_code=answer.status, headers=headers)
    body = answer.body if isinstance(answer.body, bytes) else as_json(answer.body)
    headers["Content-Type"] = answer.content_type
    return func.HttpResponse(body if with_body else b"", status_code=answer.status, headers=headers)


def as_json(value: Any) -> bytes:
    """Return the value as Butler writes JSON: indented by two spaces, in UTF-8."""
    # A name in Sense may hold half a surrogate pair, which no encoding can carry.
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace")
