"""The storage of the tests that fails on demand, asked as Footman asks it; Azurite itself tells what was done."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.data.tables import TableClient, TableTransactionError

from sandbox.azurite import Azurite, start_azurite
from sandbox.faulty.faults import Kind, Match
from sandbox.faulty.messages import answer
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage

BATCH = "/devstoreaccount1/$batch"
ROWS = "/devstoreaccount1/rows"


@pytest.fixture(scope="module", name="azurite")
def _azurite() -> Iterator[Azurite]:
    with start_azurite() as azurite, open_table(azurite.connection) as table:
        table.create_table()
        yield azurite


@pytest.fixture(scope="module", name="running")
def _running(azurite: Azurite) -> Iterator[FaultyStorage]:
    with start_faulty_storage(azurite.connection) as running:
        yield running


@pytest.fixture(name="storage")
def _storage(running: FaultyStorage) -> FaultyStorage:
    running.no_faults()
    running.forget()
    return running


@pytest.fixture(name="table")
def _table(storage: FaultyStorage) -> Iterator[TableClient]:
    """The table by way of the faulty storage."""
    with open_table(storage.connection) as table:
        yield table


@pytest.fixture(name="truth")
def _truth(azurite: Azurite) -> Iterator[TableClient]:
    """The same table straight at Azurite, without rows."""
    with open_table(azurite.connection) as table:
        for key in keys(table):
            table.delete_entity("p", key)
        yield table


def open_table(connection: str, *, retries: int = 0) -> TableClient:
    return TableClient.from_connection_string(
        connection, "rows", connection_timeout=1, read_timeout=2, retry_total=retries
    )


def row(key: str) -> dict[str, str]:
    return {"PartitionKey": "p", "RowKey": key}


def keys(table: TableClient) -> list[str]:
    return [found["RowKey"] for found in table.list_entities()]


def insert(table: TableClient, *inserted: str) -> None:
    table.submit_transaction([("create", row(key)) for key in inserted])


def delete(table: TableClient, *deleted: str) -> None:
    table.submit_transaction([("delete", row(key)) for key in deleted])


def test_without_faults_everything_passes(storage: FaultyStorage, table: TableClient, truth: TableClient) -> None:
    many = [f"due:{number:03}" for number in range(100)]

    insert(table, *many)
    delete(table, *many[3:])

    pages = table.query_entities("PartitionKey eq 'p'", results_per_page=2)
    assert [found["RowKey"] for found in pages] == keys(truth) == many[:3]
    with pytest.raises(ResourceNotFoundError):
        table.get_entity("p", "none")
    assert [status for _, _, status in storage.requests] == [202, 202, 200, 200, 404]
    assert storage.transactions == 5


@pytest.mark.parametrize(
    ("kind", "raised", "stands", "status", "transactions"),
    [
        ("refuse", ServiceResponseError, [], None, 0),
        ("busy", HttpResponseError, [], 503, 0),
        ("cut", ServiceResponseError, ["a", "b"], None, 1),
        ("busy_after", HttpResponseError, ["a", "b"], 503, 1),
    ],
)
def test_a_fault_hides_from_the_client_whether_it_was_done(
    kind: Kind,
    raised: type[AzureError],
    stands: list[str],
    status: int | None,
    transactions: int,
    storage: FaultyStorage,
    table: TableClient,
    truth: TableClient,
) -> None:
    storage.fault(kind)

    with pytest.raises(raised) as caught:
        insert(table, "a", "b")

    assert type(caught.value) is raised
    assert keys(truth) == stands
    assert (storage.requests, storage.transactions) == ([("POST", BATCH, status)], transactions)


@pytest.mark.parametrize("kind", ["busy", "busy_after"])
def test_busy_is_told_as_storage_tells_it(kind: Kind, storage: FaultyStorage, table: TableClient) -> None:
    storage.fault(kind)

    with pytest.raises(HttpResponseError, match=r"^The server is busy\.\nErrorCode:ServerBusy") as caught:
        keys(table)

    assert caught.value.status_code == 503


@pytest.mark.parametrize("kind", ["refuse", "cut"])
def test_a_connection_is_reset_not_ended(kind: Kind, storage: FaultyStorage, table: TableClient) -> None:
    storage.fault(kind)

    with pytest.raises(ServiceResponseError, match=r"ConnectionResetError"):
        keys(table)


def test_a_client_that_resends_what_was_done_meets_its_own_rows(
    storage: FaultyStorage, table: TableClient, truth: TableClient
) -> None:
    storage.fault("busy_after", count=1)

    with (
        open_table(storage.connection, retries=1) as resending,
        pytest.raises(TableTransactionError, match="EntityAlreadyExists"),
    ):
        insert(resending, "a")

    assert (keys(truth), storage.transactions) == (["a"], 2)
    insert(table, "b")
    assert keys(truth) == ["a", "b"]


def test_hang_does_nothing_and_never_answers(storage: FaultyStorage, table: TableClient, truth: TableClient) -> None:
    storage.fault("hang", count=1)

    with pytest.raises(ServiceResponseTimeoutError):
        table.create_entity(row("a"), read_timeout=0.3)
    storage.no_faults()
    table.create_entity(row("b"))

    assert keys(truth) == ["b"]
    assert storage.requests == [("POST", ROWS, None), ("POST", ROWS, 201)]
    assert storage.transactions == 1


def test_hang_is_over_when_the_faults_are(storage: FaultyStorage, table: TableClient) -> None:
    storage.fault("hang")
    with ThreadPoolExecutor() as threads:
        hanging = threads.submit(insert, table, "a")
        until(lambda: storage.requests == [("POST", BATCH, None)])

        storage.no_faults()

        with pytest.raises(ServiceResponseError):
            hanging.result(2)


@pytest.mark.parametrize("kind", ["late", "slow"])
def test_late_and_slow_take_their_seconds(
    kind: Kind, storage: FaultyStorage, table: TableClient, truth: TableClient
) -> None:
    storage.fault(kind, seconds=0.3)
    begun = time.monotonic()

    insert(table, "a")

    assert time.monotonic() - begun >= 0.3
    assert keys(truth) == ["a"]
    assert storage.requests == [("POST", BATCH, 202)]


def test_late_is_done_at_once(storage: FaultyStorage, table: TableClient, truth: TableClient) -> None:
    storage.fault("late", seconds=60)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(insert, table, "a")
        until(lambda: keys(truth) == ["a"])

        assert storage.requests == [("POST", BATCH, None)]
        storage.no_faults()
        waiting.result(2)

    assert storage.requests == [("POST", BATCH, 202)]


def test_slow_is_done_even_when_the_client_has_left(
    storage: FaultyStorage, table: TableClient, truth: TableClient
) -> None:
    storage.fault("slow", seconds=60)

    with pytest.raises(ServiceResponseTimeoutError):
        table.create_entity(row("a"), read_timeout=0.3)
    assert (keys(truth), storage.transactions) == ([], 0)

    storage.no_faults()
    until(lambda: keys(truth) == ["a"])


def test_an_answer_is_given_as_it_is_said(storage: FaultyStorage, table: TableClient, truth: TableClient) -> None:
    storage.fault("answer", answer=answer("418 Teapot", "tea", "text/plain"), count=1)

    with pytest.raises(HttpResponseError) as caught:
        insert(table, "a")

    assert (caught.value.status_code, keys(truth)) == (418, [])


def test_over_stranded_connections_nothing_comes_and_new_ones_work(
    storage: FaultyStorage, table: TableClient, truth: TableClient
) -> None:
    insert(table, "a")
    storage.strand()

    with pytest.raises(ServiceResponseTimeoutError):
        table.create_entity(row("b"), read_timeout=0.3)
    insert(table, "c")

    assert keys(truth) == ["a", "c"]


def test_storage_that_is_away_refuses_until_it_is_back(
    storage: FaultyStorage, table: TableClient, truth: TableClient
) -> None:
    insert(truth, "a")
    storage.be_away(is_away=True)
    with pytest.raises(ServiceRequestError, match="refused"):
        keys(table)
    storage.be_away(is_away=False)

    assert keys(table) == ["a"]


@pytest.mark.parametrize(("count", "statuses"), [(1, [503, 200, 200]), (2, [503, 503, 200]), (None, [503, 503, 503])])
def test_a_fault_hits_as_often_as_it_says(
    count: int | None, statuses: list[int], storage: FaultyStorage, table: TableClient
) -> None:
    storage.fault("busy", count=count)

    for _ in statuses:
        with suppress(HttpResponseError):
            keys(table)

    assert [status for _, _, status in storage.requests] == statuses
    assert storage.transactions == statuses.count(200)
    storage.no_faults()
    keys(table)


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ("", {"insert", "delete", "query"}),
        ("$batch", {"insert", "delete"}),
        ("due:1", {"insert", "delete"}),
        ("GET ", {"query"}),
        ("PartitionKey eq 'p'", {"query"}),
        ('"RowKey": "due:1"', {"insert"}),
        ("DELETE http", {"delete"}),
        (lambda request: b"due%3A1" in request.body, {"delete"}),
        (lambda request: request.method == "POST", {"insert", "delete"}),
        ("due:2", set()),
    ],
)
def test_a_fault_hits_what_it_matches(match: Match, hit: set[str], storage: FaultyStorage, table: TableClient) -> None:
    asked: dict[str, Callable[[], object]] = {
        "insert": lambda: insert(table, "due:1"),
        "query": lambda: list(table.query_entities("PartitionKey eq 'p'")),
        "delete": lambda: delete(table, "due:1"),
    }
    storage.fault("busy_after", match=match)

    failed = set()
    for name, ask in asked.items():
        try:
            ask()
        except HttpResponseError:
            failed.add(name)

    assert failed == hit


def test_the_first_fault_that_matches_hits(storage: FaultyStorage, table: TableClient, truth: TableClient) -> None:
    storage.fault("busy", match="$batch", count=1)
    storage.fault("busy_after", count=1)

    for key in ("a", "b", "c"):
        with suppress(HttpResponseError):
            insert(table, key)

    assert keys(truth) == ["b", "c"]


def test_forget_counts_from_nothing(storage: FaultyStorage, table: TableClient) -> None:
    insert(table, "forgotten")
    storage.forget()

    assert (storage.requests, storage.transactions) == ([], 0)


def test_a_body_in_chunks_is_read_whole_and_the_connection_goes_on(storage: FaultyStorage) -> None:
    storage.fault("busy", match="due:1", count=1)
    with connect(storage) as connection:
        statuses = [ask(connection, "POST", b"du", b"e:", b"1") for _ in range(2)]

    # Azurite has read what was passed on, and found it unsigned
    assert statuses == [503, 403]
    assert storage.transactions == 1


def test_a_connection_that_storage_closed_for_idleness_is_opened_anew() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing_storage, ThreadPoolExecutor() as threads:
        closing_storage.settimeout(2)
        endpoint = f"http://127.0.0.1:{closing_storage.getsockname()[1]}/account"
        with start_faulty_storage(f"TableEndpoint={endpoint}") as storage, connect(storage) as connection:
            for _ in range(2):
                closed = threads.submit(answer_and_close, closing_storage)
                assert ask(connection, "GET") == 200
                closed.result(2)


def answer_and_close(listener: socket.socket) -> None:
    with listener.accept()[0] as client:
        client.recv(65_536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(("kind", "stands"), [("hang", []), ("slow", []), ("late", ["a"])])
def test_its_end_waits_for_nobody(kind: Kind, stands: list[str], azurite: Azurite, truth: TableClient) -> None:
    with ThreadPoolExecutor() as threads, ExitStack() as clients:
        with start_faulty_storage(azurite.connection) as storage:
            idle, table = (clients.enter_context(open_table(storage.connection)) for _ in range(2))
            assert keys(idle) == []
            storage.fault(kind, seconds=60)
            waiting = threads.submit(insert, table, "a")
            until(lambda: len(storage.requests) == 2 and keys(truth) == stands)
            begun = time.monotonic()

        assert time.monotonic() - begun < 5
        with pytest.raises(ServiceResponseError):
            waiting.result(2)
        assert keys(truth) == stands


def test_it_refuses_a_fault_it_does_not_know(storage: FaultyStorage) -> None:
    with pytest.raises(ValueError, match=r"kind is one of refuse, .*, not 'explode'"):
        storage.fault("explode")  # type: ignore[arg-type]


def connect(storage: FaultyStorage) -> closing[HTTPConnection]:
    parts = dict(part.split("=", 1) for part in storage.connection.split(";") if part)
    return closing(HTTPConnection(urlsplit(parts["TableEndpoint"]).netloc, timeout=2))


def ask(connection: HTTPConnection, method: str, *chunks: bytes) -> int:
    connection.request(method, ROWS, iter(chunks) if chunks else None, encode_chunked=bool(chunks))
    answer = connection.getresponse()
    answer.read()
    return answer.status


def until(comes: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 2
    while not comes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
