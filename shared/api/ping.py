"""GET /v4/butlerping: am I there?"""

import azure.functions as func

from shared.api.http import Answer, dispatch
from shared.version import VERSION

blueprint = func.Blueprint()


@blueprint.route("v4/butlerping")
def ping(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _pong})


def _pong(_: func.HttpRequest) -> Answer:
    return Answer(body={"response": "Butler reporting for duty", "butlerVersion": f"Footman {VERSION}"})
