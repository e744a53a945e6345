"""GET /v4/health: does it work? Anybody may ask. Why not is told under /v4/checks to who may read.

The platform looks at keys only on routes that ask for one, so the two are two routes.
"""

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
from shared.core.callers import Caller, Right

if TYPE_CHECKING:
    from shared.core.health import Check, Health


class CheckAnswer(TypedDict):
    """One part: `status` is ok, or in a word why it is not."""

    status: str
    milliseconds: NotRequired[int]
    secondsAgo: NotRequired[int]
    lateSeconds: NotRequired[float]
    settings: NotRequired[list[str]]


class HealthAnswer(TypedDict):
    """What anybody may know."""

    status: str


class DetailsAnswer(TypedDict):
    """`startFilter` is on or off, and with `tlsVerify` only there when all settings can be read."""

    status: str
    access: str
    startFilter: NotRequired[str]
    tlsVerify: NotRequired[bool]
    checks: dict[str, CheckAnswer]
    certificateDaysLeft: dict[str, int]


def _health(_: func.HttpRequest, __: Caller) -> Answer:
    found = wiring.health().run(datetime.now(UTC))
    return Answer(status=_status(found), body=HealthAnswer(status=_word(found)))


def _details(_: func.HttpRequest, __: Caller) -> Answer:
    found = wiring.health().run(datetime.now(UTC))
    return Answer(status=_status(found), body=_rendered(found))


def _status(found: "Health") -> HTTPStatus:
    return HTTPStatus.OK if found.is_ok else HTTPStatus.SERVICE_UNAVAILABLE


def _word(found: "Health") -> str:
    return "ok" if found.is_ok else "unhealthy"


def _rendered(found: "Health") -> DetailsAnswer:
    answer: DetailsAnswer = {
        "status": _word(found),
        "access": "open" if found.is_open else "key",
        "checks": {name: _check(check) for name, check in found.checks.items()},
        "certificateDaysLeft": dict(found.certificate_days),
    }
    if guards := found.guards:
        answer["startFilter"] = "on" if guards.filters_starts else "off"
        answer["tlsVerify"] = guards.verifies_tls
    return answer


def _check(check: "Check") -> CheckAnswer:
    answer = CheckAnswer(status=check.word)
    if check.milliseconds is not None:
        answer["milliseconds"] = check.milliseconds
    if check.seconds_ago is not None:
        answer["secondsAgo"] = check.seconds_ago
    if check.late_seconds is not None:
        answer["lateSeconds"] = check.late_seconds
    if check.names:
        answer["settings"] = list(check.names)
    return answer


CHECKS: Mapping[str, Any] = {
    "settings": {"status": "ok"},
    "storage": {"status": "ok", "milliseconds": 9},
    "sense": {"status": "ok", "milliseconds": 31},
    "tick": {"status": "ok", "secondsAgo": 24, "lateSeconds": 0.041},
}
WELL = {
    "status": "ok",
    "access": "key",
    "startFilter": "on",
    "tlsVerify": True,
    "checks": CHECKS,
    "certificateDaysLeft": {"client": 412, "root": 3100},
}
UNWELL = WELL | {"status": "unhealthy", "checks": {**CHECKS, "tick": {"status": "stopped coming", "secondsAgo": 512}}}

HEALTH = Call(
    handler=_health,
    right=None,
    summary="Tell whether all is well: 503 when storage, Sense, the settings or the tick don't work",
    answer=HealthAnswer,
    also={HTTPStatus.SERVICE_UNAVAILABLE: HealthAnswer},
    failures=CRASHED | NO_PARAMETERS,
    example=Example(answer={"status": "ok"}, also={HTTPStatus.SERVICE_UNAVAILABLE: {"": {"status": "unhealthy"}}}),
)
DETAILS = Call(
    handler=_details,
    right=Right.READ,
    summary="Tell what works and what does not, how long certificates are good, and what the settings leave open",
    answer=DetailsAnswer,
    also={HTTPStatus.SERVICE_UNAVAILABLE: DetailsAnswer},
    failures=CRASHED | NO_PARAMETERS,
    example=Example(answer=WELL, also={HTTPStatus.SERVICE_UNAVAILABLE: {"": UNWELL}}),
)
