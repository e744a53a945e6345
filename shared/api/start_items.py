"""The items of a start request as they come over the wire, and the values they become."""

import json
import logging
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter

from shared.core.key_values import KeyValue
from shared.core.starts import NO_TASK, Property, StartRequest

log = logging.getLogger(__name__)

# More than the bytes of a body hold of real items; it bounds the work on unreal ones.
MOST_ITEMS = 20_000

# No name in Sense holds a control character, and a Windows server refuses a URL with one.
_Text = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Name = Annotated[_Text, StringConstraints(min_length=1)]


def as_text(value: Any) -> Any:
    """Butler's clients send numbers and truth values too; a reload script reads text."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def none_if_empty(value: Any) -> Any:
    """Butler's own load script sends the time to live as text, empty when there is none."""
    return None if value == "" else value


class _Wire(BaseModel):
    # Built at the first request, not at import: Azure waits for the import of the app before anything else.
    model_config = ConfigDict(defer_build=True)


class TaskIdPayload(_Wire):
    taskId: str  # noqa: N815 - the wire's name


class TagPayload(_Wire):
    tag: _Name


class CustomPropertyPayload(_Wire):
    customPropertyName: _Name  # noqa: N815 - the wire's name
    customPropertyValue: _Text  # noqa: N815 - the wire's name


class KeyValuePayload(_Wire):
    """A pair without namespace, key or value is dropped, as Butler does; one of a wrong type is an error."""

    namespace: str | None = None
    key: str | None = None
    value: Annotated[str | None, BeforeValidator(as_text)] = None
    ttl: Annotated[int | None, BeforeValidator(none_if_empty)] = None


class StartTaskId(_Wire):
    type: Literal["starttaskid"]
    payload: TaskIdPayload


class StartTaskTag(_Wire):
    type: Literal["starttasktag"]
    payload: TagPayload


class StartTaskCustomProperty(_Wire):
    type: Literal["starttaskcustomproperty"]
    payload: CustomPropertyPayload


class KeyValueStore(_Wire):
    type: Literal["keyvaluestore"]
    payload: KeyValuePayload


Item = StartTaskId | StartTaskTag | StartTaskCustomProperty | KeyValueStore
ITEM_TYPES = ("starttaskid", "starttasktag", "starttaskcustomproperty", "keyvaluestore")
ITEMS: TypeAdapter[list[Item]] = TypeAdapter(
    Annotated[list[Annotated[Item, Field(discriminator="type")]], Field(max_length=MOST_ITEMS)],
    config=ConfigDict(defer_build=True),
)


def start_request(task_id: str, items: Sequence[Item], *, all_task_ids_must_exist: bool) -> StartRequest:
    """Join the id of the path, `-` standing for none, with the items of the body."""
    of_path = [] if task_id == NO_TASK else [task_id]
    of_body = [item.payload.taskId for item in items if isinstance(item, StartTaskId)]
    properties = [item.payload for item in items if isinstance(item, StartTaskCustomProperty)]
    return StartRequest(
        task_ids=(*of_path, *of_body),
        tags=tuple(item.payload.tag for item in items if isinstance(item, StartTaskTag)),
        properties=tuple(
            Property(name=payload.customPropertyName, value=payload.customPropertyValue) for payload in properties
        ),
        all_task_ids_must_exist=all_task_ids_must_exist,
    )


def key_values(items: Sequence[Item]) -> list[KeyValue]:
    """Return the complete pairs among the items."""
    payloads = [item.payload for item in items if isinstance(item, KeyValueStore)]
    pairs = [
        KeyValue(
            namespace=payload.namespace,
            key=payload.key,
            value=payload.value,
            ttl_ms=payload.ttl if payload.ttl and payload.ttl > 0 else None,
        )
        for payload in payloads
        if payload.namespace and payload.key and payload.value
    ]
    if dropped := len(payloads) - len(pairs):
        log.warning("Dropped %d incomplete key-values", dropped, extra={"action": "key_values_dropped"})
    return pairs
