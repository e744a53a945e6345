"""Values handed to a reload script: a caller stores them, the script reads them back."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class KeyValue:
    """A value under a key in a namespace; `ttl_ms` is how long it lives in milliseconds, None for ever."""

    namespace: str
    key: str
    value: str
    ttl_ms: int | None = None
