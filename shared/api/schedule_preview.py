"""GET /v4/schedules/preview: when would this be due? Asked before a schedule is saved."""

from datetime import UTC, datetime

import azure.functions as func

from shared.api import reading
from shared.api.http import Answer, dispatch
from shared.api.schedule_wire import moment

blueprint = func.Blueprint()

MOST = 100
USUAL = 5


@blueprint.route("v4/schedules/preview")
def schedule_preview(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _preview})


def _preview(req: func.HttpRequest) -> Answer:
    from shared.core.cron import Cron, upcoming  # noqa: PLC0415 - only this and the schedules need them
    from shared.core.zones import Zone  # noqa: PLC0415

    cron = Cron.parse(reading.text(req, "cronSchedule"))
    zone = Zone.parse(reading.text(req, "timezone"))
    after = reading.instant(req, "after", if_absent=datetime.now(UTC))
    count = reading.whole_number(req, "count", if_absent=USUAL, most=MOST)
    instants = upcoming(cron, zone, after, count)
    return Answer(body={"next": [moment(instant, zone) for instant in instants]})
