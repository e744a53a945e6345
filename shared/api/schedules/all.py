"""/v4/schedules: all schedules, and new ones."""

from http import HTTPStatus

import azure.functions as func

from shared import wiring
from shared.api.edge import reading
from shared.api.edge.calls import SENSE, STORAGE, Call, Routes
from shared.api.edge.http import Answer
from shared.api.edge.parameters import OptionalText
from shared.api.schedules import wire
from shared.api.schedules.body import LONGEST_TAG, SCHEDULE, definition
from shared.api.schedules.wire import ScheduleAnswer, StatusAnswer
from shared.core.errors import CallerError

ID_ASKED = OptionalText(name="id", description="Answer with this schedule alone; not beside tag.")
TAG = OptionalText(
    name="tag",
    description="Only the schedules with exactly this tag, upper and lower case told apart.",
    longest=LONGEST_TAG,
)

# With a start filter Sense is asked whether the filter allows the task.
MADE = (HTTPStatus.FORBIDDEN, *SENSE)


def _list(req: func.HttpRequest) -> Answer:
    asked, tag = ID_ASKED.read(req), TAG.read(req)
    if asked is None:
        return Answer(body=[wire.schedule(each) for each in wiring.schedules().all(tag)])
    if tag is not None:
        raise CallerError("tag is not allowed beside id: the id alone names the schedule.")
    found = wire.schedule(wiring.schedules().one(asked))
    return Answer(body=[found] if wiring.settings().are_answers_current else found)


def _create(req: func.HttpRequest) -> Answer:
    asked = definition(reading.body(req, SCHEDULE, if_absent=b"null"))
    made = wiring.schedules().create(asked, wiring.now())
    return Answer(status=HTTPStatus.CREATED, body=wire.schedule(made))


def _start_all(req: func.HttpRequest) -> Answer:
    started = wiring.schedules().start_all(wiring.now(), TAG.read(req))
    return Answer(body=[wire.schedule(each) for each in started])


def _stop_all(req: func.HttpRequest) -> Answer:
    stopped = wiring.schedules().stop_all(wiring.now(), TAG.read(req))
    return Answer(body=[wire.schedule(each) for each in stopped])


def _status(_: func.HttpRequest) -> Answer:
    return Answer(body=[wire.status(each) for each in wiring.schedules().all()])


_LIST = Call(
    handler=_list,
    summary="List all schedules or those of a tag, oldest first, or one",
    answer=list[ScheduleAnswer] | ScheduleAnswer,
    current=list[ScheduleAnswer],
    errors=STORAGE,
    parameters=(ID_ASKED, TAG),
)
_CREATE = Call(
    handler=_create,
    summary="Make a schedule",
    answer=ScheduleAnswer,
    status=HTTPStatus.CREATED,
    errors=(*MADE, HTTPStatus.FAILED_DEPENDENCY),
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
)
_START_ALL = Call(
    handler=_start_all,
    summary="Start all schedules, or those of a tag",
    answer=list[ScheduleAnswer],
    errors=STORAGE,
    parameters=(TAG,),
)
_STOP_ALL = Call(
    handler=_stop_all,
    summary="Stop all schedules, or those of a tag",
    answer=list[ScheduleAnswer],
    errors=STORAGE,
    parameters=(TAG,),
)
_STATUS = Call(
    handler=_status,
    summary="Tell when each schedule runs next and what became of its last run",
    answer=list[StatusAnswer],
    errors=STORAGE,
)

blueprint = Routes()
# With a slash behind it the id of one is missing.
blueprint.serve("schedules", "v4/schedules", {"GET": _LIST, "POST": _CREATE}, ends_with_name=True)
blueprint.serve("schedule_start_all", "v4/schedules/startall", {"PUT": _START_ALL})
blueprint.serve("schedule_stop_all", "v4/schedules/stopall", {"PUT": _STOP_ALL})
blueprint.serve("schedule_status", "v4/schedules/status", {"GET": _STATUS})
