"""Calls as data: what each takes and answers. Requests are served by it, and the contract is drawn from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import azure.functions as func
from pydantic import TypeAdapter

from shared.api.http import Handler, dispatch
from shared.api.parameters import Parameter

# What may go wrong beside what the caller sends: storage first, then Sense.
STORAGE = (HTTPStatus.SERVICE_UNAVAILABLE,)
SENSE = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One method of a route.

    `answer` is the type of the usual answer's body, None for no body, and `status` its status; `also` holds others that
    come with a body of their own, `errors` those that come with the error envelope. `leads_to` names calls that go on
    from the answer, each with where in the answer its parameters stand.
    """

    handler: Handler
    summary: str
    answer: Any = None
    status: HTTPStatus = HTTPStatus.OK
    also: Mapping[HTTPStatus, Any] = field(default_factory=dict)
    errors: Sequence[HTTPStatus] = ()
    parameters: Sequence[Parameter] = ()
    body: TypeAdapter[Any] | None = None
    body_is_required: bool = True
    leads_to: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A path and its calls by method; `name` is that of its function."""

    name: str
    path: str
    calls: Mapping[str, Call]
    is_open: bool


class Routes(func.Blueprint):
    """A blueprint that remembers its routes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.served: list[Route] = []

    def serve(self, name: str, path: str, calls: Mapping[str, Call], *, is_open: bool = False) -> None:
        """Register a function that answers a path, each method with its call; an open one asks for no key.

        The host tries functions in the order of their names, whatever their paths are.
        """
        handlers = {method: call.handler for method, call in calls.items()}

        def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            return dispatch(req, context, handlers)

        function.__name__ = name
        self.route(path, auth_level=func.AuthLevel.ANONYMOUS if is_open else None)(function)
        self.served.append(Route(name=name, path=path, calls=calls, is_open=is_open))
