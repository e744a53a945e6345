"""Once a minute: start what is due."""

import azure.functions as func

from shared import wiring
from shared.core.errors import FootmanError
from shared.log import log_of

log = log_of(__name__)

blueprint = func.Blueprint()

# In UTC: only schedules have zones. Monitored, so that a minute missed while the app was down is caught up when it
# starts; not run on every startup, which would be a second tick besides the timer's own.
EVERY_MINUTE = "0 * * * * *"


@blueprint.timer_trigger(arg_name="timer", schedule=EVERY_MINUTE, use_monitor=True, run_on_startup=False)
def tick(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding asks for it
    """Serve the current minute; what the timer says of the past is not needed, because the agenda knows."""
    try:
        wiring.run_tick().run()
    except FootmanError as error:
        log.error("The tick failed: %s", error, extra={"action": "tick_failed"})
        raise
