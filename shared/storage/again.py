"""Ask storage again: one hiccup on the way must not cost what was to be done.

All that Footman asks of storage may be asked twice, also when the first time was obeyed and its answer got lost:

- A query and a get change nothing. A query of many pages asks again for the page that failed, not for those before.
- The heartbeat's merge writes the same values over themselves.
- The table, made a second time, is there already, which is what was wanted.
- A transaction is all or nothing. Upserts write the same rows again. Inserts, deletes and what goes under an ETag meet
  what the first time has done, so that the whole is refused as a StorageConflict. Whoever commits such ones
  reads what stands there after any failure (agenda, manage_schedules), or wanted no more than that it stands there
  (History.record_unless_known) or is gone (Table.delete, Schedules.forget).
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from shared.log import log_of
from shared.storage.pool import LONGEST_RETRY_AFTER, retry_after

log = log_of(__name__)

Answer = TypeVar("Answer")

# Before the second try, the third and the fourth.
PAUSES = (0.2, 0.5, 1.0)
# After one time-out of reading there is another try, which leaves most of a tick's minute; after two there is none.
AGAIN_WITHIN_SECONDS = 15.0
PASSING = {408, 429, 500, 502, 503, 504}


def patiently(
    ask: Callable[[], Answer], pauses: Sequence[float] = PAUSES, within_seconds: float = AGAIN_WITHIN_SECONDS
) -> Answer:
    """Return what storage answers; ask again after what may pass, a last time so long after the first.

    Pauses are those that storage asks for; together they are no longer than one of them may be. Raises AzureError.
    """
    begun, rest = time.monotonic(), LONGEST_RETRY_AFTER
    for usual in pauses:
        try:
            return ask()
        except AzureError as error:
            pause = min(_pause_asked_for(error) or usual, rest)
            if not may_pass(error) or pause <= 0 or time.monotonic() + pause > begun + within_seconds:
                raise
            # The error's own text quotes addresses and headers.
            what = getattr(error, "status_code", None) or type(error).__name__
            log.info("Asking storage again after: %s", what, extra={"action": "storage_asked_again"})
        rest -= pause
        time.sleep(pause)
    return ask()


def may_pass(error: AzureError) -> bool:
    """True for no answer, for one that can't be read, and for one that means overload or failure."""
    if not isinstance(error, HttpResponseError):
        return True
    status = error.status_code
    if status is None:  # broken off; or nobody could be asked for want of a key or a token
        return not isinstance(error, ClientAuthenticationError)
    return status in PASSING or status < 300  # noqa: PLR2004 - success, yet no answer of storage's


def _pause_asked_for(error: AzureError) -> float | None:
    response = getattr(error, "response", None)
    return retry_after(response.headers) if response is not None else None
