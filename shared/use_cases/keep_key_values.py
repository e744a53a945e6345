"""Keep key-values for reload scripts: store, read, list, remove."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, Self

from shared.core.audit import Action, AuditRecord
from shared.core.audit_starts import told_pair
from shared.core.callers import UNKNOWN_ORIGIN, Caller, Origin
from shared.core.errors import UnknownKey, UnknownNamespace
from shared.core.key_values import KeyValue, check
from shared.use_cases.audit_trail import AuditTrail


class KeyValues(Protocol):
    """The pairs that are kept; what has expired is not there. Every call may raise StorageError."""

    def store(self, pairs: Sequence[KeyValue], now: datetime) -> None:
        """Keep pairs, replacing older ones of the same key."""

    def value(self, namespace: str, key: str, now: datetime) -> str | None:
        """Return the value under a key."""

    def holds(self, namespace: str, now: datetime) -> bool:
        """Return whether there is a pair in the namespace."""

    def keys(self, namespace: str, now: datetime) -> list[str]:
        """Return the keys of a namespace."""

    def namespaces(self, now: datetime) -> list[str]:
        """Return the namespaces that hold something."""

    def delete(self, namespace: str, key: str, now: datetime) -> bool:
        """Remove a pair and return whether it was there."""

    def delete_namespace(self, namespace: str, now: datetime) -> bool:
        """Remove all pairs of a namespace and return whether there was one."""


@dataclass(frozen=True, kw_only=True)
class KeepKeyValues:
    """The use cases; each takes the current time. A namespace is there as long as it holds something."""

    kept: KeyValues
    audit: AuditTrail
    origin: Origin = UNKNOWN_ORIGIN

    def asked_by(self, caller: Caller) -> Self:
        """Return the use cases whose changes tell of this request."""
        return replace(self, origin=caller.origin)

    def store_one(self, pair: KeyValue, now: datetime) -> None:
        """Keep a pair that is asked for by itself; raises as `store` does."""
        record = replace(self._record(Action.KEY_VALUE_STORED, now), after=told_pair(pair))
        with self.audit.around([record]):
            self.store([pair], now)

    def store(self, pairs: Sequence[KeyValue], now: datetime) -> None:
        """Keep pairs, up to a hundred of them all or none; raises CallerError for one that storage can't hold."""
        for pair in pairs:
            check(pair)
        self.kept.store(pairs, now)

    def namespaces(self, now: datetime) -> list[str]:
        return self.kept.namespaces(now)

    def keys(self, namespace: str, now: datetime) -> list[str]:
        """Return the keys of a namespace; raises CallerError for an unknown one."""
        if keys := self.kept.keys(namespace, now):
            return keys
        raise UnknownNamespace(namespace)

    def find(self, namespace: str, key: str, now: datetime) -> str | None:
        """Return the value under a key, None where there is none; raises CallerError for an unknown namespace."""
        value = self.kept.value(namespace, key, now)
        if value is None:
            self._check(namespace, now)
        return value

    def value(self, namespace: str, key: str, now: datetime) -> str:
        """Return the value under a key; raises CallerError for an unknown one."""
        value = self.find(namespace, key, now)
        if value is None:
            raise UnknownKey(namespace, key)
        return value

    def delete(self, namespace: str, key: str, now: datetime) -> None:
        """Remove a pair; raises CallerError for an unknown one."""
        before = {"namespace": namespace, "key": key}
        with self.audit.around([replace(self._record(Action.KEY_VALUE_DELETED, now), before=before)]):
            if not self.kept.delete(namespace, key, now):
                self._check(namespace, now)
                raise UnknownKey(namespace, key)

    def delete_namespace(self, namespace: str, now: datetime) -> None:
        """Remove all pairs of a namespace; raises CallerError for an unknown one."""
        before = {"namespace": namespace}
        with self.audit.around([replace(self._record(Action.NAMESPACE_DELETED, now), before=before)]):
            if not self.kept.delete_namespace(namespace, now):
                raise UnknownNamespace(namespace)

    def _record(self, action: Action, now: datetime) -> AuditRecord:
        return AuditRecord(id=str(uuid.uuid4()), at=now, origin=self.origin, action=action.value)

    def _check(self, namespace: str, now: datetime) -> None:
        if not self.kept.holds(namespace, now):
            raise UnknownNamespace(namespace)
