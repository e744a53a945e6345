"""/v4/schedules/{id}: one schedule."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.functions as func
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge import reading
from shared.api.edge.calls import Call, Example
from shared.api.edge.http import Answer
from shared.api.edge.parameters import Segment, Tags, WholeNumber
from shared.api.schedules import etag, examples, wire
from shared.api.schedules.body import SCHEDULE, definition
from shared.api.schedules.wire import RunAnswer, ScheduleAnswer
from shared.core.callers import Caller, Right

if TYPE_CHECKING:
    from shared.core.schedules import Schedule

ID = Segment(name="id", description="The id that the schedule got when it was made.")
IF_MATCH = Tags(
    name="If-Match",
    description="The ETag of the schedule as it was read: if somebody has changed it since, it is left alone (412).",
    longest=1000,
)
LIMIT = WholeNumber(name="limit", description="How many runs to tell, the newest ones.", if_absent=100, most=1000)


class StopAnswer(TypedDict):
    """Nothing, as in Butler before 11."""


def _read(req: func.HttpRequest, caller: Caller) -> Answer:
    return _answer(wiring.schedules(caller).one(ID.read(req)))


def _replace(req: func.HttpRequest, caller: Caller) -> Answer:
    body = reading.body(req, SCHEDULE, if_absent=b"null")
    schedule_id, requested, now = ID.read(req), definition(body), wiring.now()
    return _answer(
        wiring.schedules(caller).replace(
            schedule_id, requested, now, keeps_state=body.keepState, is_meant=_is_meant(req)
        )
    )


def _delete(req: func.HttpRequest, caller: Caller) -> Answer:
    wiring.schedules(caller).delete(ID.read(req), wiring.now(), is_meant=_is_meant(req))
    return Answer(status=HTTPStatus.NO_CONTENT)


def _start(req: func.HttpRequest, caller: Caller) -> Answer:
    started = wiring.schedules(caller).activate(ID.read(req), wiring.now(), is_meant=_is_meant(req))
    return Answer(body=wire.schedules([started]), headers=etag.header(started))


def _stop(req: func.HttpRequest, caller: Caller) -> Answer:
    stopped = wiring.schedules(caller).stop(ID.read(req), wiring.now(), is_meant=_is_meant(req))
    body = wire.schedules([stopped]) if wiring.settings().are_answers_current else StopAnswer()
    return Answer(body=body, headers=etag.header(stopped))


def _restore(req: func.HttpRequest, caller: Caller) -> Answer:
    return _answer(wiring.schedules(caller).restore(ID.read(req), wiring.now()))


def _answer(kept: "Schedule") -> Answer:
    return Answer(body=wire.schedule(kept), headers=etag.header(kept))


def _is_meant(req: func.HttpRequest) -> "Callable[[Schedule], bool] | None":
    tags = IF_MATCH.read(req)
    if tags is None or "*" in tags:  # any that there is, which is as without
        return None
    return lambda schedule: etag.etag(schedule) in tags


def _history(req: func.HttpRequest, caller: Caller) -> Answer:
    runs = wiring.schedules(caller).runs(ID.read(req), LIMIT.read(req))
    return Answer(body=[wire.run(each) for each in runs])


_of_one = partial(Call, parameters=(ID,), failures=examples.NO_SCHEDULE)
_changing = partial(Call, parameters=(ID, IF_MATCH), failures=examples.NOT_CHANGED)
_example = partial(Example, parameters=examples.ID_OF_ONE)

READ = _of_one(
    handler=_read,
    right=Right.READ,
    summary="Read a schedule",
    answer=ScheduleAnswer,
    example=_example(answer=examples.STOPPED),
)
REPLACE = _changing(
    handler=_replace,
    right=Right.WRITE,
    summary="Replace what a schedule says; its id and creation stay, its state follows startupState",
    answer=ScheduleAnswer,
    body=SCHEDULE,
    failures=examples.NOT_CHANGED | examples.TASK_REFUSED,
    example=_example(bodies={"": examples.DEFINITION}, answer=examples.STOPPED),
)
DELETE = _changing(
    handler=_delete,
    right=Right.WRITE,
    summary="Remove a schedule",
    status=HTTPStatus.NO_CONTENT,
    example=_example(),
)
START = _changing(
    handler=_start,
    right=Right.WRITE,
    summary="Start a schedule: its task runs when it is due",
    answer=list[ScheduleAnswer],
    example=_example(answer=[examples.STARTED]),
)
STOP = _changing(
    handler=_stop,
    right=Right.STOP,
    summary="Stop a schedule",
    answer=StopAnswer,
    current=list[ScheduleAnswer],
    example=_example(answer={}, current=[examples.STOPPED]),
)
RESTORE = _of_one(
    handler=_restore,
    right=Right.WRITE,
    summary="Restore a deleted schedule as it was, with its id and history",
    answer=ScheduleAnswer,
    failures=examples.NO_SCHEDULE | examples.TASK_REFUSED,
    example=_example(answer=examples.STOPPED),
)
HISTORY = _of_one(
    handler=_history,
    right=Right.READ,
    summary="Tell what became of a schedule's runs, newest first",
    answer=list[RunAnswer],
    parameters=(ID, LIMIT),
    example=_example(answer=[examples.RUN]),
)
