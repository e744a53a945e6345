"""POST /v4/tick: start what is due in this minute, for a scheduler of one's own beside the timer or in its place."""

import uuid
from http import HTTPStatus
from threading import Lock

import azure.functions as func
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge.calls import Call, Example
from shared.api.edge.examples import NO_PARAMETERS, STORAGE_AWAY
from shared.api.edge.http import Answer, failure
from shared.core.audit import Action, AuditRecord
from shared.core.callers import Caller, Right

RUNS_ALREADY = "A tick that was asked for is running here; it ends with its minute, at the latest some seconds later."
# A tick holds a thread for up to a minute: whoever asks again and again must not take them all.
_running = Lock()


class TickAnswer(TypedDict):
    """What the tick did: `seconds` is how long it took, the rest how many runs had which outcome."""

    begun: str
    ended: str
    problem: str
    seconds: float
    started: int
    notStarted: int
    failed: int
    missed: int
    denied: int
    retried: int


def _tick(_: func.HttpRequest, caller: Caller) -> Answer:
    if not _running.acquire(blocking=False):
        return failure(HTTPStatus.CONFLICT, RUNS_ALREADY)
    try:
        with wiring.audit_trail().around([_record(caller)]):
            mark = wiring.run_tick().run()
    finally:
        _running.release()
    return Answer(body={name: mark[name] for name in TickAnswer.__annotations__})


def _record(caller: Caller) -> AuditRecord:
    action = Action.TICK_REQUESTED.value
    return AuditRecord(id=str(uuid.uuid4()), at=wiring.now(), origin=caller.origin, action=action)


TICK = Call(
    handler=_tick,
    right=Right.ADMIN,
    summary="Start what is due in this minute, as the timer does; it answers when the minute's work is done",
    answer=TickAnswer,
    failures=STORAGE_AWAY | NO_PARAMETERS | {HTTPStatus.CONFLICT: RUNS_ALREADY},
    example=Example(
        answer={
            "begun": "2026-11-22T05:00:00.012Z",
            "ended": "2026-11-22T05:00:00.431Z",
            "problem": "",
            "seconds": 0.419,
            "started": 12,
            "notStarted": 0,
            "failed": 0,
            "missed": 0,
            "denied": 0,
            "retried": 0,
        }
    ),
)
