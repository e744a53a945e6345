"""A request that can't be obeyed: a 400 that names place and value, and nothing is asked of Sense."""

import gzip
import json

import pytest
import requests

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"


def by_tag(tag: object) -> dict[str, object]:
    return {"type": "starttasktag", "payload": {"tag": tag}}


def by_id(task_id: object) -> dict[str, object]:
    return {"type": "starttaskid", "payload": {"taskId": task_id}}


def by_property(**payload: object) -> dict[str, object]:
    return {"type": "starttaskcustomproperty", "payload": payload}


def pair(**payload: object) -> dict[str, object]:
    return {"type": "keyvaluestore", "payload": {"namespace": "n", "key": "k", "value": "v"} | payload}


TYPES = "use 'starttaskid', 'starttasktag', 'starttaskcustomproperty', 'keyvaluestore'"
ITEMS: list[tuple[object, str]] = [
    ({}, "body must be array"),
    (None, "body must be array"),
    ("[]", "body must be array"),
    (["x"], 'body[0]: "x" is not allowed; an object is expected'),
    ([None], "body[0]: null is not allowed; an object is expected"),
    ([[]], "body[0]: [] is not allowed; an object is expected"),
    ([{}], "body[0].type is missing"),
    ([{"type": "bogus", "payload": {}}], f'body[0].type: "bogus" is not allowed; {TYPES}'),
    ([{"type": 17, "payload": {}}], f'body[0].type: "17" is not allowed; {TYPES}'),
    ([by_id(APP1), {"type": "starttaskid"}], "body[1].payload is missing"),
    ([{"type": "starttaskid", "payload": None}], "body[0].payload: null is not allowed; an object is expected"),
    ([{"type": "starttaskid", "payload": []}], "body[0].payload: [] is not allowed; an object is expected"),
    ([{"type": "starttaskid", "payload": {}}], "body[0].payload.taskId is missing"),
    ([by_id(17)], "body[0].payload.taskId: 17 is not allowed; a text is expected"),
    ([by_id(None)], "body[0].payload.taskId: null is not allowed; a text is expected"),
    ([by_id([APP1])], f'body[0].payload.taskId: ["{APP1}"] is not allowed; a text is expected'),
    ([{"type": "starttasktag", "payload": {"Tag": "a"}}], "body[0].payload.tag is missing"),
    ([by_tag("")], 'body[0].payload.tag: "" is not allowed; it must not be empty'),
    ([by_tag("a\nb")], r'body[0].payload.tag: "a\nb" is not allowed; control characters have no place here'),
    ([by_tag("x" * 257)], "at most 256 characters fit"),
    ([by_property(customPropertyName="a")], "body[0].payload.customPropertyValue is missing"),
    ([by_property(customPropertyValue="a")], "body[0].payload.customPropertyName is missing"),
    ([by_property(customPropertyName="a", customPropertyValue=None)], "customPropertyValue: null is not allowed"),
    ([by_property(customPropertyName={}, customPropertyValue="a")], "customPropertyName: {} is not allowed"),
    ([by_tag(None)], "body[0].payload.tag: null is not allowed; a text is expected"),
    ([by_tag(["a"])], 'body[0].payload.tag: ["a"] is not allowed; a text is expected'),
    ([by_tag({})], "body[0].payload.tag: {} is not allowed; a text is expected"),
    ([by_tag(10**300)], "at most 256 characters fit"),
    ({"tag": "a"}, "body must be array"),
    ({"entries": [by_tag("a")]}, "body must be array"),
    (by_tag(None), "body[0].payload.tag: null is not allowed; a text is expected"),
    ({"type": "bogus", "payload": {}}, f'body[0].type: "bogus" is not allowed; {TYPES}'),
    ([pair(namespace=[5])], "body[0].payload.namespace: [5] is not allowed; a text is expected"),
    ([pair(value={"a": 1})], 'body[0].payload.value: {"a": 1} is not allowed; a text is expected'),
    ([pair(ttl=True)], "body[0].payload.ttl: true is not allowed; a number of milliseconds is expected"),
    ([pair(ttl=1e300)], "body[0].payload.ttl: 1"),
    ([pair(ttl="soon")], 'body[0].payload.ttl: "soon" is not allowed; a number of milliseconds is expected'),
    ([by_id(1)] * 5, "And 2 more."),
]


@pytest.mark.parametrize(("body", "message"), ITEMS)
def test_a_body_that_is_no_list_of_items_is_refused(
    body: object, message: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", data=json.dumps(body), timeout=30)

    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert message in answer.json()["message"]
    assert sense.log() == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[nope", "body is not valid JSON: expected ident at line 1 column 3"),
        (b"[", "body is not valid JSON"),
        (b'[{"type":"starttasktag","payload":{"tag":"\xff"}}]', "body is not UTF-8: byte 43 is 0xFF"),
        (b'[{"type":"starttasktag","payload":{"tag":"\\ud800"}}]', "body is not valid JSON"),
        (b"[" * 100_000, "body is not valid JSON: recursion limit"),
        (b"[" + b"9" * 10_000 + b"]", "body is not valid JSON"),
        ('[{"type":"starttasktag"}]'.encode("utf-16"), "body is not UTF-8 but UTF-16"),
        (b"[" + b"{}," * 300_000 + b"{}]", "body has too many items; at most 20,000 are allowed"),
        (b" " * (2 * 1024 * 1024), "body: 2,097,152 bytes are too many; at most 1,048,576 are allowed"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    body: bytes, message: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", data=body, timeout=30)

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)
    assert message in answer.json()["message"]
    assert sense.log() == []


BODIES = [
    ("PUT", f"/v4/reloadtask/{APP1}/start", [by_tag("Gösta")]),
    ("POST", f"/v4/reloadtask/{APP1}/start", [pair(value="Gösta")]),
    ("POST", "/v4/schedules", {"name": "Gösta"}),
    ("PUT", f"/v4/schedules/{APP1}", {"name": "Gösta"}),
    ("POST", "/v4/keyvalues/ns", {"key": "k", "value": "Gösta"}),
]


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("latin-1", "body is not UTF-8: byte "),
        ("cp1252", " is 0xF6. Send JSON in UTF-8"),
        ("utf-16", "body is not UTF-8 but UTF-16, as PowerShell"),
        ("utf-16-le", "body is not UTF-8 but UTF-16, as PowerShell"),
        ("utf-16-be", "body is not UTF-8 but UTF-16, as PowerShell"),
        ("gzip", "body is compressed with gzip"),
    ],
)
def test_a_body_in_another_encoding_is_told_as_such_on_every_path(
    encoding: str, told: str, method: str, path: str, body: object, footman: LocalHost, http: requests.Session
) -> None:
    text = json.dumps(body, ensure_ascii=False)
    raw = gzip.compress(text.encode()) if encoding == "gzip" else text.encode(encoding)
    answer = http.request(method, footman.url + path, data=raw, timeout=30)

    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert told in answer.json()["message"]
    assert "not valid JSON" not in answer.text


@pytest.mark.parametrize("name", ["allTaskIdsMustExist", "includeExecutionId"])
@pytest.mark.parametrize("text", ["yes", "1", "TRUE", "true,true"])
def test_a_flag_is_true_or_false(
    name: str, text: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", params={name: text}, timeout=30)

    assert answer.status_code == 400
    assert answer.json()["message"] == f'{name}: "{text}" is not allowed; use true or false.'
    assert sense.log() == []


@pytest.mark.parametrize(
    "task_id",
    [
        "abc123",
        "'",
        f"{APP1}' or 1 eq 1",
        f"{APP1} or id ne {APP1}",
        "{" + APP1 + "}",
        "åäö",
        "%",
        "+&#?",
        "..",
        APP1 + "\n",
    ],
)
def test_what_is_no_guid_is_invalid_and_never_reaches_sense(
    task_id: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = http.put(f"{footman.url}/v4/reloadtask/-/start", json=[by_id(task_id)], timeout=30)

    assert answer.status_code == 200
    assert answer.json()["tasksId"]["invalid"] == [{"taskId": task_id}]
    assert sense.log() == []


def test_an_id_in_the_path_is_read_as_it_was_meant(footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    answer = http.put(f"{footman.url}/v4/reloadtask/%27%20or%201%20eq%201%20%C3%A5/start", timeout=30)

    assert answer.json()["tasksId"]["invalid"] == [{"taskId": "' or 1 eq 1 å"}]
    assert sense.log() == []


def test_ten_thousand_unknown_ids_are_all_told(footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(10_000)]
    answer = http.put(f"{footman.url}/v4/reloadtask/-/start", json=[by_id(task_id) for task_id in ids], timeout=60)

    assert answer.status_code == 200
    assert [entry["taskId"] for entry in answer.json()["tasksId"]["invalid"]] == ids
    assert len(sense.log()) == 250


ODD = [
    "it's",
    "\\",
    "\\'",
    "''",
    'a"b',
    "åäö 日本 😀",
    "100%",
    "a&b",
    "a+b",
    "a#b",
    "a?b=c",
    "' or name ne '",
    "a/b;c",
    " ",
]


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_find_exactly_their_tasks(
    text: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    odd = {
        "id": "0dd00000-0000-4000-8000-000000000001",
        "name": f"Reload {text}",
        "enabled": True,
        "taskType": 0,
        "tags": [{"id": "0dd00000-0000-4000-8000-000000000002", "name": text}],
        "customProperties": [{"value": text, "definition": {"name": text}}],
    }
    other = odd | {"id": "0dd00000-0000-4000-8000-000000000003", "tags": [], "customProperties": []}
    sense.tasks([odd, other])
    items = [by_tag(text), by_property(customPropertyName=text, customPropertyValue=text)]
    answer = http.put(f"{footman.url}/v4/reloadtask/-/start", json=items, timeout=30)

    named = [{"taskId": odd["id"], "taskName": odd["name"]}]
    assert (answer.status_code, answer.json()["tasksTag"], answer.json()["tasksCP"]) == (200, named, named)
    assert [start["taskId"] for start in sense.starts()] == [odd["id"]]


def test_a_byte_order_mark_before_the_body_is_no_fault(
    footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    body = json.dumps([by_id(APP1)]).encode("utf-8-sig")
    answer = http.put(f"{footman.url}/v4/reloadtask/-/start", data=body, timeout=30)

    assert answer.status_code == 200
    assert [start["taskId"] for start in sense.starts()] == [APP1]


@pytest.mark.parametrize(
    "payload",
    [
        *({}, {"value": None}, {"value": ""}, {"value": 12.5}, {"value": True}),
        *({"ttl": "60000"}, {"ttl": ""}, {"ttl": -1}, {"ttl": 3600000.0}, {"ttl": "3600000.0"}, {"ttl": "3.6e6"}),
    ],
)
def test_key_values_as_butlers_clients_send_them_are_no_fault(
    payload: dict[str, object], footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    answer = http.put(f"{footman.url}/v4/reloadtask/{APP1}/start", json=[pair(**payload)], timeout=30)

    assert answer.status_code == 200
    assert [start["taskId"] for start in sense.starts()] == [APP1]


NUMBERS = [
    (2024, "2024"),
    (1.0, "1"),
    (0, "0"),
    (-2.5, "-2.5"),
    (1e-7, "1e-7"),
    (1e21, "1e+21"),
    (2**63, "9223372036854775808"),
    (True, "true"),
    (False, "false"),
]


@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_a_number_or_truth_value_finds_the_task_that_carries_its_text(
    number: float, text: str, footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    task = {"id": "0dd00000-0000-4000-8000-000000000001", "name": "Numbered", "enabled": True, "taskType": 0}
    carried = {"tags": [{"name": text}], "customProperties": [{"value": text, "definition": {"name": text}}]}
    sense.tasks([task | carried, task | {"id": "0dd00000-0000-4000-8000-000000000002"}])
    items = [by_tag(number), by_property(customPropertyName=number, customPropertyValue=number)]
    answer = http.put(f"{footman.url}/v4/reloadtask/-/start", json=items, timeout=30)

    named = [{"taskId": task["id"], "taskName": "Numbered"}]
    assert (answer.status_code, answer.json()["tasksTag"], answer.json()["tasksCP"]) == (200, named, named)
    assert [start["taskId"] for start in sense.starts()] == [task["id"]]


def test_one_item_alone_is_a_list_of_one(footman: LocalHost, http: requests.Session, sense: StandIn) -> None:
    answer = http.put(f"{footman.url}/v4/reloadtask/-/start", json=by_id(APP1), timeout=30)

    assert answer.status_code == 200
    assert [task["taskId"] for task in answer.json()["tasksId"]["started"]] == [APP1]
    assert [start["taskId"] for start in sense.starts()] == [APP1]
