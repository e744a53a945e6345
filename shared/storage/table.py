"""One table in Table storage: ranges of rows, single rows, transactions; the only place that knows its library."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeVar

from azure.core.exceptions import AzureError, DecodeError, HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient, TableErrorCode, UpdateMode

from shared.core.errors import StorageConflict, StorageError
from shared.log import log_of
from shared.storage.account import CONNECT_SECONDS, READ_SECONDS
from shared.storage.again import PAUSES, patiently
from shared.storage.batches import batches, gathered
from shared.storage.columns import Row
from shared.storage.opening import Opening
from shared.storage.refusals import TABLE_NOT_FOUND, code_of, refusal, refused_transaction
from shared.storage.transaction import Operation, Rejected, Transactions

log = log_of(__name__)

Value = TypeVar("Value")

Answer = TypeVar("Answer")

# Another writer was faster, or the row is gone.
CONFLICTS = {404, 409, 412}
# Storage that does not answer when it is first asked is given up after one time-out: many may wait for it.
OPENED_WITHIN_SECONDS = 5.0
# Without them no row can be changed; the last one makes its ETag where storage tells none.
EVERY_ROWS = ("PartitionKey", "RowKey", "Timestamp")
NOTHING_NAMED: Mapping[str, str] = MappingProxyType({})
# The library takes answers apart without looking whether they are storage's.
TAKEN_APART = (AttributeError, LookupError, RecursionError, TypeError, ValueError)

AS_IT_WAS = "Table storage holds something else than a moment ago: somebody else changed it. Try again."


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A row as it was read, and the ETag of exactly this state of it."""

    row: Row
    etag: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """The two ways to the table: the library's client, and our own for transactions."""

    client: TableClient
    transactions: Transactions


class Table:
    """The table, made when first used; raises StorageError, StorageConflict where another writer was faster."""

    def __init__(self, open_client: Callable[[], TableClient], pauses: Sequence[float] = PAUSES) -> None:
        self._open = open_client
        self._pauses = pauses
        self._way = Opening(self._opened)
        self._was_open = False

    def rows(  # noqa: PLR0913 - what a query is made of
        self,
        partition: str,
        first: str,
        end: str,
        *,
        where: str = "",
        named: Mapping[str, str] = NOTHING_NAMED,
        at_most: int | None = None,
        page: int | None = None,
        columns: Sequence[str] = (),
    ) -> Iterator[Kept]:
        """Give the rows with keys from `first` up to but not including `end`, in order, at most so many.

        They come by pages of at most `page`, each asked for when its first row is wanted, and with these `columns`
        alone if some are named. `where` is a further condition in the service's own words; `named` are the values that
        it names with an @.
        """
        condition = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
        options: dict[str, Any] = {
            "query_filter": f"{condition} and {where}" if where else condition,
            "parameters": {"partition": partition, "first": first, "end": end, **named},
            "results_per_page": page or at_most,
        }
        if columns:
            options["select"] = [*EVERY_ROWS, *columns]
        yield from islice(self._pages(options), at_most)

    def row(self, partition: str, key: str) -> Kept | None:
        return self._ask(lambda way: _found(way.client, partition, key))

    def put(self, row: Row) -> datetime:
        """Write values of a row, which keeps its others, and return the time by storage's clock, in whole seconds."""
        return self._ask(lambda way: _merged(way.client, row))

    def commit(self, operations: Sequence[Operation]) -> list[str]:
        """Write all or nothing, at most 100 rows of one partition, and return their new ETags.

        After a StorageError that is no StorageConflict it may have been written all the same. So it may after a
        conflict too: an answer got lost, and the second try met the first.
        """
        return self._ask(lambda way: way.transactions.commit(operations))

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

    def delete_while_time(self, found: Iterable[Kept], within_seconds: float, *, only_as_read: bool = False) -> int:
        """Remove rows as they come, as long as there is time, and return how many that were."""
        begun, removed = time.monotonic(), 0
        for group in gathered(found):
            self.delete(group, only_as_read=only_as_read)
            removed += len(group)
            if time.monotonic() - begun > within_seconds:
                break
        return removed

    def _pages(self, options: dict[str, Any]) -> Iterator[Kept]:
        token: Any = None
        while True:
            page, token = self._ask(partial(_page, options=options, token=token))
            yield from page
            if not token:
                return

    def _ask(self, ask: Callable[[Way], Answer]) -> Answer:
        with _told():
            way = self._way.get()
            try:
                return patiently(lambda: ask(way), self._pauses)
            except (HttpResponseError, Rejected) as error:
                if code_of(error) != TABLE_NOT_FOUND:
                    raise
            # Somebody deleted it. What is made from now on must be kept; what is lost is logged when it is made again.
            self._way.forget(way)
            again = self._way.get()
            return patiently(lambda: ask(again), self._pauses)

    def _opened(self) -> Way:
        client = self._open()
        patiently(lambda: _create(client), self._pauses, within_seconds=OPENED_WITHIN_SECONDS)
        if self._was_open:
            text = "Table %s was deleted, with all schedules, history and key-values in it, and is made again, empty"
            log.error(text, client.table_name, extra={"action": "table_made_again", "table": client.table_name})
        self._was_open = True
        # Without retries of their own: the policy that has them takes a lost answer for final.
        transactions = Transactions(client, connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, retries=0)
        return Way(client=client, transactions=transactions)


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
        with _taken_apart():
            client.create_table()
    except HttpResponseError as error:
        # Any other conflict means that the table is just being deleted.
        if code_of(error) != TableErrorCode.TABLE_ALREADY_EXISTS.value:
            raise


def _page(way: Way, options: dict[str, Any], token: Any) -> tuple[list[Kept], Any]:
    """Return the page that a token names, the first for None, and the token of the next one."""
    with _taken_apart():
        pages: Any = way.client.query_entities(**options).by_page(token)
        return [_kept(entity) for entity in next(pages)], pages.continuation_token


def _found(client: TableClient, partition: str, key: str) -> Kept | None:
    with _taken_apart():
        try:
            return _kept(client.get_entity(partition, key))
        except ResourceNotFoundError as error:
            if code_of(error) == TABLE_NOT_FOUND:
                raise
            return None


def _merged(client: TableClient, row: Row) -> datetime:
    with _taken_apart():
        moment: datetime | None = client.upsert_entity(dict(row), mode=UpdateMode.MERGE)["date"]
        if moment is None:
            raise ValueError("no date")
        return moment


def _kept(entity: Any) -> Kept:
    """Return a row with what every row of storage's has; raises KeyError or TypeError for anything else."""
    etag = entity.metadata["etag"]
    if not all(isinstance(text, str) for text in (entity["PartitionKey"], entity["RowKey"], etag)):
        raise TypeError("no row of a table")
    return Kept(row=entity, etag=etag)


@contextmanager
def _taken_apart() -> Iterator[None]:
    """Tell an answer that the library trips over from a fault of our own."""
    try:
        yield
    except TAKEN_APART:
        raise DecodeError("The answer is none of Table storage's.") from None


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the library raises into ours; not chained, for its texts quote addresses and headers."""
    try:
        yield
    except Rejected as error:
        # Of a table that is gone, or just being deleted, nobody else was faster with a row.
        code = code_of(error) or ""
        if error.status in CONFLICTS and not code.startswith("Table"):
            raise StorageConflict(AS_IT_WAS) from None
        raise refused_transaction(error.status, code) from None
    except HttpResponseError as error:
        raise refusal(error) from None
    except AzureError as error:
        raise StorageError(
            f"Table storage gave no answer ({type(error).__name__}). Check STORAGE_CONNECTION or STORAGE_TABLE_URL, "
            "and that the network lets Footman through."
        ) from None
