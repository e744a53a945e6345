"""/v4/schedules/{id}: one schedule."""

from functools import partial
from http import HTTPStatus

import azure.functions as func
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge import reading
from shared.api.edge.calls import Call, Example
from shared.api.edge.http import Answer
from shared.api.edge.parameters import Segment, WholeNumber
from shared.api.schedules import examples, wire
from shared.api.schedules.body import SCHEDULE, definition
from shared.api.schedules.wire import RunAnswer, ScheduleAnswer
from shared.core.callers import Caller, Right

ID = Segment(name="id", description="The id that the schedule got when it was made.")
LIMIT = WholeNumber(name="limit", description="How many runs to tell, the newest ones.", if_absent=100, most=1000)


class StopAnswer(TypedDict):
    """Nothing, as in Butler before 11."""


def _read(req: func.HttpRequest, caller: Caller) -> Answer:
    return Answer(body=wire.schedule(wiring.schedules(caller).one(ID.read(req))))


def _replace(req: func.HttpRequest, caller: Caller) -> Answer:
    body = reading.body(req, SCHEDULE, if_absent=b"null")
    schedule_id, requested, now = ID.read(req), definition(body), wiring.now()
    replaced = wiring.schedules(caller).replace(schedule_id, requested, now, keeps_state=body.keepState)
    return Answer(body=wire.schedule(replaced))


def _delete(req: func.HttpRequest, caller: Caller) -> Answer:
    wiring.schedules(caller).delete(ID.read(req), wiring.now())
    return Answer(status=HTTPStatus.NO_CONTENT)


def _start(req: func.HttpRequest, caller: Caller) -> Answer:
    return Answer(body=wire.schedules([wiring.schedules(caller).activate(ID.read(req), wiring.now())]))


def _stop(req: func.HttpRequest, caller: Caller) -> Answer:
    stopped = wiring.schedules(caller).stop(ID.read(req), wiring.now())
    return Answer(body=wire.schedules([stopped]) if wiring.settings().are_answers_current else StopAnswer())


def _history(req: func.HttpRequest, caller: Caller) -> Answer:
    runs = wiring.schedules(caller).runs(ID.read(req), LIMIT.read(req))
    return Answer(body=[wire.run(each) for each in runs])


_of_one = partial(Call, parameters=(ID,), failures=examples.NO_SCHEDULE)
_example = partial(Example, parameters=examples.ID_OF_ONE)

READ = _of_one(
    handler=_read,
    right=Right.READ,
    summary="Read a schedule",
    answer=ScheduleAnswer,
    example=_example(answer=examples.STOPPED),
)
REPLACE = _of_one(
    handler=_replace,
    right=Right.WRITE,
    summary="Replace what a schedule says; its id and creation stay, its state follows startupState",
    answer=ScheduleAnswer,
    body=SCHEDULE,
    failures=examples.NO_SCHEDULE | examples.TASK_REFUSED,
    example=_example(bodies={"": examples.DEFINITION}, answer=examples.STOPPED),
)
DELETE = _of_one(
    handler=_delete,
    right=Right.WRITE,
    summary="Remove a schedule",
    status=HTTPStatus.NO_CONTENT,
    example=_example(),
)
START = _of_one(
    handler=_start,
    right=Right.WRITE,
    summary="Start a schedule: its task runs when it is due",
    answer=list[ScheduleAnswer],
    example=_example(answer=[examples.STARTED]),
)
STOP = _of_one(
    handler=_stop,
    right=Right.STOP,
    summary="Stop a schedule",
    answer=StopAnswer,
    current=list[ScheduleAnswer],
    example=_example(answer={}, current=[examples.STOPPED]),
)
HISTORY = _of_one(
    handler=_history,
    right=Right.READ,
    summary="Tell what became of a schedule's runs, newest first",
    answer=list[RunAnswer],
    parameters=(ID, LIMIT),
    example=_example(answer=[examples.RUN]),
)
