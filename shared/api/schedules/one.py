"""/v4/schedules/{id}: one schedule."""

from http import HTTPStatus

import azure.functions as func
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge import reading
from shared.api.edge.calls import STORAGE, Call, Routes
from shared.api.edge.http import Answer
from shared.api.edge.parameters import Segment, WholeNumber
from shared.api.schedules import wire
from shared.api.schedules.all import MADE
from shared.api.schedules.body import SCHEDULE, definition
from shared.api.schedules.wire import RunAnswer, ScheduleAnswer

ID = Segment(name="id", description="The id that the schedule got when it was made.")
LIMIT = WholeNumber(name="limit", description="How many runs to tell, the newest ones.", if_absent=100, most=1000)


class StopAnswer(TypedDict):
    """Nothing, as in Butler before 11."""


def _one(req: func.HttpRequest) -> Answer:
    return Answer(body=wire.schedule(wiring.schedules().one(ID.read(req))))


def _replace(req: func.HttpRequest) -> Answer:
    body = reading.body(req, SCHEDULE, if_absent=b"null")
    schedule_id, asked, now = ID.read(req), definition(body), wiring.now()
    replaced = wiring.schedules().replace(schedule_id, asked, now, keeps_state=body.keepState)
    return Answer(body=wire.schedule(replaced))


def _delete(req: func.HttpRequest) -> Answer:
    wiring.schedules().delete(ID.read(req), wiring.now())
    return Answer(status=HTTPStatus.NO_CONTENT)


def _start(req: func.HttpRequest) -> Answer:
    return Answer(body=[wire.schedule(wiring.schedules().start(ID.read(req), wiring.now()))])


def _stop(req: func.HttpRequest) -> Answer:
    stopped = wiring.schedules().stop(ID.read(req), wiring.now())
    return Answer(body=[wire.schedule(stopped)] if wiring.settings().are_answers_current else StopAnswer())


def _history(req: func.HttpRequest) -> Answer:
    runs = wiring.schedules().runs(ID.read(req), LIMIT.read(req))
    return Answer(body=[wire.run(each) for each in runs])


_ONE = Call(handler=_one, summary="Read a schedule", answer=ScheduleAnswer, errors=STORAGE, parameters=(ID,))
_REPLACE = Call(
    handler=_replace,
    summary="Replace what a schedule says; its id and creation stay, its state follows startupState",
    answer=ScheduleAnswer,
    errors=MADE,
    parameters=(ID,),
    body=SCHEDULE,
)
_DELETE = Call(
    handler=_delete,
    summary="Remove a schedule",
    status=HTTPStatus.NO_CONTENT,
    errors=STORAGE,
    parameters=(ID,),
)
_START = Call(
    handler=_start,
    summary="Start a schedule: its task runs when it is due",
    answer=list[ScheduleAnswer],
    errors=STORAGE,
    parameters=(ID,),
)
_STOP = Call(
    handler=_stop,
    summary="Stop a schedule",
    answer=StopAnswer,
    current=list[ScheduleAnswer],
    errors=STORAGE,
    parameters=(ID,),
)
_HISTORY = Call(
    handler=_history,
    summary="Tell what became of a schedule's runs, newest first",
    answer=list[RunAnswer],
    errors=STORAGE,
    parameters=(ID, LIMIT),
)

blueprint = Routes()
# Comes after /v4/schedules/preview and the like in the order of names.
blueprint.serve("schedule_with_id", "v4/schedules/{id}", {"GET": _ONE, "PUT": _REPLACE, "DELETE": _DELETE})
blueprint.serve("schedule_start", "v4/schedules/{id}/start", {"PUT": _START})
blueprint.serve("schedule_stop", "v4/schedules/{id}/stop", {"PUT": _STOP})
blueprint.serve("schedule_history", "v4/schedules/{id}/history", {"GET": _HISTORY})
