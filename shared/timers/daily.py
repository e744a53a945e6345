"""Once a day: clean up and check."""

import azure.functions as func

from shared import wiring
from shared.core.errors import FootmanError
from shared.log import log_of

log = log_of(__name__)

blueprint = func.Blueprint()

# An odd time, at which nobody else's nightly work begins.
EVERY_NIGHT = "40 17 3 * * *"


@blueprint.timer_trigger(arg_name="timer", schedule=EVERY_NIGHT, use_monitor=True, run_on_startup=False)
def daily(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding asks for it
    """Run the daily work; the log has its failures."""
    try:
        work = wiring.daily()
    except FootmanError as error:
        log.error("The daily work failed: %s", error, extra={"action": "daily_failed", "step": "settings"})
        raise
    work.run(wiring.now())
