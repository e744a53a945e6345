"""Values handed to a reload script: a caller stores them, the script reads them back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core.errors import LivesTooLong, TooLong

LONGEST_NAME = 300
# A property of a row in Table storage holds 32 Ki UTF-16 units.
LONGEST_VALUE = 32_768
# Longer than anybody waits, and short enough to be added to any date.
LONGEST_TTL_MS = 100 * 366 * 24 * 3600 * 1000


@dataclass(frozen=True, kw_only=True)
class KeyValue:
    """A value under a key in a namespace; `ttl_ms` is how long it lives in milliseconds, None for ever."""

    namespace: str
    key: str
    value: str
    ttl_ms: int | None = None

    def expires(self, now: datetime) -> datetime | None:
        return now + timedelta(milliseconds=self.ttl_ms) if self.ttl_ms else None


def check(pair: KeyValue) -> None:
    """Raise CallerError for a pair that storage can't hold."""
    for what, text in (("namespace", pair.namespace), ("key", pair.key)):
        if len(text) > LONGEST_NAME:
            raise TooLong(what, len(text), LONGEST_NAME)
    units = len(pair.value.encode("utf-16-le", "surrogatepass")) // 2
    if units > LONGEST_VALUE:
        raise TooLong("value", units, LONGEST_VALUE, "characters (as UTF-16 counts)")
    if pair.ttl_ms and pair.ttl_ms > LONGEST_TTL_MS:
        raise LivesTooLong(pair.ttl_ms, LONGEST_TTL_MS)
