"""Any path that no other function serves: the host itself would answer an empty 404."""

from collections.abc import Sequence
from http import HTTPStatus

import azure.functions as func

from shared.api.edge import address
from shared.api.edge.calls import Routes
from shared.api.edge.http import Answer, failure, method_of, respond
from shared.api.edge.nearest import nearest


def beside(known: Sequence[Routes]) -> func.Blueprint:
    """Return the function for all paths beside these routes, which names the nearest of them."""
    blueprint = func.Blueprint()

    def _not_found(req: func.HttpRequest) -> Answer:
        path = f"/{req.route_params.get('path') or ''}"
        address.check_parts(req)
        meant = nearest(path, (route.path for routes in known for route in routes.served))
        hint = f". Did you mean {meant}?" if meant else ""
        return failure(HTTPStatus.NOT_FOUND, f"Route {method_of(req)[:20]}:{address.shown(path)} not found{hint}")

    # The host tries functions in the order of their names and takes the first that matches: this one must be the last.
    @blueprint.function_name("zzz_unknown_path")
    @blueprint.route("{*path}")
    def zzz_unknown_path(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return respond(req, context, _not_found)

    return blueprint
