from datetime import timedelta
from typing import Any

import pytest

from shared.core.tasks import Property, StartFilter, Task
from shared.qrs.entities import read

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
SOUND: dict[str, Any] = {
    "id": ONE,
    "name": "Sound",
    "enabled": True,
    "tags": [{"id": TWO, "name": "a"}],
    "customProperties": [{"value": "red", "definition": {"name": "colour"}}],
}
RED = Property(name="colour", value="red")
AS_READ = Task(id=ONE, name="Sound", tags=frozenset({"a"}), properties=frozenset({RED}))
NO_SKEW = timedelta()


def entity(**changes: Any) -> dict[str, Any]:
    return SOUND | {"id": TWO} | changes


@pytest.mark.parametrize(
    ("odd", "oddity"),
    [
        ("x", "a text is no task"),
        (None, "null is no task"),
        (17, "a number is no task"),
        ([SOUND], "a list is no task"),
        ({}, "an entity with the id null is no task"),
        (entity(id=None), "an entity with the id null is no task"),
        (entity(id=17), "an entity with the id a number is no task"),
        (entity(id="../about"), "an entity with the id a text is no task"),
        (entity(id=f"{TWO}\n"), "an entity with the id a text is no task"),
        (entity(id={"value": TWO}), "an entity with the id an object is no task"),
        (entity(id="x" * 10_000), "an entity with the id a text is no task"),
    ],
)
@pytest.mark.parametrize("odd_first", [True, False])
def test_what_is_no_task_hides_no_task(odd: object, oddity: str, *, odd_first: bool) -> None:
    found = read([odd, SOUND] if odd_first else [SOUND, odd], NO_SKEW)

    assert found.tasks == [AS_READ]
    assert found.oddities == [oddity]


@pytest.mark.parametrize(
    ("changes", "read_as", "oddity"),
    [
        ({"name": None}, {"name": ""}, "its name is null"),
        ({"name": 17}, {"name": ""}, "its name is a number"),
        ({"tags": [{"id": TWO}, {"name": "a"}]}, {}, "an object among its tags can't be read"),
        ({"tags": [{"name": None}]}, {"tags": frozenset()}, "an object among its tags can't be read"),
        ({"tags": [None, {"name": "a"}]}, {}, "null among its tags can't be read"),
        ({"tags": ["a"]}, {"tags": frozenset()}, "a text among its tags can't be read"),
        ({"tags": [["name"]]}, {"tags": frozenset()}, "a list among its tags can't be read"),
        ({"tags": {"name": "a"}}, {"tags": frozenset()}, "its tags are an object"),
        ({"tags": "a"}, {"tags": frozenset()}, "its tags are a text"),
        (
            {"customProperties": [{"value": "red", "definition": None}]},
            {"properties": frozenset()},
            "an object among its customProperties can't be read",
        ),
        (
            {"customProperties": [{"value": None, "definition": {"name": "colour"}}, *SOUND["customProperties"]]},
            {},
            "an object among its customProperties can't be read",
        ),
        ({"customProperties": [1]}, {"properties": frozenset()}, "a number among its customProperties can't be read"),
    ],
)
def test_of_an_odd_task_what_is_sound_is_used(changes: dict[str, Any], read_as: dict[str, Any], oddity: str) -> None:
    found = read([entity(**changes), SOUND], NO_SKEW)

    expected: dict[str, Any] = {"name": "Sound", "tags": AS_READ.tags, "properties": AS_READ.properties} | read_as
    assert found.tasks == [Task(id=TWO, **expected), AS_READ]
    assert found.oddities == [f"task {TWO}: {oddity}"]


@pytest.mark.parametrize("nothing", [{"tags": None}, {"tags": []}, {"customProperties": None}, {"operational": None}])
def test_what_is_not_there_is_not_odd(nothing: dict[str, Any]) -> None:
    assert read([entity(**nothing)], NO_SKEW).oddities == []


@pytest.mark.parametrize("tag", [None, {}, {"name": None}, {"name": ["a"]}, ["a"], "a"])
def test_an_odd_tag_never_widens_what_may_be_started(tag: object) -> None:
    nothing: frozenset[Any] = frozenset()
    start_filter = StartFilter(task_ids=nothing, tags=frozenset({"a", "", "None"}), properties=nothing)
    [task] = read([entity(tags=[tag])], NO_SKEW).tasks

    assert not start_filter.allows(task)
