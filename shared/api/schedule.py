"""/v4/schedules/{id}: one schedule."""

from datetime import UTC, datetime
from http import HTTPStatus

import azure.functions as func

from shared import wiring
from shared.api import reading, schedule_wire
from shared.api.http import Answer, dispatch

blueprint = func.Blueprint()

USUAL_RUNS = 100
MOST_RUNS = 1000


# The host tries routes in the order of function names: this one must come after /v4/schedules/preview and the like.
@blueprint.route("v4/schedules/{id}")
def schedule_with_id(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _one, "PUT": _replace, "DELETE": _delete})


@blueprint.route("v4/schedules/{id}/start")
def schedule_start(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"PUT": _start})


@blueprint.route("v4/schedules/{id}/stop")
def schedule_stop(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"PUT": _stop})


@blueprint.route("v4/schedules/{id}/history")
def schedule_history(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _history})


def _one(req: func.HttpRequest) -> Answer:
    return Answer(body=schedule_wire.schedule(wiring.schedules().one(_id(req))))


def _replace(req: func.HttpRequest) -> Answer:
    definition = schedule_wire.definition(reading.body(req, schedule_wire.SCHEDULE, if_absent=b"null"))
    return Answer(body=schedule_wire.schedule(wiring.schedules().replace(_id(req), definition, datetime.now(UTC))))


def _delete(req: func.HttpRequest) -> Answer:
    wiring.schedules().delete(_id(req), datetime.now(UTC))
    return Answer(status=HTTPStatus.NO_CONTENT)


def _start(req: func.HttpRequest) -> Answer:
    return Answer(body=[schedule_wire.schedule(wiring.schedules().start(_id(req), datetime.now(UTC)))])


def _stop(req: func.HttpRequest) -> Answer:
    wiring.schedules().stop(_id(req), datetime.now(UTC))
    return Answer(body={})


def _history(req: func.HttpRequest) -> Answer:
    limit = reading.whole_number(req, "limit", if_absent=USUAL_RUNS, most=MOST_RUNS)
    return Answer(body=[schedule_wire.run(each) for each in wiring.schedules().runs(_id(req), limit)])


def _id(req: func.HttpRequest) -> str:
    given: str = req.route_params["id"]
    return given
