"""Parameters for a reload: over HTTP as callers and reload scripts ask, and in storage with a time that is told."""

import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
import requests
from azure.data.tables import EdmType, EntityProperty, TableClient, UpdateMode

from sandbox.azurite import Azurite
from sandbox.faulty_storage import FaultyStorage, start_faulty_storage
from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from shared.core.key_values import KeyValue
from shared.storage.account import open_table
from shared.storage.key_values import KeyValueStore
from shared.storage.table import Table
from shared.use_cases.audit_trail import AuditTrail
from shared.use_cases.keep_key_values import KeepKeyValues
from tests.conftest import APP1, StartFootman

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ODD = ["a/b\\c#d?e%f&g+h", "\x01\t\r\n\x7f", "🦉 åäö 日本 e\u0301", "\"'`»;--", " ", "å" * 300, "keyexists"]


def kept_in(table: TableClient) -> list[dict[str, Any]]:
    """Return the rows of key-values; the audit's are written behind the answers."""
    return [row for row in table.list_entities() if row["PartitionKey"] == "keyvalues"]


@dataclass(frozen=True, kw_only=True)
class Api:
    """A Footman that runs; texts are percent-encoded on their way."""

    footman: LocalHost
    http: requests.Session

    def ask(self, method: str, *path: str, body: object = None, **options: Any) -> requests.Response:
        url = "/".join([f"{self.footman.url}/v4", *(quote(part, safe="") for part in path)])
        return self.http.request(method, url, json=body, timeout=60, **options)

    def store(self, namespace: str, key: object, value: object, **more: object) -> requests.Response:
        return self.ask("POST", "keyvalues", namespace, body={"key": key, "value": value, **more})

    def value(self, namespace: str, key: str) -> str | None:
        """Return the value, None when the answer is that there is none."""
        answer = self.ask("GET", "keyvalues", namespace, params={"key": key})
        assert answer.status_code in {200, 400}, answer.text
        found: str | None = answer.json().get("value")
        return found

    def start_with(self, namespace: str, key: str, value: str) -> requests.Response:
        payload = {"namespace": namespace, "key": key, "value": value}
        return self.ask("PUT", "reloadtask", APP1, "start", body=[{"type": "keyvaluestore", "payload": payload}])


@pytest.fixture
def api(footman: LocalHost, http: requests.Session) -> Api:
    return Api(footman=footman, http=http)


@pytest.fixture(scope="module")
def storage(azurite: Azurite) -> Iterator[FaultyStorage]:
    with start_faulty_storage(azurite.connection) as storage:
        yield storage


@pytest.fixture
def shaky(start_footman: StartFootman, storage: FaultyStorage, http: requests.Session) -> Api:
    """A Footman whose storage fails on demand."""
    return Api(footman=start_footman({"STORAGE_CONNECTION": storage.connection}), http=http)


@pytest.fixture
def ns() -> str:
    return uuid.uuid4().hex


@pytest.fixture(scope="module")
def kept(storage: FaultyStorage) -> KeyValueStore:
    """The room of storage, without Footman."""
    return KeyValueStore(table=Table(lambda: open_table(connection=storage.connection, url=None, client_id=None)))


def pair(namespace: str, key: str = "k", value: str = "v", *, seconds: int | None = None) -> KeyValue:
    return KeyValue(namespace=namespace, key=key, value=value, ttl_ms=seconds * 1000 if seconds else None)


def until(comes: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not comes():
        assert monotonic() < end
        sleep(0.01)


def test_the_pair_comes_first_and_stays(shaky: Api, storage: FaultyStorage, api: Api, sense: StandIn, ns: str) -> None:
    storage.fault("busy")
    refused = shaky.start_with(ns, "k", "v")
    storage.no_faults()
    assert (refused.status_code, "storage" in refused.json()["message"]) == (503, True)
    assert (sense.log(), api.value(ns, "k")) == ([], None)

    assert shaky.value(ns, "k") is None  # the table is open
    storage.fault("late", match="keyvalues", seconds=8)
    with ThreadPoolExecutor() as threads:
        answering = threads.submit(shaky.start_with, ns, "k", "v")
        until(lambda: api.value(ns, "k") == "v")
        assert sense.log() == []
        storage.no_faults()
        assert answering.result().status_code == 200
    assert [start["taskId"] for start in sense.starts()] == [APP1]

    shaky.footman.kill()  # what another Footman reads and clears away outlives it
    assert api.value(ns, "k") == "v"
    assert (api.ask("DELETE", "keyvalues", ns, "k").status_code, api.value(ns, "k")) == (204, None)


@pytest.mark.parametrize(("path", "fault"), [("task/full", 500), ("start/synchronous", 400)])
def test_the_pair_stands_though_nothing_starts(path: str, fault: int, api: Api, sense: StandIn, ns: str) -> None:
    sense.fault("status", status=fault, path=path)
    assert api.start_with(ns, "k", "v").status_code == 502
    assert (sense.starts(), api.value(ns, "k")) == ([], "v")


def test_of_fifty_writers_at_once_one_has_the_last_word(api: Api, table: TableClient, ns: str) -> None:
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda number: api.store(ns, "k", f"{number}"), range(50)))

    assert {answer.status_code for answer in answers} == {201}
    [row] = kept_in(table)
    assert row["value"] == api.value(ns, "k") in {f"{number}" for number in range(50)}


def test_all_keys_of_a_namespace_are_listed_at_once(api: Api, kept: KeyValueStore, ns: str) -> None:
    keys = [f"{number:04}" for number in range(1001)]  # one more than a page of storage
    kept.store([pair(ns, key) for key in keys], NOON)

    assert api.ask("GET", "keylist", ns).json() == {"namespace": ns, "keys": [{"key": key} for key in keys]}
    assert (api.ask("DELETE", "keyvalues", ns).status_code, api.ask("GET", "keylist", ns).status_code) == (204, 400)


@pytest.mark.parametrize(("ttl", "told"), [(60_000, 60_000), ("60000", 60_000), ("", 0), (0, 0), (-5, 0), (None, 0)])
def test_time_to_live_is_in_milliseconds(ttl: object, told: int, api: Api, table: TableClient, ns: str) -> None:
    begun = datetime.now(UTC) - timedelta(milliseconds=1)  # kept in whole milliseconds
    assert api.store(ns, "k", "v", ttl=ttl).json() == {"namespace": ns, "key": "k", "value": "v", "ttl": told}

    [expires] = [row["expires"] for row in kept_in(table)]
    lives = timedelta(milliseconds=told)
    assert begun + lives <= datetime.fromisoformat(expires) <= datetime.now(UTC) + lives if told else expires == ""


def test_what_has_expired_is_gone_for_callers(api: Api, ns: str) -> None:
    api.store(ns, "short", "v", ttl=1)
    until(lambda: api.value(ns, "short") is None)
    assert ns not in api.ask("GET", "keyvaluesnamespaces").json()

    api.store(ns, "long", "v", ttl="60000")
    exists = api.ask("GET", "keyvalues", ns, "keyexists", params={"key": "short"})
    assert exists.json() == {"keyExists": False, "keyValue": {}}
    assert api.ask("GET", "keylist", ns).json()["keys"] == [{"key": "long"}]
    assert api.ask("DELETE", "keyvalues", ns, "short").status_code == 400


@pytest.mark.parametrize("text", ODD)
def test_a_namespace_and_a_key_may_be_any_text(text: str, api: Api, ns: str) -> None:
    namespace = (ns + text)[-300:]
    assert api.store(namespace, text, text).json() == {"namespace": namespace, "key": text, "value": text, "ttl": 0}

    assert api.value(namespace, text) == text
    assert api.ask("GET", "keylist", namespace).json() == {"namespace": namespace, "keys": [{"key": text}]}
    assert namespace in api.ask("GET", "keyvaluesnamespaces").json()
    assert api.ask("DELETE", "keyvalues", namespace, text).status_code == 204


@pytest.mark.parametrize(("value", "text"), [(5, "5"), (1.5, "1.5"), (True, "true"), ("", ""), ("x" * 32_768,) * 2])
def test_a_value_is_read_as_text(value: object, text: str, api: Api, ns: str) -> None:
    assert (api.store(ns, "k", value).status_code, api.value(ns, "k")) == (201, text)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"key": "k", "value": "x" * 32_769}, "at most 32768 characters fit"),
        ({"key": "k" * 301, "value": "v"}, "at most 300 characters fit"),
        ({"key": "k", "value": {"a": 1}}, 'body.value: {"a": 1} is not allowed'),
        ({"key": "k", "value": "v", "ttl": "soon"}, 'body.ttl: "soon" is not allowed'),
        ({"value": "v"}, "Required parameter is missing"),
    ],
)
def test_what_cannot_be_kept_is_refused(body: object, message: str, api: Api, ns: str) -> None:
    answer = api.ask("POST", "keyvalues", ns, body=body)

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)
    assert message in answer.json()["message"]
    assert api.ask("GET", "keylist", ns).status_code == 400


def test_every_call_may_come_as_a_post(api: Api, ns: str) -> None:
    def post(method: str, *path: str, key: str | None = None, body: object = None) -> int:
        headers = {"X-HTTP-Method-Override": method}
        return api.ask("POST", *path, headers=headers, params={"key": key}, body=body).status_code

    pairs = ("keyvalues", ns)
    assert [post("POST", *pairs, body={"key": key, "value": "v"}) for key in ("/", "%2F")] == [201, 201]
    assert [post("GET", *pairs, key="/"), post("GET", *pairs, "keyexists", key="%2F")] == [200, 200]
    assert [post("GET", "keylist", ns), post("GET", "keyvaluesnamespaces")] == [200, 200]
    assert [post("DELETE", *pairs, "/"), post("GET", *pairs, key="/"), post("GET", *pairs, key="%2F")] == [
        204,
        400,
        200,
    ]
    assert [post("DELETE", *pairs), post("GET", "keylist", ns)] == [204, 400]


def test_other_methods_are_told_what_is_allowed(api: Api) -> None:
    allowed = {"n": "GET, POST, DELETE", "n/keyexists": "GET, DELETE", "n/k": "DELETE"}
    paths = {f"keyvalues/{path}": methods for path, methods in allowed.items()}
    for path, methods in ({"keyvaluesnamespaces": "GET", "keylist/n": "GET"} | paths).items():
        answer = api.ask("PATCH", *path.split("/"))
        assert (path, answer.status_code, answer.headers["Allow"]) == (path, 405, methods)


def test_a_write_begins_the_time_anew_or_clears_it(kept: KeyValueStore, ns: str) -> None:
    kept.store([pair(ns, "renewed", seconds=60), pair(ns, "for ever", seconds=60)], NOON)
    kept.store([pair(ns, "renewed", seconds=60), pair(ns, "for ever")], NOON + 30 * SECOND)

    assert kept.keys(ns, NOON + 89 * SECOND) == ["for ever", "renewed"]
    assert kept.keys(ns, NOON + 90 * SECOND) == ["for ever"]
    assert kept.value(ns, "renewed", NOON + 90 * SECOND) is None
    assert not kept.delete(ns, "renewed", NOON + 90 * SECOND)


# What somebody made of a row by hand: a column that is gone, or of another type.
EDITED: list[tuple[str, object]] = [
    (name, value)
    for name in ("value", "expires", "key", "namespace")
    for value in (None, 5, 2.5, True, datetime(2027, 1, 1, tzinfo=UTC), uuid.UUID(int=7), b"bytes", 2**40)
]


def edit(table: TableClient, key: str, name: str, value: object) -> None:
    """Give the row of a key another value in one column; None takes the column away."""
    [row] = [row for row in kept_in(table) if row.get("key") == key]
    changed = {**row, name: EntityProperty(value, EdmType.INT64) if value == 2**40 else value}
    if value is None:
        del changed[name]
    table.update_entity(changed, mode=UpdateMode.REPLACE)


@pytest.mark.parametrize(("name", "value"), EDITED)
def test_a_row_that_was_edited_by_hand_stops_no_call(
    name: str, value: object, api: Api, table: TableClient, ns: str
) -> None:
    for key in ("bad", "good"):
        assert api.store(ns, key, "v").status_code == 201
    edit(table, "bad", name, value)

    # Only what can be read is there, for the calls that list, which read no values, and those that ask.
    listed = api.ask("GET", "keylist", ns).json()["keys"]
    assert listed == [{"key": key} for key in (("bad", "good") if name == "value" else ("good",))]
    assert ns in api.ask("GET", "keyvaluesnamespaces").json()
    assert api.value(ns, "good") == "v"
    assert api.ask("GET", "keyvalues", ns, params={"key": "bad"}).status_code == 400
    exists = api.ask("GET", "keyvalues", ns, "keyexists", params={"key": "bad"})
    assert (exists.status_code, exists.json()) == (200, {"keyExists": False, "keyValue": {}})
    # It can be removed, and made good by storing it again.
    assert api.ask("DELETE", "keyvalues", ns, "bad").status_code == 400
    assert len(kept_in(table)) == 1
    assert api.store(ns, "bad", "w").status_code == 201
    assert api.value(ns, "bad") == "w"
    edit(table, "bad", name, value)
    assert api.store(ns, "bad", "x").status_code == 201
    assert api.value(ns, "bad") == "x"
    edit(table, "bad", name, value)
    assert api.ask("DELETE", "keyvalues", ns).status_code == 204
    assert kept_in(table) == []


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value in EDITED if name != "value"])
def test_a_namespace_of_such_rows_alone_is_none(
    name: str, value: object, api: Api, table: TableClient, ns: str
) -> None:
    for key in ("one", "two"):
        api.store(ns, key, "v")
        edit(table, key, name, value)

    assert ns not in api.ask("GET", "keyvaluesnamespaces").json()
    assert api.ask("GET", "keylist", ns).status_code == 400
    assert api.ask("DELETE", "keyvalues", ns).status_code == 400
    assert kept_in(table) == []


@pytest.mark.parametrize(("name", "value"), EDITED)
def test_the_clean_up_passes_over_such_rows_and_removes_the_others(
    name: str, value: object, table: TableClient, kept: KeyValueStore, ns: str
) -> None:
    kept.store([pair(ns, "bad"), pair(ns, "old", seconds=1), pair(ns, "lives")], NOON)
    edit(table, "bad", name, value)

    assert kept.clean_up(NOON + 2 * SECOND, 60) == 1
    assert len(kept_in(table)) == 2


def test_a_row_that_can_not_be_read_is_told_in_the_log(
    table: TableClient, kept: KeyValueStore, ns: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept.store([pair(ns, "bad", "SECRET")], NOON)
    edit(table, "bad", "value", 5)
    assert kept.value(ns, "bad", NOON) is None

    [line] = [record.getMessage() for record in caplog.records]
    assert "is unreadable: ValueError('value is no text')" in line
    assert '"action": "row_unreadable"' in line


def test_the_clean_up_spares_what_was_renewed(
    table: TableClient, storage: FaultyStorage, kept: KeyValueStore, ns: str
) -> None:
    kept.store([pair(ns, "old", seconds=1), pair(ns, "renewed", seconds=1)], NOON)
    kept.store([pair(ns, "lives", seconds=9), pair(ns, "for ever")], NOON)
    storage.forget()
    storage.fault("slow", match="$batch", seconds=8, count=1)
    with ThreadPoolExecutor() as threads:
        cleaned = threads.submit(kept.clean_up, NOON + 2 * SECOND, 60)
        until(lambda: any("$batch" in path for _, path, _ in storage.requests))
        kept.store([pair(ns, "renewed", seconds=9)], NOON + 2 * SECOND)
        storage.no_faults()
        cleaned.result()

    assert {row["key"] for row in kept_in(table)} == {"renewed", "lives", "for ever"}


# --- what calls cost, however much is kept


def _no_records() -> Any:
    raise AssertionError("a reading has no record")


NO_AUDIT = AuditTrail(_no_records)
DAY_AFTER = NOON + timedelta(days=1)
COSTS_NO_VALUES: dict[str, tuple[Callable[[KeyValueStore, str], object], object]] = {
    "a key that is not there": (
        lambda kept, ns: KeepKeyValues(kept=kept, audit=NO_AUDIT).find(ns, "absent", NOON),
        None,
    ),
    "the keys of a namespace": (lambda kept, ns: len(kept.keys(ns, NOON)), 100),
    "the namespaces": (lambda kept, ns: ns in kept.namespaces(NOON), True),
    "a namespace that is removed": (lambda kept, ns: kept.delete_namespace(ns, NOON), True),
    "what has expired": (lambda kept, _: kept.clean_up(DAY_AFTER, 60), 100),
}


@pytest.mark.parametrize(("act", "answer"), COSTS_NO_VALUES.values(), ids=COSTS_NO_VALUES)
def test_large_values_fill_no_memory_where_names_are_enough(
    act: Callable[[KeyValueStore, str], object], answer: object, table: TableClient, kept: KeyValueStore, ns: str
) -> None:
    assert list(table.list_entities()) == []  # made, and empty
    for part in range(10):
        kept.store([pair(ns, f"{part}{key}", "x" * 32_768, seconds=60) for key in range(10)], NOON)

    tracemalloc.start()
    try:
        assert act(kept, ns) == answer
        assert tracemalloc.get_traced_memory()[1] < 1_500_000  # the values alone are 3.3 MB
    finally:
        tracemalloc.stop()


def test_one_row_tells_whether_a_namespace_holds_something(
    table: TableClient, storage: FaultyStorage, kept: KeyValueStore, ns: str
) -> None:
    kept.store([pair(ns, f"{key}") for key in range(50)], NOON)
    edit(table, "7", "namespace", 5)
    storage.forget()

    assert kept.holds(ns, NOON)
    assert {parse_qs(path.partition("?")[2])["$top"][0] for _, path, _ in storage.requests} == {"1"}


def test_namespaces_are_listed_by_pages_and_a_large_one_is_passed_over(
    table: TableClient, storage: FaultyStorage, kept: KeyValueStore, ns: str
) -> None:
    assert list(table.list_entities()) == []
    small = [f"{ns}{number:04}" for number in range(1_200)]
    kept.store([pair(each, seconds=60) for each in small], NOON)
    kept.store([pair(ns, f"{key}", seconds=60) for key in range(2_500)], NOON)
    kept.store([pair(f"{ns}gone", seconds=1)], NOON)
    storage.forget()

    assert kept.namespaces(NOON + 2 * SECOND) == [ns, *small]
    assert len(storage.requests) <= 3
    kept.clean_up(DAY_AFTER, 60)


def test_the_clean_up_ends_in_time_and_goes_on_where_it_ended(table: TableClient, kept: KeyValueStore, ns: str) -> None:
    kept.store([pair(ns, f"{key}", seconds=1) for key in range(250)] + [pair(ns, "lives")], NOON)

    assert [kept.clean_up(DAY_AFTER, 0) for _ in range(4)] == [100, 100, 50, 0]
    assert [row["key"] for row in kept_in(table)] == ["lives"]
