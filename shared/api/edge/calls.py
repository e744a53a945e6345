"""Calls as data: what each takes and answers. Requests are served by it, and the contract is drawn from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any, Self

import azure.functions as func
from pydantic import TypeAdapter

from shared.api.edge import address
from shared.api.edge.http import Answer, Handler, dispatch
from shared.api.edge.parameters import Parameter

# What may go wrong beside what the caller sends: storage first, then Sense.
STORAGE = (HTTPStatus.SERVICE_UNAVAILABLE,)
SENSE = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One method of a route.

    `answer` is the type of the usual answer's body, None for no body, and `status` its status; `also` holds others that
    come with a body of their own, `errors` those that come with the error envelope. `leads_to` names calls that go on
    from the answer, each with where in the answer its parameters stand. `current` is the type of the answer where
    BUTLER_ANSWERS is `current` and it has another form then. `takes_any_address` is true of a page alone, to which
    browsers and links add what they like; every other call refuses what it would not read.
    """

    handler: Handler
    summary: str
    answer: Any = None
    current: Any = None
    status: HTTPStatus = HTTPStatus.OK
    also: Mapping[HTTPStatus, Any] = field(default_factory=dict)
    errors: Sequence[HTTPStatus] = ()
    parameters: Sequence[Parameter] = ()
    body: TypeAdapter[Any] | None = None
    body_is_required: bool = True
    leads_to: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    takes_any_address: bool = False


@dataclass(frozen=True, kw_only=True)
class Route:
    """A path and its calls by method; `name` is that of its function."""

    name: str
    path: str
    calls: Mapping[str, Call]
    is_open: bool

    def currently(self) -> Self:
        """Return the route with the answers of Butler 11 and later."""
        return replace(self, calls={method: _currently(call) for method, call in self.calls.items()})


def _currently(call: Call) -> Call:
    return call if call.current is None else replace(call, answer=call.current)


class Routes(func.Blueprint):
    """A blueprint that remembers its routes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.served: list[Route] = []

    def serve(
        self, name: str, path: str, calls: Mapping[str, Call], *, is_open: bool = False, ends_with_name: bool = False
    ) -> None:
        """Register a function that answers a path, each method with its call; an open one asks for no key.

        A path that ends with a parameter, or is marked so, ends with a name: with a slash behind it another was meant.
        The host tries functions in the order of their names, whatever their paths are.
        """
        is_name = ends_with_name or path.endswith("}")
        handlers = {method: partial(_serve, call=call, ends_with_name=is_name) for method, call in calls.items()}

        def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            return dispatch(req, context, handlers)

        function.__name__ = name
        self.route(path, auth_level=func.AuthLevel.ANONYMOUS if is_open else None)(function)
        self.served.append(Route(name=name, path=path, calls=calls, is_open=is_open))


def _serve(req: func.HttpRequest, *, call: Call, ends_with_name: bool) -> Answer:
    """Answer, unless the address holds what would be passed over; raises CallerError."""
    if not call.takes_any_address:
        address.check(req, [one.name for one in call.parameters if one.place == "query"])
        if ends_with_name:
            address.check_parts(req)
    return call.handler(req)
