"""GET /v4/butlerping: does Footman answer?"""

import azure.functions as func
from typing_extensions import TypedDict

from shared.api.edge.calls import Call, Example
from shared.api.edge.examples import CRASHED, NO_PARAMETERS
from shared.api.edge.http import Answer
from shared.core.callers import Caller, Right
from shared.version import VERSION


class Pong(TypedDict):
    response: str
    butlerVersion: str


def _pong(_: func.HttpRequest, __: Caller) -> Answer:
    return Answer(body=Pong(response="Butler reporting for duty", butlerVersion=f"Footman {VERSION}"))


PING = Call(
    handler=_pong,
    right=Right.READ,
    summary="Tell that Footman is there",
    answer=Pong,
    failures=CRASHED | NO_PARAMETERS,
    example=Example(answer={"response": "Butler reporting for duty", "butlerVersion": "Footman 0.1.0"}),
)
