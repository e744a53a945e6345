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
from shared.storage.batches import batches, gathered
from shared.storage.columns import REQUIRED, TEXT, Column, Columns
from shared.storage.rows import AFTER_COLON
from shared.storage.table import Kept, Table, readable
from shared.storage.transaction import Operation

PARTITION = "keyvalues"
# Storage looks for `expires` itself, and finds no row without it.
NAMES = ("namespace", "key", "expires")
KEY_VALUE = Columns(*(Column(name, TEXT, REQUIRED) for name in (*NAMES, "value")))
# What a list says: it never reads values, which may be a hundred times as large as all else.
NAMED = Columns(*(Column(name, TEXT, REQUIRED) for name in NAMES))
NEVER = ""
# The library finds names only between spaces.
LIVE = "( expires eq '' or expires gt @now )"
FIRST, END = "", "g"  # digests are of 0 to f
AFTER_KEY = "0"  # what a longer key begins with that comes before all others
PAGE = 1000  # the most rows that storage gives at a time


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
        return str(kept.row["value"]) if kept and _lives(kept, now, KEY_VALUE) else None

    def holds(self, namespace: str, now: datetime) -> bool:
        """Return whether there is a pair in the namespace; mostly reads one row, and no value."""
        return any(_lives(kept, now) for kept in self._live(*_keys_of(_digest(namespace)), now, page=1))

    def keys(self, namespace: str, now: datetime) -> list[str]:
        """Return the keys of a namespace, in the order of their text."""
        found = self._live(*_keys_of(_digest(namespace)), now)
        return sorted(str(kept.row["key"]) for kept in found if _lives(kept, now))

    def namespaces(self, now: datetime) -> list[str]:
        """Return the namespaces that hold something, in the order of their text."""
        return sorted(set(self._namespaces(now)))

    def delete(self, namespace: str, key: str, now: datetime) -> bool:
        """Remove a pair and return whether it was there."""
        kept = self.table.row(PARTITION, _row_key(namespace, key))
        if kept is None:
            return False
        self.table.delete([kept])
        return _lives(kept, now, KEY_VALUE)

    def delete_namespace(self, namespace: str, now: datetime) -> bool:
        """Remove all pairs of a namespace and return whether there was one."""
        held = False
        for group in gathered(self.table.rows(PARTITION, *_keys_of(_digest(namespace)), columns=NAMES)):
            self.table.delete(group)
            held = any(_lives(each, now) for each in group) or held
        return held

    def clean_up(self, now: datetime, within_seconds: float) -> int:
        """Remove what has expired, as long as there is time, and return how many pairs that were."""
        where = "expires ne '' and expires le @now"
        found = self.table.rows(PARTITION, FIRST, END, where=where, named={"now": _text(now)}, columns=("expires",))
        # Compared with a time that somebody wrote by hand in another type, the service's answer means nothing.
        expired = (kept for kept in found if isinstance(kept.row["expires"], str))
        return self.table.delete_while_time(expired, within_seconds, only_as_read=True)

    def _namespaces(self, now: datetime) -> Iterator[str]:
        """Give the namespaces of a page of pairs, and go on behind the last one: it may hold many pages more."""
        first = FIRST
        while page := list(self._live(first, END, now, at_most=PAGE)):
            found = {_digest_of(kept): str(kept.row["namespace"]) for kept in page if _lives(kept, now)}
            yield from found.values()
            if len(page) < PAGE:
                return
            # Behind a row that can't be read there may be others of its namespace.
            last = _digest_of(page[-1])
            first = last + AFTER_COLON if last in found else page[-1].row["RowKey"] + AFTER_KEY

    def _live(
        self, first: str, end: str, now: datetime, *, at_most: int | None = None, page: int | None = None
    ) -> Iterator[Kept]:
        """Give the rows, without their values, that have not expired."""
        named = {"now": _text(now)}
        return self.table.rows(
            PARTITION, first, end, where=LIVE, named=named, at_most=at_most, page=page, columns=NAMES
        )


def _lives(kept: Kept, now: datetime, columns: Columns = NAMED) -> bool:
    """Return whether the row holds a pair; not when it has expired or can't be read, which is logged."""
    said = readable(lambda row, _: columns.sound(row), kept)
    return said is not None and (said["expires"] == NEVER or said["expires"] > _text(now))


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


def _keys_of(digest: str) -> tuple[str, str]:
    """Return the bounds of the range of keys of a namespace."""
    return f"{digest}:", f"{digest}{AFTER_COLON}"


def _digest_of(kept: Kept) -> str:
    return str(kept.row["RowKey"]).partition(":")[0]


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _text(moment: datetime) -> str:
    """Return the instant in a form whose order as text is that of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
