"""GET /v4/schedules/preview: when would this be due? For use before a schedule is saved."""

from datetime import UTC, datetime
from http import HTTPStatus

import azure.functions as func
from typing_extensions import TypedDict

from shared.api.edge.calls import Call, Example
from shared.api.edge.examples import CRASHED
from shared.api.edge.http import Answer
from shared.api.edge.parameters import Instant, Text, WholeNumber
from shared.api.schedules.body import CRON, ZONE
from shared.api.schedules.wire import MomentAnswer, moment
from shared.core.callers import Caller, Right

EXPRESSION = Text(name="cronSchedule", description="A cron expression of five fields, or six with seconds.", form=CRON)
TIMEZONE = Text(name="timezone", description="The IANA name of the zone whose clock it follows.", form=ZONE)
AFTER = Instant(name="after", description="Where to begin, now by default; in the years 1970 to 2200.")
COUNT = WholeNumber(name="count", description="How many instants to tell.", if_absent=5, most=100)


class PreviewAnswer(TypedDict):
    next: list[MomentAnswer]


def _preview(req: func.HttpRequest, _caller: Caller) -> Answer:
    from shared.core.rules import Rule  # noqa: PLC0415 - only this and the schedules need it

    rule = Rule.parse(EXPRESSION.read(req), TIMEZONE.read(req))
    after = AFTER.read(req) or datetime.now(UTC)
    instants = rule.upcoming(after, COUNT.read(req))
    return Answer(body=PreviewAnswer(next=[moment(instant, rule.zone) for instant in instants]))


PREVIEW = Call(
    handler=_preview,
    right=Right.READ,
    summary="Tell when an expression is due, clock changes included",
    answer=PreviewAnswer,
    parameters=(EXPRESSION, TIMEZONE, AFTER, COUNT),
    failures=CRASHED | {HTTPStatus.BAD_REQUEST: "cronSchedule is missing: give it as a query parameter."},
    example=Example(
        parameters={"cronSchedule": "0 6 * * 1-5", "timezone": "Europe/Stockholm"},
        answer={
            "next": [
                {"utc": f"2026-11-{day}T05:00:00Z", "local": f"2026-11-{day}T06:00:00+01:00"}
                for day in (23, 24, 25, 26, 27)
            ]
        },
    ),
)
