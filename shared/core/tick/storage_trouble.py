"""How long a tick goes on asking when storage fails, and what it remembers of what held it up."""

from datetime import datetime, timedelta

from shared.core.cron import MINUTE
from shared.core.endings import Trouble
from shared.core.errors import StorageDenied, StorageError
from shared.core.rules import EARLY
from shared.core.tick.steps import LONGEST_AFTER

# Storage that failed is left alone for a moment.
PAUSE_SECONDS = 1.0


def may_ask_again(error: StorageError, begin: datetime, now: datetime) -> bool:
    """True while a tick that has nothing in hand asks again: until its minute ends.

    What only an administrator can mend is left to the next tick. A clock that was set back must not make this endless.
    """
    return not isinstance(error, StorageDenied) and begin - EARLY <= now < begin + MINUTE


def may_go_on(begin: datetime, now: datetime) -> bool:
    """True while a tick with entries in hand goes on in spite of storage: it has claimed them."""
    return begin - EARLY <= now <= begin + MINUTE + LONGEST_AFTER


def trouble_of(text: str, begin: datetime, now: datetime, catch_up: timedelta) -> Trouble:
    """Return what held up the tick of the minute from `begin` on."""
    return Trouble(minute=begin, earliest=min(begin, now - catch_up), text=text)
