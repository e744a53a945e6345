"""GET /v4/health: does it work? Anybody may ask, so no host, user or task is named in it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NotRequired

import azure.functions as func
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge.calls import Call, Example
from shared.api.edge.examples import CRASHED, NO_PARAMETERS
from shared.api.edge.http import Answer
from shared.core.callers import Caller

if TYPE_CHECKING:
    from shared.core.health import Check, Health


class CheckAnswer(TypedDict):
    """One part: `status` is ok, or in a word why it is not."""

    status: str
    milliseconds: NotRequired[int]
    secondsAgo: NotRequired[int]
    settings: NotRequired[list[str]]


class HealthAnswer(TypedDict):
    status: str
    access: str
    checks: dict[str, CheckAnswer]
    certificateDaysLeft: dict[str, int]


def _health(_: func.HttpRequest, __: Caller) -> Answer:
    found = wiring.health().run(datetime.now(UTC))
    status = HTTPStatus.OK if found.is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status=status, body=_rendered(found), headers={"Cache-Control": "no-store"})


def _rendered(found: "Health") -> HealthAnswer:
    return {
        "status": "ok" if found.is_ok else "unhealthy",
        "access": "open" if found.is_open else "key",
        "checks": {name: _check(check) for name, check in found.checks.items()},
        "certificateDaysLeft": dict(found.certificate_days),
    }


def _check(check: "Check") -> CheckAnswer:
    answer = CheckAnswer(status=check.word)
    if check.milliseconds is not None:
        answer["milliseconds"] = check.milliseconds
    if check.seconds_ago is not None:
        answer["secondsAgo"] = check.seconds_ago
    if check.names:
        answer["settings"] = list(check.names)
    return answer


CHECKS: Mapping[str, Any] = {
    "settings": {"status": "ok"},
    "storage": {"status": "ok", "milliseconds": 9},
    "sense": {"status": "ok", "milliseconds": 31},
    "tick": {"status": "ok", "secondsAgo": 24},
}
WELL = {"status": "ok", "access": "key", "checks": CHECKS, "certificateDaysLeft": {"client": 412, "root": 3100}}
UNWELL = WELL | {"status": "unhealthy", "checks": {**CHECKS, "tick": {"status": "stopped coming", "secondsAgo": 512}}}

HEALTH = Call(
    handler=_health,
    right=None,
    summary="Tell whether storage, Sense, the settings and the tick work; 503 when one of them doesn't",
    answer=HealthAnswer,
    also={HTTPStatus.SERVICE_UNAVAILABLE: HealthAnswer},
    failures=CRASHED | NO_PARAMETERS,
    example=Example(answer=WELL, also={HTTPStatus.SERVICE_UNAVAILABLE: {"": UNWELL}}),
)
