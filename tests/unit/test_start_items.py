import logging

import pytest

from shared.api.start_task.items import ITEMS, Item, start_request
from shared.core.key_values import KeyValue
from shared.core.starts import StartRequest
from shared.core.tasks import Property

ONE = "11111111-1111-4111-8111-111111111111"


def an_id(task_id: str) -> dict[str, object]:
    return {"type": "starttaskid", "payload": {"taskId": task_id}}


def a_pair(**payload: object) -> dict[str, object]:
    return {"type": "keyvaluestore", "payload": {"namespace": "n", "key": "k", "value": "v"} | payload}


def key_values(items: list[Item]) -> tuple[KeyValue, ...]:
    return start_request("-", items, all_task_ids_must_exist=False).key_values


def test_the_items_become_a_request_in_their_order() -> None:
    items = ITEMS.validate_python(
        [
            an_id("b"),
            {"type": "starttasktag", "payload": {"tag": "t"}},
            {
                "type": "starttaskcustomproperty",
                "payload": {"customPropertyName": "n", "customPropertyValue": "v"},
            },
            an_id("a"),
            a_pair(),
        ]
    )

    assert start_request(ONE, items, all_task_ids_must_exist=True) == StartRequest(
        task_ids=(ONE, "b", "a"),
        tags=("t",),
        properties=(Property(name="n", value="v"),),
        all_task_ids_must_exist=True,
        key_values=(KeyValue(namespace="n", key="k", value="v"),),
    )


def test_a_dash_in_the_path_is_no_task_and_one_in_the_body_an_invalid_id() -> None:
    assert start_request("-", ITEMS.validate_python([an_id("-")]), all_task_ids_must_exist=False).task_ids == ("-",)


def test_fields_that_nobody_asked_for_are_passed_over() -> None:
    [item] = ITEMS.validate_python([an_id(ONE) | {"comment": "mine"}])

    assert start_request("-", [item], all_task_ids_must_exist=False).task_ids == (ONE,)


@pytest.mark.parametrize(
    ("payload", "value", "ttl_ms"),
    [
        ({}, "v", None),
        ({"ttl": 60_000}, "v", 60_000),
        ({"ttl": "60000"}, "v", 60_000),
        ({"ttl": ""}, "v", None),
        ({"ttl": None}, "v", None),
        ({"ttl": 0}, "v", None),
        ({"ttl": -5}, "v", None),
        ({"ttl": 3_600_000.0}, "v", 3_600_000),
        ({"ttl": "3600000.0"}, "v", 3_600_000),
        ({"ttl": "3.6e6"}, "v", 3_600_000),
        ({"ttl": "3.6E+06"}, "v", 3_600_000),
        ({"ttl": " 60000 "}, "v", 60_000),
        ({"ttl": "  "}, "v", None),
        ({"ttl": 1500.7}, "v", 1500),
        ({"ttl": 0.5}, "v", 1),
        ({"ttl": "-0.5"}, "v", None),
        ({"ttl": -1e300}, "v", None),
        ({"value": 12.5}, "12.5", None),
        ({"value": 0}, "0", None),
        ({"value": False}, "false", None),
    ],
)
def test_a_pair_is_read_as_butlers_clients_write_it(payload: dict[str, object], value: str, ttl_ms: int | None) -> None:
    items = ITEMS.validate_python([a_pair(**payload)])

    assert key_values(items) == (KeyValue(namespace="n", key="k", value=value, ttl_ms=ttl_ms),)


@pytest.mark.parametrize("lacking", ["namespace", "key", "value"])
@pytest.mark.parametrize("as_what", ["", None])
def test_an_incomplete_pair_is_dropped_and_the_log_says_so(
    lacking: str, as_what: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    items = ITEMS.validate_python([a_pair(**{lacking: as_what}), a_pair()])
    with caplog.at_level(logging.WARNING):
        pairs = key_values(items)

    assert len(pairs) == 1
    assert "Dropped 1 incomplete key-values" in caplog.text
