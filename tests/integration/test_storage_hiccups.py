"""Storage in trouble, as its table sees it: what is asked again, what is no answer, who is not let in, and why."""

import http.server
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import pytest
import requests
from azure.data.tables import TableClient

from sandbox.azurite import Azurite
from sandbox.faulty.messages import Message, answer
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from sandbox.ticking import new_table
from shared.core.errors import StorageConflict, StorageDenied, StorageError
from shared.keep_alive import socket_options
from shared.storage import pool
from shared.storage.account import open_table, patience
from shared.storage.table import Table
from shared.storage.transaction import Operation
from tests.conftest import StartFootman

PARTITION = "p"
HTML = "<html><body>Please log in</body></html>"


@pytest.fixture(scope="module")
def running(azurite: Azurite) -> Iterator[FaultyStorage]:
    with start_faulty_storage(azurite.connection) as running:
        yield running


@pytest.fixture
def storage(running: FaultyStorage) -> FaultyStorage:
    running.no_faults()
    running.forget()
    return running


@pytest.fixture
def table(storage: FaultyStorage) -> Table:
    """A table that is open, with a row `kept`."""
    table = new_table(storage.connection)
    table.put(a_row("kept"))
    storage.forget()
    return table


def a_row(key: str, **values: str) -> dict[str, str]:
    return {"PartitionKey": PARTITION, "RowKey": key, **values}


def keys(table: Table) -> list[str]:
    return [kept.row["RowKey"] for kept in table.rows(PARTITION, "a", "z")]


def insert(table: Table) -> list[str]:
    return table.commit([Operation(kind="insert", row=a_row("new"))])


def upsert(table: Table) -> list[str]:
    return table.commit([Operation(kind="upsert", row=a_row("new"))])


def remove(table: Table) -> None:
    table.delete([kept for kept in [table.row(PARTITION, "kept")] if kept])


def make(table: Table) -> list[str]:
    """Ask for something with a process that has just begun."""
    return keys(Table(table._open))  # noqa: SLF001 - the same table, seen from another process


ASKED: dict[str, Callable[[Table], object]] = {
    "query": keys,
    "get": lambda table: table.row(PARTITION, "kept"),
    "merge": lambda table: table.put(a_row("new")),
    "upsert": upsert,
    "delete": remove,
    "make the table": make,
}


# --- what is asked again


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "refuse"},
        {"kind": "cut"},
        *({"kind": "answer", "answer": answer(f"{status} Again")} for status in (408, 429, 500, 502, 503, 504)),
        {"kind": "answer", "answer": answer("200 OK", HTML, "text/html")},
    ],
    ids=lambda fault: fault["answer"].first_line if "answer" in fault else fault["kind"],
)
@pytest.mark.parametrize("asked", ASKED)
def test_a_hiccup_is_not_noticed(asked: str, fault: dict[str, Any], storage: FaultyStorage, table: Table) -> None:
    storage.fault(**fault, count=1)

    ASKED[asked](table)

    storage.no_faults()
    expected = {"merge": ["kept", "new"], "upsert": ["kept", "new"], "delete": []}
    assert keys(table) == expected.get(asked, ["kept"])


@pytest.mark.parametrize("asked", ["query", "merge", "upsert"])
def test_connections_that_died_in_silence_cost_one_time_out(asked: str, storage: FaultyStorage, table: Table) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: (keys(table), upsert(table)), range(12)))
    storage.strand()
    begun = time.monotonic()

    ASKED[asked](table)

    assert time.monotonic() - begun < 2 * 10


def test_storage_that_was_away_for_a_second_is_found_again(storage: FaultyStorage, table: Table) -> None:
    storage.be_away(is_away=True)
    back = Timer(1, storage.be_away, kwargs={"is_away": False})
    back.start()

    assert keys(table) == ["kept"]
    back.join()


def test_a_row_inserted_by_a_try_whose_answer_was_lost_is_met_as_a_conflict(
    storage: FaultyStorage, table: Table
) -> None:
    storage.fault("cut", count=1)

    with pytest.raises(StorageConflict):
        insert(table)

    assert keys(table) == ["kept", "new"]


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "409 Conflict"])
def test_what_is_refused_is_not_asked_again(status: str, storage: FaultyStorage, table: Table) -> None:
    storage.fault("answer", answer=answer(status))

    with pytest.raises(StorageError):
        table.row(PARTITION, "kept")

    assert len(storage.requests) == 1


def test_a_page_that_failed_is_asked_for_again_and_no_row_comes_twice(storage: FaultyStorage, table: Table) -> None:
    for first in range(0, 1200, 100):
        rows = [a_row(f"row:{number:04}") for number in range(first, first + 100)]
        table.commit([Operation(kind="upsert", row=row) for row in rows])
    storage.fault("refuse", match="NextRowKey", count=1)

    found = [kept.row["RowKey"] for kept in table.rows(PARTITION, "row:", "row;")]

    assert found == [f"row:{number:04}" for number in range(1200)]


@pytest.mark.parametrize("told", ["3600", "15", "Wed, 25 Nov 2099 10:00:00 GMT", "1e400"])
@pytest.mark.parametrize("asked", ["query", "merge", "upsert"])
def test_retry_after_is_obeyed_for_five_seconds_in_all(
    asked: str, told: str, storage: FaultyStorage, table: Table
) -> None:
    storage.fault("answer", answer=answer("503 Busy", **{"Retry-After": told}))
    begun = time.monotonic()

    with pytest.raises(StorageError):
        ASKED[asked](table)

    assert 5 <= time.monotonic() - begun < 10
    assert len(storage.requests) == 2


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2", 2),
        ("0", 0),
        ("45", 5),
        ("Wed, 25 Nov 2026 10:00:03 GMT", 3),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 5),
        ("Wed, 25 Nov 2026 09:00:00 GMT", None),
        ("soon", None),
        ("nan", None),
        ("-1", None),
        ("no day GMT", None),
        ("", None),
    ],
)
def test_a_retry_after_is_read_by_the_clock_of_who_answers(told: str, seconds: float | None) -> None:
    assert pool.retry_after({"Retry-After": told, "Date": "Wed, 25 Nov 2026 10:00:00 GMT"}) == seconds


# --- what is no answer of storage's

NO_ANSWERS = {
    "a page": answer("200 OK", HTML, "text/html"),
    "a page that says it is JSON": answer("200 OK", HTML),
    "nothing": answer("200 OK"),
    "nothing at all": answer("204 No Content", Date="yesterday"),
    **{text: answer("200 OK", text) for text in ("{}", "[]", "null", "7", '"text"', "[" * 100_000)},
    **{
        text: answer("200 OK", text)
        for text in (
            '{"value": null}',
            '{"value": {}}',
            '{"value": "rows"}',
            '{"value": [null]}',
            '{"value": [7]}',
            '{"value": [{}]}',
            '{"value": [{"PartitionKey": "p", "RowKey": 7, "odata.etag": "e"}]}',
            '{"value": [{"PartitionKey": "p", "RowKey": "kept"}]}',
            '{"PartitionKey": "p", "RowKey": "kept", "Timestamp": "yesterday"}',
            '{"PartitionKey": "p", "RowKey": "kept", "odata.etag": "e", "n": "x", "n@odata.type": "Edm.Int64"}',
            '{"odata.error": "no"}',
        )
    },
    "accepted": answer("202 Accepted", "{}"),
    "accepted, in no parts": answer("202 Accepted", "--b--", "multipart/mixed; boundary=b"),
    "an error of another shape": answer("500 Error", '{"odata.error": {"message": "no"}}'),
    "an error that is a list": answer("500 Error", "[1]"),
    "the way to a page": answer("302 Found", HTML, "text/html", Location="http://127.0.0.1:9/login"),
    "a page that is not found": answer("404 Not Found", HTML, "text/html"),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("no_answer", NO_ANSWERS)
def test_what_is_no_answer_of_storage_is_an_error_of_storage(
    asked: str, no_answer: str, storage: FaultyStorage, table: Table
) -> None:
    hasty = Table(table._open, pauses=[0.01])  # noqa: SLF001 - the same table, for somebody who does not wait
    keys(hasty)
    storage.fault("answer", answer=NO_ANSWERS[no_answer])

    with pytest.raises(StorageError) as error:
        ASKED[asked](hasty)

    assert type(error.value) is StorageError


# --- who may not come in


def refused(code: str, message: str = "", **headers: str) -> Message:
    """Return a 403 in the words of the table service."""
    text = f'{{"odata.error": {{"code": "{code}", "message": {{"lang": "en-US", "value": "{message}"}}}}}}'
    return answer("403 Forbidden", text, **headers)


HOURS_AGO = format_datetime(datetime.now(UTC) - timedelta(hours=2), usegmt=True)
XML = (
    '<?xml version="1.0" encoding="utf-8"?><error><code>AuthorizationFailure</code><message>This request is not '
    "authorized to perform this operation.</message></error>"
)
REFUSED = [
    (refused("AuthenticationFailed", "Server failed to authenticate the request."), "The key in STORAGE_CONNECTION is"),
    (refused("AuthenticationFailed", "Server failed.", Date=HOURS_AGO), "minutes ahead of storage's"),
    (refused("AuthenticationFailed", "Request date header too old: 'Wed'"), "The clock of this machine is wrong"),
    (refused("RequestTimeTooSkewed"), "The clock of this machine is wrong"),
    (refused("AuthenticationFailed", "Signature not valid in the specified time frame"), "has expired"),
    (refused("AuthorizationFailure"), "Most likely a network rule of the account"),
    (answer("403 Forbidden", XML, "application/xml"), "Most likely a network rule of the account"),
    (
        answer("403 Forbidden", "", **{"x-ms-error-code": "AuthorizationFailure"}),
        "Most likely a network rule of the account",
    ),
    (refused("AuthorizationPermissionMismatch"), "lacks the role Storage Table Data Contributor"),
    (refused("AuthorizationSourceIPMismatch"), "for other addresses"),
    (refused("KeyBasedAuthenticationNotPermitted"), "takes no keys"),
    (refused("AuthorizationFailure", "Server failed to authenticate the request."), "The key in STORAGE_CONNECTION is"),
    (answer("403 Forbidden", "Your browser is too old", "text/html"), "Table storage answered 403. Check the key"),
    (refused("SomethingNew"), "403 (SomethingNew). Check the key"),
    (answer("403 Forbidden", HTML, "text/html"), "Table storage answered 403. Check the key"),
]


@pytest.mark.parametrize("asked", ["query", "get", "merge", "upsert", "make the table"])
@pytest.mark.parametrize(("refusal", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_a_refusal_names_its_cause_and_what_to_do(
    asked: str, refusal: Message, told: str, storage: FaultyStorage, table: Table
) -> None:
    storage.fault("answer", answer=refusal)

    with pytest.raises(StorageDenied) as error:
        ASKED[asked](table)

    assert told in str(error.value)


def test_a_wrong_key_is_named(azurite: Azurite) -> None:
    wrong = re.sub("AccountKey=[^;]+", "AccountKey=d3Jvbmc=", azurite.connection)

    with pytest.raises(StorageDenied, match=r"403 .*The key in STORAGE_CONNECTION is not one of this account's"):
        keys(Table(lambda: open_table(connection=wrong, url=None, client_id=None)))


def test_a_word_of_storage_that_is_none_is_not_told(storage: FaultyStorage, table: Table) -> None:
    part = 'HTTP/1.1 409 Conflict\r\n\r\n{"odata.error": {"code": ["<script>"]}}'
    text = f"--b\r\nContent-Type: application/http\r\n\r\n{part}\r\n--b--"
    storage.fault("answer", answer=answer("202 Accepted", text, "multipart/mixed; boundary=b"))

    with pytest.raises(StorageError) as error:
        upsert(table)

    assert "script" not in str(error.value)


# --- opening the table


def test_many_who_ask_first_wait_together_and_not_in_a_row(storage: FaultyStorage) -> None:
    table = new_table(storage.connection)
    storage.fault("hang")
    begun = time.monotonic()

    with ThreadPoolExecutor(12) as threads:
        asked = [threads.submit(keys, table) for _ in range(12)]
        failed = [isinstance(each.exception(), StorageError) for each in asked]

    assert failed == [True] * 12
    assert time.monotonic() - begun < 15
    assert len(storage.requests) == 1


def test_callers_of_a_fresh_process_are_told_together_that_storage_does_not_answer(
    storage: FaultyStorage, start_footman: StartFootman
) -> None:
    footman = start_footman({"STORAGE_CONNECTION": storage.connection})
    storage.fault("hang")
    begun = time.monotonic()

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: requests.get(f"{footman.url}/v4/schedules", timeout=60), range(12)))

    assert [answer.status_code for answer in answers] == [503] * 12
    assert time.monotonic() - begun < 15


def test_after_an_opening_that_failed_the_next_one_succeeds(storage: FaultyStorage) -> None:
    table = new_table(storage.connection)
    storage.fault("answer", answer=refused("AuthorizationFailure"), count=1)
    with pytest.raises(StorageDenied):
        keys(table)

    assert keys(table) == []


@pytest.mark.parametrize("asked", ["query", "get", "merge", "upsert"])
def test_a_table_that_was_deleted_is_made_again_and_its_loss_is_told(
    asked: str, azurite: Azurite, caplog: pytest.LogCaptureFixture
) -> None:
    client = TableClient.from_connection_string(azurite.connection, f"gone{asked}", **patience())
    with client:
        table = Table(lambda: client)
        table.put(a_row("kept"))
        client.delete_table()

        ASKED[asked](table)

        assert keys(table) == (["new"] if asked in {"merge", "upsert"} else [])
    [line] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert f"Table gone{asked} was deleted" in line.getMessage()
    assert '"action": "table_made_again"' in line.getMessage()


# --- the machine's own settings


@contextmanager
def a_proxy() -> Iterator[tuple[str, list[str]]]:
    """Listen as a proxy would, and keep what is asked of it."""
    asked: list[str] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            asked.append(str(self.rfile.readline()))
            self.close_connection = True

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_machine_has_no_say(name: str, azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    with a_proxy() as (url, asked):
        monkeypatch.setenv(name, url)
        table = new_table(azurite.connection)
        table.put(a_row("kept"))
        upsert(table)

        assert keys(table) == ["kept", "new"]
        assert asked == []


def test_a_netrc_has_no_say(azurite: Azurite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("default login someone password else\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    table = new_table(azurite.connection)

    table.put(a_row("kept"))
    upsert(table)

    assert keys(table) == ["kept", "new"]


def test_the_identity_is_asked_for_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    with a_proxy() as (proxy, asked), a_proxy() as (endpoint, tokens):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoint}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header")
        table = Table(lambda: open_table(connection=None, url="https://127.0.0.1:9", client_id=None))

        with pytest.raises(StorageError):
            keys(table)

    assert asked == []
    assert "/token" in tokens[0]


def test_the_time_that_the_identitys_endpoint_tells_is_not_storages(monkeypatch: pytest.MonkeyPatch) -> None:
    an_hour_ago = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", an_hour_ago)
            self.end_headers()
            told = {"access_token": "t", "expires_on": str(int(time.time()) + 3600), "resource": "r"}
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header")
        table = Table(lambda: open_table(connection=None, url="https://127.0.0.1:9", client_id=None))
        with pytest.raises(StorageError):
            keys(table)
        server.shutdown()

    now, tomorrow = datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)
    told = pool.TIME.nearest(tomorrow, time.monotonic())
    assert told == tomorrow or abs(told - now) < timedelta(minutes=1), "nothing was heard, or storage alone"


def test_idle_connections_are_kept_alive(table: Table) -> None:
    session = table._way.get().client._client._client._pipeline._transport.session  # type: ignore[attr-defined] # noqa: SLF001 - nothing else tells what a socket was given
    adapter = session.get_adapter("https://storage")

    assert socket_options() == adapter.poolmanager.connection_pool_kw["socket_options"]
