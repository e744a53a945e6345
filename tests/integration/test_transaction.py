"""Transactions against Azurite, and against servers that answer what Azurite never would."""

import math
import re
import ssl
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from azure.core import MatchConditions
from azure.core.credentials import AccessToken, AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError
from azure.data.tables import (
    AccountSasPermissions,
    EdmType,
    EntityProperty,
    ResourceTypes,
    TableClient,
    TableServiceClient,
    UpdateMode,
    generate_account_sas,
)

from sandbox.azurite import ACCOUNT, KEY, Azurite, free_ports, start_azurite
from shared.storage.transaction import Kind, Operation, Rejected, Transactions

Row = dict[str, Any]
ETAG = "W/\"datetime'2026-11-22T06%3A07%3A18.7243802Z'\""


@pytest.fixture(scope="module")
def azurite() -> Iterator[Azurite]:
    with start_azurite() as running:
        yield running


@pytest.fixture
def table(azurite: Azurite) -> Iterator[TableClient]:
    """An empty table of its own for each test, through the library."""
    with TableServiceClient.from_connection_string(azurite.connection) as service:
        yield service.create_table(f"t{uuid.uuid4().hex}")


@pytest.fixture
def transactions(table: TableClient) -> Transactions:
    return transactions_of(table)


def transactions_of(table: TableClient, *, read_seconds: float = 5, retries: int = 3) -> Transactions:
    return Transactions(table, connect_seconds=1, read_seconds=read_seconds, retries=retries)


def a_row(key: str, **values: object) -> Row:
    return {"PartitionKey": "p", "RowKey": key, **values}


def do(kind: Kind, key: str, etag: str | None = None, **values: object) -> Operation:
    return Operation(kind=kind, row=a_row(key, **values), etag=etag)


def rows_of(table: TableClient) -> list[Row]:
    return sorted((dict(row) for row in table.list_entities()), key=lambda row: str(row["RowKey"]))


# --- what is written


@pytest.mark.parametrize(
    ("operations", "after"),
    [
        ([do("insert", "new", v=1)], [a_row("new", v=1), a_row("old", a=1, b=2)]),
        ([do("replace", "old", v=1)], [a_row("old", v=1)]),
        ([do("merge", "old", b=3, c=4)], [a_row("old", a=1, b=3, c=4)]),
        ([do("upsert", "old", v=1)], [a_row("old", v=1)]),
        ([do("upsert", "new", v=1)], [a_row("new", v=1), a_row("old", a=1, b=2)]),
        ([do("insert_or_merge", "old", b=3, c=4)], [a_row("old", a=1, b=3, c=4)]),
        ([do("insert_or_merge", "new", v=1)], [a_row("new", v=1), a_row("old", a=1, b=2)]),
        ([do("delete", "old")], []),
        ([do("delete", "old", ignored="text")], []),
        ([do("delete", "old"), do("insert", "new", v=1)], [a_row("new", v=1)]),
        (
            [do("upsert", "z"), do("insert", "y"), do("merge", "old", a=2), do("upsert", "x")],
            [a_row("old", a=2, b=2), a_row("x"), a_row("y"), a_row("z")],
        ),
    ],
)
def test_it_does_what_each_operation_says(
    table: TableClient, transactions: Transactions, operations: list[Operation], after: list[Row]
) -> None:
    table.create_entity(a_row("old", a=1, b=2))

    etags = transactions.commit(operations)

    assert rows_of(table) == after
    assert [bool(etag) for etag in etags] == [operation.kind != "delete" for operation in operations]


VALUES = [True, False, 0, -(2**31), 2**31 - 1, 1.0, -0.25, 1e300, float("inf"), float("-inf")]
TEXTS = [
    "",
    "\"double\" and 'single' quotes, back\\slash, {braces}, --dashes, %25, &amp;",
    "one line\nthe next\r\n\r\nHTTP/1.1 404 Not Found\r\n\t",
    "Grüße aus Zürich, ½ Żółw, 日本語, 👩🏽‍🚀",
    "2026-11-22T06:00:00Z",
    "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a",
    "ä" * 30_000,
]


@pytest.mark.parametrize("value", [*VALUES, *TEXTS])
def test_a_value_is_read_as_it_was_written(table: TableClient, transactions: Transactions, value: object) -> None:
    transactions.commit([do("insert", "row", v=value)])

    read = table.get_entity("p", "row")["v"]

    assert read == value
    assert type(read) is type(value)


FOREIGN: dict[str, object] = {
    "a large number": EntityProperty(2**53 + 1, EdmType.INT64),
    "an instant": datetime(2026, 11, 22, 6, 0, 0, 123456, UTC),
    "a GUID": uuid.UUID("c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"),
    "bytes": b"\x00\xff\x10",
}


@pytest.mark.parametrize("value", FOREIGN.values(), ids=FOREIGN)
def test_a_value_of_a_type_that_footman_never_writes_goes_back_as_it_came(
    table: TableClient, transactions: Transactions, value: object
) -> None:
    table.create_entity(a_row("came", v=value))
    came = table.get_entity("p", "came")

    transactions.commit([Operation(kind="insert", row={**came, "RowKey": "back"})])

    back = table.get_entity("p", "back")
    assert (back["v"], type(back["v"])) == (came["v"], type(came["v"]))
    assert getattr(back["v"], "tables_service_value", "") == getattr(came["v"], "tables_service_value", "")


def test_what_is_no_number_goes_back_as_it_came(table: TableClient, transactions: Transactions) -> None:
    transactions.commit([do("insert", "row", v=float("nan"))])

    assert math.isnan(table.get_entity("p", "row")["v"])


ODD_KEYS = [
    "due:2026-11-22T06:00:00Z:c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a",
    "it's",
    "''",
    "50% %41%2F",
    "a%27b",
    "a+b c",
    "ö 日本 👍",
    "(x),RowKey='y'",
    '{"json"}',
    "",
]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_odd_key_is_the_same_row_as_with_the_library(
    table: TableClient, transactions: Transactions, key: str
) -> None:
    table.create_entity(a_row(key, v=1))
    table.create_entity(a_row("other"))

    transactions.commit([do("merge", key, w=2)])
    assert dict(table.get_entity("p", key)) == a_row(key, v=1, w=2)

    transactions.commit([do("delete", key)])
    assert rows_of(table) == [a_row("other")]


def test_an_odd_partition_is_the_same_as_with_the_library(table: TableClient, transactions: Transactions) -> None:
    row = {"PartitionKey": "it's 50% ö", "RowKey": "r"}
    table.create_entity(row)

    transactions.commit([Operation(kind="replace", row=row | {"v": 1})])

    assert rows_of(table) == [row | {"v": 1}]


def test_a_hundred_operations_are_one_transaction(table: TableClient, transactions: Transactions) -> None:
    etags = transactions.commit([do("insert", f"{number:03}", v=number) for number in range(100)])

    assert etags == [row.metadata["etag"] for row in table.list_entities()]
    assert [row["v"] for row in rows_of(table)] == list(range(100))


@pytest.mark.parametrize("kind", ["insert", "replace", "merge", "upsert", "insert_or_merge"])
def test_the_etag_returned_fits_the_next_write_and_no_other(
    table: TableClient, transactions: Transactions, kind: Kind
) -> None:
    if kind != "insert":
        table.create_entity(a_row("row"))

    [etag] = transactions.commit([do(kind, "row", v=1)])

    transactions.commit([do("merge", "row", etag, v=2)])
    with pytest.raises(Rejected):
        transactions.commit([do("merge", "row", etag, v=3)])
    assert rows_of(table) == [a_row("row", v=2)]


# --- what is refused


@pytest.mark.parametrize(
    ("refused", "status", "code"),
    [
        (do("replace", "old", ETAG, v=2), 412, "UpdateConditionNotSatisfied"),
        (do("merge", "old", ETAG, v=2), 412, "UpdateConditionNotSatisfied"),
        (do("delete", "old", ETAG), 412, "UpdateConditionNotSatisfied"),
        (do("replace", "missing", v=2), 404, "ResourceNotFound"),
        (do("merge", "missing", v=2), 404, "ResourceNotFound"),
        (do("delete", "missing"), 404, "ResourceNotFound"),
        (do("insert", "old", v=2), 409, "EntityAlreadyExists"),
        (do("merge", "before", v=2), 400, "InvalidDuplicateRow"),
    ],
)
def test_one_refused_operation_leaves_everything_unwritten(
    table: TableClient, transactions: Transactions, refused: Operation, status: int, code: str
) -> None:
    table.create_entity(a_row("old", v=1))

    with pytest.raises(Rejected) as rejected:
        transactions.commit([do("upsert", "before"), refused, do("insert", "behind")])

    assert (rejected.value.status, rejected.value.code) == (status, code)
    assert rows_of(table) == [a_row("old", v=1)]


def test_a_table_that_is_not_there_rejects(azurite: Azurite) -> None:
    with TableClient.from_connection_string(azurite.connection, "missing") as table:
        with pytest.raises(Rejected) as rejected:
            transactions_of(table).commit([do("insert", "row")])

        assert (rejected.value.status, rejected.value.code) == (404, "TableNotFound")


@pytest.mark.parametrize(
    ("operations", "text"),
    [
        ([], "operations: 1 to 100 make a transaction, not 0"),
        ([do("insert", str(number)) for number in range(101)], "operations: 1 to 100 make a transaction, not 101"),
        ([do("insert", "1"), Operation(kind="insert", row={"PartitionKey": "q", "RowKey": "2"})], "PartitionKey: "),
        ([do("insert", "1"), do("insert", "2", v=2**31)], "v: a whole number of 32 bits, not 2147483648"),
        ([do("insert", "1"), do("insert", "2", v=-(2**31) - 1)], "v: a whole number of 32 bits, not -2147483649"),
        ([do("insert", "1", v={"a": 1})], "v: no value of a row is a dict"),
    ],
)
def test_what_storage_could_not_keep_is_not_sent(
    table: TableClient, transactions: Transactions, operations: list[Operation], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        transactions.commit(operations)

    assert rows_of(table) == []


@pytest.mark.parametrize("kind", ["insert", "upsert", "insert_or_merge"])
def test_an_etag_goes_only_with_what_heeds_it(kind: Kind) -> None:
    with pytest.raises(ValueError, match=f"etag: allowed with replace, merge, delete, not with {kind}"):
        do(kind, "row", ETAG)


# --- a server in front of Azurite, which keeps what comes and may answer by itself


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is answered to a request; it breaks off before the last `missing` bytes."""

    status: int = 202
    content_type: str = "multipart/mixed; boundary=batchresponse_1"
    body: str = ""
    missing: int = 0


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    body: str


@dataclass(kw_only=True)
class Front:
    """Gives its answers in order, None being to hang up, then passes on; calls `when_asked` before each."""

    url: str
    behind: str
    answers: list[Answer | None] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    when_asked: Callable[[], object] = lambda: None

    def table(self, name: str, key: str = KEY) -> TableClient:
        return TableClient(f"{self.url}/{ACCOUNT}", name, credential=AzureNamedKeyCredential(ACCOUNT, key))

    def answer(self, request: Request) -> Answer | None:
        self.requests.append(request)
        self.when_asked()
        return self.answers.pop(0) if self.answers else self._passed_on(request)

    def _passed_on(self, request: Request) -> Answer:
        connection = HTTPConnection(self.behind)
        try:
            connection.request("POST", request.path, request.body.encode(), request.headers)
            reply = connection.getresponse()
            body = reply.read().decode()
            return Answer(status=reply.status, content_type=reply.headers["Content-Type"], body=body)
        finally:
            connection.close()


@contextmanager
def standing_before(storage: str, authority: trustme.CA | None = None) -> Iterator[Front]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = standing.answer(Request(path=self.path, headers=dict(self.headers), body=body))
            if answer is None:
                return
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(content) + answer.missing))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if authority:
            server.socket = tls_of(authority).wrap_socket(server.socket, server_side=True)
        scheme = "https" if authority else "http"
        standing = Front(url=f"{scheme}://127.0.0.1:{server.server_port}", behind=urlsplit(storage).netloc)
        serving = Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield standing
        finally:
            server.shutdown()
            serving.join()


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def front(table: TableClient) -> Iterator[Front]:
    with standing_before(table.url) as standing:
        yield standing


# --- the bytes


def as_one(request: Request) -> tuple[str, dict[str, str], list[str]]:
    """Return a request without what differs between any two: boundaries, dates and what follows from them."""
    name = r"(batch|changeset)_[0-9a-f-]{36}"
    headers = {
        header.lower(): re.sub(name, r"\1", value)
        for header, value in request.headers.items()
        if header.lower() not in {"authorization", "date", "x-ms-date", "x-ms-client-request-id", "user-agent"}
    }
    body = re.sub(r"((?:x-ms-date|Date): ).*?\r\n", r"\1\r\n", re.sub(name, r"\1", request.body))
    return request.path, headers, body.split("\r\n")


def test_the_bytes_are_the_librarys(front: Front) -> None:
    at_etag = {"etag": ETAG, "match_condition": MatchConditions.IfNotModified}
    row = a_row("it's 50% ö+/", text="Grüße \"'\r\n👍", int=-7, yes=True, whole=1.0, part=0.1, ö="")
    both: list[tuple[Any, Operation]] = [
        (("create", row), Operation(kind="insert", row=row)),
        (("update", row, {"mode": UpdateMode.REPLACE}), Operation(kind="replace", row=row)),
        (("update", row, {"mode": UpdateMode.REPLACE, **at_etag}), Operation(kind="replace", row=row, etag=ETAG)),
        (("update", row, {"mode": UpdateMode.MERGE}), Operation(kind="merge", row=row)),
        (("update", row, {"mode": UpdateMode.MERGE, **at_etag}), Operation(kind="merge", row=row, etag=ETAG)),
        (("upsert", row, {"mode": UpdateMode.REPLACE}), Operation(kind="upsert", row=row)),
        (("delete", row), Operation(kind="delete", row=row)),
        (("delete", row, at_etag), Operation(kind="delete", row=row, etag=ETAG)),
    ]
    front.answers = [Answer(status=400)] * 2

    with front.table("table") as client:
        with pytest.raises(HttpResponseError):
            client.submit_transaction([librarys for librarys, _ in both])
        with pytest.raises(HttpResponseError):
            transactions_of(client).commit([ours for _, ours in both])

    librarys, ours = front.requests
    assert as_one(ours) == as_one(librarys)


# --- who asks


def test_a_shared_access_signature_will_do_apart_or_in_the_address(table: TableClient) -> None:
    signature = shared_access_signature()
    with (
        TableClient(table.url, table.table_name, credential=AzureSasCredential(signature)) as apart,
        TableClient(f"{table.url}?{signature}", table.table_name) as in_the_address,
    ):
        transactions_of(apart).commit([do("insert", "1")])
        transactions_of(in_the_address).commit([do("insert", "2")])

    assert rows_of(table) == [a_row("1"), a_row("2")]


def shared_access_signature() -> str:
    return generate_account_sas(
        AzureNamedKeyCredential(ACCOUNT, KEY),
        ResourceTypes(object=True),
        AccountSasPermissions(add=True, update=True, delete=True, write=True),
        datetime.now(UTC) + timedelta(hours=1),
    )


class Identity:
    """Gives the token of an identity, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("t0ken", int(time.time()) + 3600)


def test_an_identity_shows_its_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "root.pem"))
    identity = Identity()

    with standing_before("", authority) as front, TableClient(front.url, "table", credential=identity) as client:
        front.answers = [TWO_CREATED]
        transactions_of(client).commit(TWO_INSERTS)

        assert front.requests[0].headers["Authorization"] == "Bearer t0ken"
    assert identity.scopes == ["https://storage.azure.com/.default"]


@pytest.mark.parametrize("wrong", ["c2VjcmV0IGtleQ==", "secret key", "secret kéy"])
def test_a_wrong_key_is_an_error_that_does_not_hold_it(table: TableClient, wrong: str) -> None:
    credential = AzureNamedKeyCredential(ACCOUNT, wrong)
    client = TableClient(table.url, table.table_name, credential=credential)

    with client, pytest.raises(HttpResponseError) as error:
        transactions_of(client).commit([do("insert", "row")])

    assert wrong not in "".join(traceback.format_exception(error.value))
    assert rows_of(table) == []


# --- storage in trouble


def test_storage_that_is_busy_is_asked_again_and_signed_for_anew(front: Front, table: TableClient) -> None:
    with front.table(table.table_name, key="d3Jvbmc=") as client:
        credential = client.credential
        assert isinstance(credential, AzureNamedKeyCredential)
        front.answers = [Answer(status=503)] * 2
        # The key is changed while storage is busy: only the last try can be signed with it.
        front.when_asked = lambda: credential.update(ACCOUNT, KEY) if len(front.requests) == 2 else None

        transactions_of(client).commit([do("insert", "row")])

    assert len(front.requests) == 3
    assert rows_of(table) == [a_row("row")]


def test_storage_that_stays_busy_is_an_error(front: Front, table: TableClient) -> None:
    front.answers = [Answer(status=503)] * 2

    with front.table(table.table_name) as client, pytest.raises(HttpResponseError) as error:
        transactions_of(client, retries=1).commit([do("insert", "row")])

    assert error.value.status_code == 503
    assert rows_of(table) == []


def test_nobody_listening_is_an_error_at_once_that_holds_no_signature() -> None:
    signature = shared_access_signature()
    with TableClient(f"http://127.0.0.1:{free_ports(1)[0]}/{ACCOUNT}?{signature}", "table") as client:
        began = time.monotonic()
        with pytest.raises(AzureError) as error:
            transactions_of(client).commit([do("insert", "row")])

    assert time.monotonic() - began < 3
    assert "sig=" not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("answer", [None, Answer(body="--batchresponse_1", missing=100)])
def test_a_lost_answer_is_an_error_and_nothing_is_sent_again(
    front: Front, table: TableClient, answer: Answer | None
) -> None:
    front.answers = [answer]

    with front.table(table.table_name) as client, pytest.raises(AzureError):
        transactions_of(client).commit([do("insert", "row")])

    assert len(front.requests) == 1


def test_an_answer_that_takes_too_long_is_an_error_and_nothing_is_sent_again(front: Front, table: TableClient) -> None:
    tired_of_waiting = Event()
    front.when_asked = lambda: tired_of_waiting.wait(5)
    front.answers = [None]

    with front.table(table.table_name) as client, pytest.raises(AzureError):
        transactions_of(client, read_seconds=0.2).commit([do("insert", "row")])

    tired_of_waiting.set()
    assert len(front.requests) == 1


def test_many_threads_commit_at_once(
    table: TableClient, transactions: Transactions, caplog: pytest.LogCaptureFixture
) -> None:
    together = Barrier(16)

    def commit(thread: int) -> None:
        together.wait()
        for number in range(3):
            transactions.commit([do("insert", f"{thread:02}-{number}")])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(commit, range(16)))

    assert len(rows_of(table)) == 48
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


# --- answers that Azurite does not give

TWO_INSERTS = [do("insert", "1"), do("insert", "2")]
CREATED = f"""HTTP/1.1 201 Created
X-Content-Type-Options: nosniff
Cache-Control: no-cache
DataServiceVersion: 3.0;
Content-Type: application/json;odata=minimalmetadata;streaming=true;charset=utf-8
Location: https://a.table.core.windows.net/t(PartitionKey='p',RowKey='1')
ETag: {ETAG}

{{"odata.metadata":"https://a.table.core.windows.net/$metadata#t/@Element","PartitionKey":"p","v":"--ö ETag: 1"}}"""


def changeset(*answers: str) -> Answer:
    """Answer as the service does, which gives inserted rows back."""
    head = "Content-Type: application/http\nContent-Transfer-Encoding: binary\n\n"
    parts = "".join(f"--changesetresponse_2\n{head}{answer}\n" for answer in answers)
    return message(f"Content-Type: multipart/mixed; boundary=changesetresponse_2\n\n{parts}--changesetresponse_2--\n")


def message(part: str) -> Answer:
    return Answer(body=f"--batchresponse_1\n{part}--batchresponse_1--\n".replace("\n", "\r\n"))


def failed(status: str, content: str) -> str:
    return f"HTTP/1.1 {status}\nContent-Type: application/json;charset=utf-8\n\n{content}\n"


def code(text: str) -> str:
    return f'{{"odata.error":{{"code":"{text}","message":{{"lang":"en-US","value":"1:What it means.\\nTime:now"}}}}}}'


TWO_CREATED = changeset(CREATED, CREATED)


def test_the_answer_of_the_service_itself_is_understood(front: Front) -> None:
    front.answers = [TWO_CREATED]

    with front.table("table") as client:
        assert transactions_of(client).commit(TWO_INSERTS) == [ETAG, ETAG]


@pytest.mark.parametrize(
    "answer",
    [
        changeset(failed("409 Conflict", code("EntityAlreadyExists"))),
        # OData lets the error of a changeset stand in its place.
        message(f"Content-Type: application/http\n\n{failed('409 Conflict', code('EntityAlreadyExists'))}"),
    ],
)
def test_the_only_part_of_a_failed_changeset_is_its_error(front: Front, answer: Answer) -> None:
    front.answers = [answer]

    with front.table("table") as client, pytest.raises(Rejected) as rejected:
        transactions_of(client).commit(TWO_INSERTS)

    assert (rejected.value.status, rejected.value.code) == (409, "EntityAlreadyExists")


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_of_storage_inside_an_answer_is_no_rejection(front: Front, status: int) -> None:
    front.answers = [changeset(failed(f"{status} Out of order", code("OperationTimedOut")))]

    with front.table("table") as client, pytest.raises(HttpResponseError, match="OperationTimedOut") as error:
        transactions_of(client).commit(TWO_INSERTS)

    assert error.value.status_code == status


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 413, 429, 502])
def test_any_other_answer_to_the_whole_is_an_error_with_its_status(front: Front, status: int) -> None:
    front.answers = [Answer(status=status, content_type="text/html", body="<p>Hello</p>")]

    with front.table("table") as client, pytest.raises(HttpResponseError) as error:
        transactions_of(client).commit(TWO_INSERTS)

    assert error.value.status_code == status
    assert len(front.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(),
        Answer(content_type="text/html", body="<p>Hello</p>"),
        Answer(body="<p>Hello</p>"),
        Answer(body=TWO_CREATED.body.removesuffix("--\r\n")),
        Answer(body=TWO_CREATED.body[:-200]),
        changeset(),
        changeset(CREATED),
        changeset(CREATED, CREATED, CREATED),
        changeset(CREATED, CREATED.replace("ETag", "Tag")),
        changeset(CREATED, "HTTP/1.1 OK\n"),
        changeset(failed("409 Conflict", "")),
        changeset(failed("409 Conflict", "<error/>")),
        changeset(failed("409 Conflict", "[]")),
        changeset(failed("409 Conflict", '{"odata.error": {}}')),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(front: Front, answer: Answer) -> None:
    front.answers = [answer]

    with front.table("table") as client, pytest.raises(DecodeError):
        transactions_of(client).commit(TWO_INSERTS)
