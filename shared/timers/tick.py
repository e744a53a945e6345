"""Every minute: start what is due."""

import azure.functions as func

from shared import wiring
from shared.core.errors import FootmanError
from shared.log import log_of

log = log_of(__name__)

blueprint = func.Blueprint()

# In UTC: zones are the schedules' own. Monitored, so that a minute missed while the app was down is made up at its
# start; not run at every start, which would be a second tick beside the timer's own.
EVERY_MINUTE = "0 * * * * *"


@blueprint.timer_trigger(arg_name="timer", schedule=EVERY_MINUTE, use_monitor=True, run_on_startup=False)
def tick(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding asks for it
    """Serve the running minute; what the timer says of the past is not needed, for the agenda knows."""
    try:
        wiring.run_tick().run()
    except FootmanError as error:
        log.error("The tick failed: %s", error, extra={"action": "tick_failed"})
        raise
