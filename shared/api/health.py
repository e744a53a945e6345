"""GET /v4/health: does it work? Anybody may ask, so nothing in it names a host, a user or a task."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.functions as func

from shared import wiring
from shared.api.http import Answer, dispatch

if TYPE_CHECKING:
    from shared.core.health import Check, Health

blueprint = func.Blueprint()


@blueprint.route("v4/health", auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _health})


def _health(_: func.HttpRequest) -> Answer:
    found = wiring.health().run(datetime.now(UTC))
    status = HTTPStatus.OK if found.is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status=status, body=_rendered(found), headers={"Cache-Control": "no-store"})


def _rendered(found: "Health") -> dict[str, Any]:
    return {
        "status": "ok" if found.is_ok else "unhealthy",
        "access": "open" if found.is_open else "key",
        "checks": {name: _check(check) for name, check in found.checks.items()},
        "certificateDaysLeft": dict(found.certificate_days),
    }


def _check(check: "Check") -> dict[str, Any]:
    told = {
        "milliseconds": check.milliseconds,
        "secondsAgo": check.seconds_ago,
        "settings": list(check.names) or None,
    }
    return {"status": check.word, **{name: value for name, value in told.items() if value is not None}}
