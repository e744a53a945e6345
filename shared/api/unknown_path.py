"""Any path that no other function serves: the host itself would answer an empty 404."""

from http import HTTPStatus

import azure.functions as func

from shared.api import address
from shared.api.http import Answer, failure, method_of, respond

blueprint = func.Blueprint()


# The host tries functions in the order of their names and takes the first that matches: this one must be the last.
@blueprint.function_name("zzz_unknown_path")
@blueprint.route("{*path}")
def zzz_unknown_path(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return respond(req, context, _not_found)


def _not_found(req: func.HttpRequest) -> Answer:
    path = f"/{req.route_params.get('path') or ''}"
    address.check_parts(req)
    return failure(HTTPStatus.NOT_FOUND, f"Route {method_of(req)[:20]}:{path} not found")
