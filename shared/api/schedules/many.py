"""/v4/schedules: all schedules, and new ones."""

from functools import partial
from http import HTTPStatus

import azure.functions as func

from shared import wiring
from shared.api.edge import reading
from shared.api.edge.calls import Call, Example
from shared.api.edge.examples import NO_PARAMETERS, STORAGE_AWAY
from shared.api.edge.http import Answer
from shared.api.edge.parameters import OptionalText, WholeNumber
from shared.api.edge.refusals import FieldRefused
from shared.api.schedules import etag, examples, wire
from shared.api.schedules.body import LONGEST_TAG, SCHEDULE, definition
from shared.api.schedules.wire import DeletedAnswer, ScheduleAnswer, StatusAnswer
from shared.core.callers import Caller, Right

LIMIT = WholeNumber(name="limit", description="How many to list.", if_absent=100, most=1000)
ID_PARAMETER = OptionalText(name="id", description="Answer with this schedule alone; not beside tag.")
TAG = OptionalText(
    name="tag",
    description="Only the schedules with exactly this tag, upper and lower case told apart.",
    longest=LONGEST_TAG,
)


def _list(req: func.HttpRequest, caller: Caller) -> Answer:
    schedule_id, tag = ID_PARAMETER.read(req), TAG.read(req)
    if schedule_id is None:
        return Answer(body=wire.schedules(wiring.schedules(caller).all(tag)))
    if tag is not None:
        raise FieldRefused("tag", "is not allowed beside id: the id alone names the schedule")
    kept = wiring.schedules(caller).one(schedule_id)
    found = wire.schedule(kept)
    return Answer(body=[found] if wiring.settings().are_answers_current else found, headers=etag.header(kept))


def _create(req: func.HttpRequest, caller: Caller) -> Answer:
    requested = definition(reading.body(req, SCHEDULE, if_absent=b"null"))
    made = wiring.schedules(caller).create(requested, wiring.now())
    return Answer(status=HTTPStatus.CREATED, body=wire.schedule(made), headers=etag.header(made))


def _start_all(req: func.HttpRequest, caller: Caller) -> Answer:
    return Answer(body=wire.schedules(wiring.schedules(caller).activate_all(wiring.now(), TAG.read(req))))


def _stop_all(req: func.HttpRequest, caller: Caller) -> Answer:
    return Answer(body=wire.schedules(wiring.schedules(caller).stop_all(wiring.now(), TAG.read(req))))


def _status(_: func.HttpRequest, caller: Caller) -> Answer:
    return Answer(body=[wire.status(each) for each in wiring.schedules(caller).all()])


def _deleted(req: func.HttpRequest, caller: Caller) -> Answer:
    found = wiring.schedules(caller).deleted(LIMIT.read(req))
    return Answer(body=[wire.deleted(each) for each in found])


LIST = Call(
    handler=_list,
    right=Right.READ,
    summary="List all schedules or those of a tag, oldest first, or one",
    answer=list[ScheduleAnswer] | ScheduleAnswer,
    current=list[ScheduleAnswer],
    parameters=(ID_PARAMETER, TAG),
    failures=examples.NO_SCHEDULE,
    example=Example(answer=[examples.STOPPED]),
)
CREATE = Call(
    handler=_create,
    right=Right.WRITE,
    summary="Make a schedule",
    answer=ScheduleAnswer,
    status=HTTPStatus.CREATED,
    body=SCHEDULE,
    leads_to={
        f"{name}_{method}": {"id": "id"}
        for name, method in (
            ("schedule_with_id", "get"),
            ("schedule_with_id", "put"),
            ("schedule_with_id", "delete"),
            ("schedule_start", "put"),
            ("schedule_stop", "put"),
            ("schedule_history", "get"),
        )
    },
    failures=examples.NOT_MADE,
    example=Example(bodies={"": examples.DEFINITION}, answer=examples.STOPPED),
)

DELETED = Call(
    handler=_deleted,
    right=Right.READ,
    summary="List the schedules that were deleted last and can be restored, the last one first",
    answer=list[DeletedAnswer],
    parameters=(LIMIT,),
    failures=STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: 'limit: "0" is not allowed; use a whole number from 1 to 1000.'},
    example=Example(answer=[{**examples.STOPPED, "deleted": "2026-11-23T07:12:00Z"}]),
)

_of_all = partial(Call, answer=list[ScheduleAnswer], parameters=(TAG,), failures=examples.NO_TAG)
START_ALL = _of_all(
    handler=_start_all,
    right=Right.WRITE,
    summary="Start all schedules, or those of a tag",
    example=Example(answer=[examples.STARTED]),
)
STOP_ALL = _of_all(
    handler=_stop_all,
    right=Right.STOP,
    summary="Stop all schedules, or those of a tag",
    example=Example(answer=[examples.STOPPED]),
)

STATUS = Call(
    handler=_status,
    right=Right.READ,
    summary="Tell when each schedule runs next and what became of its last run",
    answer=list[StatusAnswer],
    failures=STORAGE_AWAY | NO_PARAMETERS,
    example=Example(answer=[examples.STATUS]),
)
