"""Calls and routes as data: requests are served from them, and the contract is generated from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any, Self

import azure.functions as func
from pydantic import TypeAdapter

from shared.api.edge import address, who
from shared.api.edge.http import Answer, dispatch
from shared.api.edge.parameters import Parameter
from shared.core.callers import Caller, Right


@dataclass(frozen=True, kw_only=True)
class Example:
    """What the page fills in for a call, and the answer to it.

    It must be harmless to send, because one click sends it: the tasks exist only in the stand-in for Sense, a schedule
    is created stopped, and nothing optional is filled in. `bodies` are named by what they do; `current` is the answer
    with BUTLER_ANSWERS set to `current`, if its form differs then; `also` holds other possible answers by status.
    """

    answer: Any = None
    current: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bodies: Mapping[str, Any] = field(default_factory=dict)
    also: Mapping[HTTPStatus, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One method of a route.

    `right` is what a caller needs for it; None only on an open route, where nobody is asked who they are.

    `answer` is the type of the usual answer's body, None for no body, and `status` its status; `also` holds the types
    of other answers with a body of their own. `failures` are the answers with the error envelope, by status, each with
    a message that this call really gives. `leads_to` names calls that can follow, with the place of their parameters in
    this answer. `current` is the type of the answer with BUTLER_ANSWERS set to `current`, if its form differs then.
    `takes_any_address` is True only for pages, to which browsers and links add parameters; every other call refuses
    what it would ignore.
    """

    handler: Callable[[func.HttpRequest, Caller], Answer]
    summary: str
    right: Right | None
    answer: Any = None
    current: Any = None
    status: HTTPStatus = HTTPStatus.OK
    also: Mapping[HTTPStatus, Any] = field(default_factory=dict)
    failures: Mapping[HTTPStatus, str] = field(default_factory=dict)
    parameters: Sequence[Parameter] = ()
    body: TypeAdapter[Any] | None = None
    body_is_required: bool = True
    leads_to: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    takes_any_address: bool = False
    example: Example = field(default_factory=Example)


@dataclass(frozen=True)
class Route:
    """The name of a function, its path, and a call for each method; an open one needs no key.

    A path that ends with a parameter, or with `ends_with_name`, ends with a name: a slash after it means something
    else.
    """

    name: str
    path: str
    calls: Mapping[str, Call]
    _: KW_ONLY
    is_open: bool = False
    ends_with_name: bool = False

    def currently(self) -> Self:
        """Return the route with the answers of Butler 11 and later."""
        return replace(self, calls={method: _currently(call) for method, call in self.calls.items()})


def _currently(call: Call) -> Call:
    if call.current is None:
        return call
    example = replace(call.example, answer=call.example.current or call.example.answer)
    return replace(call, answer=call.current, example=example)


def blueprint(routes: Iterable[Route]) -> func.Blueprint:
    """Return a blueprint with a function for each route, under its name."""
    functions = func.Blueprint()
    for route in routes:
        level = func.AuthLevel.ANONYMOUS if route.is_open else None
        functions.route(route.path, auth_level=level)(_function(route))
    return functions


def _function(route: Route) -> Callable[[func.HttpRequest, func.Context], func.HttpResponse]:
    is_name = route.ends_with_name or route.path.endswith("}")
    handlers = {method: partial(_serve, call=call, ends_with_name=is_name) for method, call in route.calls.items()}

    def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return dispatch(req, context, handlers)

    function.__name__ = route.name
    return function


def _serve(req: func.HttpRequest, *, call: Call, ends_with_name: bool) -> Answer:
    """Answer the request, unless its caller may not make it, or its address would be ignored; raises CallerError."""
    caller = who.allowed(req, call.right) if call.right else who.NOBODY
    if not call.takes_any_address:
        address.check(req, [one.name for one in call.parameters if one.place == "query"])
        if ends_with_name:
            address.check_parts(req)
    return call.handler(req, caller)
