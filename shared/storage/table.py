"""One table in Table storage: ranges of rows, single rows, transactions; the only place that knows its library."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any, TypeVar

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient, TableErrorCode, UpdateMode

from shared.core.errors import StorageConflict, StorageError
from shared.log import log_of
from shared.storage.account import CONNECT_SECONDS, READ_SECONDS, RETRIES
from shared.storage.batches import batches
from shared.storage.cells import Row
from shared.storage.transaction import Operation, Rejected, Transactions

log = log_of(__name__)

Value = TypeVar("Value")

# Another writer was faster, or the row is gone.
CONFLICTS = {404, 409, 412}

AS_IT_WAS = "Table storage holds something else than a moment ago: somebody else changed it. Try again."


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A row as it was read, and the ETag that tells this state of it from any other."""

    row: Row
    etag: str


class Table:
    """The table, made when first used; raises StorageError, StorageConflict where another writer was faster."""

    def __init__(self, open_client: Callable[[], TableClient]) -> None:
        self._open = open_client
        self._client: TableClient | None = None
        self._transactions: Transactions | None = None
        self._opening = Lock()

    def rows(
        self, partition: str, first: str, end: str, *, where: str = "", at_most: int | None = None, **named: str
    ) -> Iterator[Kept]:
        """Give the rows with keys from `first` up to but not including `end`, in order, at most so many.

        `where` is a further condition in the service's own words; `named` are the values that it names with an @.
        """
        condition = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
        with _told():
            found = self._table().query_entities(
                f"{condition} and {where}" if where else condition,
                parameters={"partition": partition, "first": first, "end": end, **named},
                results_per_page=at_most,
            )
            for entity in islice(found, at_most):
                yield Kept(row=entity, etag=_etag(entity.metadata))

    def row(self, partition: str, key: str) -> Kept | None:
        with _told():
            try:
                entity = self._table().get_entity(partition, key)
            except ResourceNotFoundError as error:
                if _code(error) == TableErrorCode.TABLE_NOT_FOUND:
                    raise
                return None
            return Kept(row=entity, etag=_etag(entity.metadata))

    def put(self, row: Row) -> datetime:
        """Write values of a row, which keeps its others, and return the time by storage's clock, in whole seconds."""
        with _told():
            answer = self._table().upsert_entity(dict(row), mode=UpdateMode.MERGE)
            moment: datetime = answer["date"]
            return moment

    def commit(self, operations: Sequence[Operation]) -> list[str]:
        """Write all or nothing, at most 100 rows of one partition, and return their new ETags.

        After a StorageError that is no StorageConflict it may have been written all the same. So it may after a
        conflict too: an answer got lost, and the second try met the first.
        """
        with _told():
            self._table()
            assert self._transactions is not None  # noqa: S101 - made with the client
            return self._transactions.commit(operations)

    def delete(self, kept: Sequence[Kept], *, only_as_read: bool = False) -> None:
        """Remove rows; those that are gone already, or with `only_as_read` were changed since, are passed over."""
        operations = [Operation(kind="delete", row=each.row, etag=each.etag if only_as_read else None) for each in kept]
        for batch in batches(operations, 1):
            try:
                self.commit(batch)
            except StorageConflict:
                for operation in batch:
                    with suppress(StorageConflict):
                        self.commit([operation])

    def _table(self) -> TableClient:
        with self._opening:
            if self._client is None:
                client = self._open()
                _create(client)
                self._transactions = Transactions(
                    client, connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, retries=RETRIES
                )
                self._client = client
            return self._client


def readable(value_of: Callable[[Row, str], Value], kept: Kept) -> Value | None:
    """Return the value that the row stands for, None when it can't be read: it must not stop the others."""
    try:
        return value_of(kept.row, kept.etag)
    except (ValueError, KeyError, TypeError) as error:
        key = kept.row["RowKey"]
        log.error("Row %s is unreadable: %r", key, error, extra={"action": "row_unreadable", "key": key})
        return None


def _create(client: TableClient) -> None:
    try:
        client.create_table()
    except HttpResponseError as error:
        # Any other conflict means that the table is just being deleted.
        if _code(error) != TableErrorCode.TABLE_ALREADY_EXISTS:
            raise


def _code(error: HttpResponseError) -> Any:
    """Return the service's own word for the error; the library leaves it out of some."""
    return getattr(error, "error_code", None)


def _etag(metadata: Any) -> str:
    return str(metadata["etag"])


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the library raises into ours; not chained, for its texts quote addresses and headers."""
    try:
        yield
    except Rejected as error:
        if error.status in CONFLICTS:
            raise StorageConflict(AS_IT_WAS) from None
        raise StorageError(f"Table storage refused a transaction with {error.status} ({error.code}).") from None
    except ClientAuthenticationError:
        raise StorageError(
            "No access to Table storage. Check the key in STORAGE_CONNECTION, or that the app has the identity that "
            "STORAGE_CLIENT_ID names and that it is Storage Table Data Contributor."
        ) from None
    except HttpResponseError as error:
        raise StorageError(_refusal(error)) from None
    except AzureError as error:
        raise StorageError(
            f"Table storage gave no answer ({type(error).__name__}). Check STORAGE_CONNECTION or STORAGE_TABLE_URL, "
            "and that the network lets Footman through."
        ) from None


def _refusal(error: HttpResponseError) -> str:
    code = _code(error)
    told = f"Table storage answered {error.status_code}{f' ({code})' if code else ''}"
    match error.status_code:
        case None | 200 | 202:
            return "Table storage broke off its answer, or gave one that can't be read. Try again."
        case 401 | 403:
            return (
                f"{told}. Check the key in STORAGE_CONNECTION, or that the identity is Storage Table Data Contributor."
            )
        case 404:
            return f"{told}. Check the address in STORAGE_CONNECTION or STORAGE_TABLE_URL."
        case _:
            return f"{told}. Try again."
