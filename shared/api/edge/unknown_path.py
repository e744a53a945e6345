"""Answer any path that no route matches: the host itself would answer an empty 404."""

from collections.abc import Sequence
from http import HTTPStatus

import azure.functions as func

from shared.api.edge import address
from shared.api.edge.calls import Route
from shared.api.edge.http import Answer, failure, method_of, respond
from shared.api.edge.nearest import nearest


def for_paths_other_than(known: Sequence[Route], *, name: str) -> func.Blueprint:
    """Return the function of this name for all other paths; it suggests the nearest of these routes."""
    blueprint = func.Blueprint()

    def _not_found(req: func.HttpRequest) -> Answer:
        path = f"/{req.route_params.get('path') or ''}"
        address.check_parts(req)
        meant = nearest(path, (route.path for route in known))
        hint = f". Did you mean {meant}?" if meant else ""
        return failure(HTTPStatus.NOT_FOUND, f"Route {method_of(req)[:20]}:{address.shown(path)} not found{hint}")

    def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return respond(req, context, _not_found)

    function.__name__ = name
    blueprint.route("{*path}")(function)
    return blueprint
