"""Key-values as they are kept.

One partition, so that a hundred pairs of a request are stored in one transaction. Namespaces and keys may hold any
character and more than a key of the table takes, so rows stand under their digests, and a namespace's rows together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from shared.core.key_values import KeyValue
from shared.storage.batches import batches
from shared.storage.columns import REQUIRED, TEXT, Column, Columns, Row
from shared.storage.rows import AFTER_COLON
from shared.storage.table import Kept, Table, readable
from shared.storage.transaction import Operation

PARTITION = "keyvalues"
# Storage looks for `expires` itself, and finds no row without it.
KEY_VALUE = Columns(*(Column(name, TEXT, REQUIRED) for name in ("namespace", "key", "value", "expires")))
NEVER = ""
# The library finds names only between spaces.
LIVE = "( expires eq '' or expires gt @now )"
FIRST, END = "", "g"  # digests are of 0 to f
AFTER_KEY = "0"  # what a longer key begins with that comes before all others


@dataclass(frozen=True, kw_only=True)
class KeyValueStore:
    """All pairs; what has expired, or was edited by hand beyond reading, is not there. Raises StorageError."""

    table: Table

    def store(self, pairs: Sequence[KeyValue], now: datetime) -> None:
        """Keep pairs in place of older ones of the same key; of two with one key the last counts."""
        newest = {_row_key(pair.namespace, pair.key): pair for pair in pairs}
        for batch in batches(list(newest.values()), 1):
            self.table.commit([Operation(kind="insert_or_merge", row=_row(pair, now)) for pair in batch])

    def value(self, namespace: str, key: str, now: datetime) -> str | None:
        kept = self.table.row(PARTITION, _row_key(namespace, key))
        pair = _live(kept, now) if kept else None
        return pair.value if pair else None

    def keys(self, namespace: str, now: datetime) -> list[str]:
        """Return the keys of a namespace, in the order of their text."""
        start = f"{_digest(namespace)}:"
        found = self.table.rows(PARTITION, start, start[:-1] + AFTER_COLON, where=LIVE, now=_text(now))
        return sorted(pair.key for kept in found if (pair := _live(kept, now)))

    def namespaces(self, now: datetime) -> list[str]:
        """Return the namespaces that hold something, in the order of their text; asks once for each."""
        return sorted(self._namespaces(now))

    def delete(self, namespace: str, key: str, now: datetime) -> bool:
        """Remove a pair and return whether it was there."""
        kept = self.table.row(PARTITION, _row_key(namespace, key))
        if kept is None:
            return False
        self.table.delete([kept])
        return _live(kept, now) is not None

    def delete_namespace(self, namespace: str, now: datetime) -> bool:
        """Remove all pairs of a namespace and return whether there was one."""
        start = f"{_digest(namespace)}:"
        kept = list(self.table.rows(PARTITION, start, start[:-1] + AFTER_COLON))
        self.table.delete(kept)
        return any(_live(each, now) for each in kept)

    def clean_up(self, now: datetime) -> int:
        """Remove what has expired and return how many pairs that were."""
        where = "expires ne '' and expires le @now"
        found = self.table.rows(PARTITION, FIRST, END, where=where, now=_text(now))
        # Compared with a time that somebody wrote by hand in another type, the service's answer means nothing.
        expired = [kept for kept in found if isinstance(kept.row["expires"], str)]
        self.table.delete(expired, only_as_read=True)
        return len(expired)

    def _namespaces(self, now: datetime) -> Iterator[str]:
        first = FIRST
        while found := list(self.table.rows(PARTITION, first, END, where=LIVE, now=_text(now), at_most=1)):
            pair, key = _live(found[0], now), str(found[0].row["RowKey"])
            if pair:
                yield pair.namespace
            # Behind a row that can't be read there may be others of its namespace.
            first = key.partition(":")[0] + AFTER_COLON if pair else key + AFTER_KEY


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """What a row holds; `expires` is a text in the order of time."""

    namespace: str
    key: str
    value: str
    expires: str


def _pair(row: Row, _: str) -> _Pair:
    return _Pair(**KEY_VALUE.sound(row))


def _live(kept: Kept, now: datetime) -> _Pair | None:
    """Return what the row holds, None when it has expired or can't be read, which is logged."""
    pair = readable(_pair, kept)
    return pair if pair and (pair.expires == NEVER or pair.expires > _text(now)) else None


def _row(pair: KeyValue, now: datetime) -> dict[str, Any]:
    expires = pair.expires(now)
    return {
        "PartitionKey": PARTITION,
        "RowKey": _row_key(pair.namespace, pair.key),
        **KEY_VALUE.written(
            namespace=pair.namespace, key=pair.key, value=pair.value, expires=_text(expires) if expires else NEVER
        ),
    }


def _row_key(namespace: str, key: str) -> str:
    return f"{_digest(namespace)}:{_digest(key)}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _text(moment: datetime) -> str:
    """Return the instant in a form whose order as text is that of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
