"""/v4/schedules: all schedules, and new ones."""

from datetime import UTC, datetime
from http import HTTPStatus

import azure.functions as func

from shared import wiring
from shared.api import reading, schedule_wire
from shared.api.http import Answer, dispatch

blueprint = func.Blueprint()


@blueprint.route("v4/schedules")
def schedules(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _list, "POST": _create})


@blueprint.route("v4/schedules/startall")
def schedule_start_all(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"PUT": _start_all})


@blueprint.route("v4/schedules/stopall")
def schedule_stop_all(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"PUT": _stop_all})


@blueprint.route("v4/schedules/status")
def schedule_status(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _status})


def _list(req: func.HttpRequest) -> Answer:
    if "id" in req.params:
        return Answer(body=schedule_wire.schedule(wiring.schedules().one(req.params["id"])))
    return Answer(body=[schedule_wire.schedule(each) for each in wiring.schedules().all()])


def _create(req: func.HttpRequest) -> Answer:
    definition = schedule_wire.definition(reading.body(req, schedule_wire.SCHEDULE, if_absent=b"null"))
    made = wiring.schedules().create(definition, datetime.now(UTC))
    return Answer(status=HTTPStatus.CREATED, body=schedule_wire.schedule(made))


def _start_all(_: func.HttpRequest) -> Answer:
    return Answer(body=[schedule_wire.schedule(each) for each in wiring.schedules().start_all(datetime.now(UTC))])


def _stop_all(_: func.HttpRequest) -> Answer:
    return Answer(body=[schedule_wire.schedule(each) for each in wiring.schedules().stop_all(datetime.now(UTC))])


def _status(_: func.HttpRequest) -> Answer:
    return Answer(body=[schedule_wire.status(each) for each in wiring.schedules().all()])
