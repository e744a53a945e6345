"""The items of a start request as callers send them, and their conversion to a start request."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter

from shared.api.edge.texts import as_text
from shared.api.key_values.wire import KeyValuePayload, complete
from shared.core.starts import NO_TASK, StartRequest
from shared.core.tasks import Property

# More real items than this do not fit into a body; the limit bounds the work on nonsense.
MOST_ITEMS = 20_000

# No name in Sense holds a control character, and a Windows server refuses a URL with one.
_PlainText = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
_PlainName = Annotated[_PlainText, StringConstraints(min_length=1)]
_Text = Annotated[_PlainText, BeforeValidator(as_text, json_schema_input_type=_PlainText | int | float | bool)]
_Name = Annotated[_PlainName, BeforeValidator(as_text, json_schema_input_type=_PlainName | int | float | bool)]


class _Wire(BaseModel):
    # Built at the first request, not at import: Azure waits for the import of the app before anything else.
    model_config = ConfigDict(defer_build=True)


class TaskIdPayload(_Wire):
    # A number can be no task id, and Butler refuses it too.
    taskId: str  # noqa: N815 - the wire's name


class TagPayload(_Wire):
    tag: _Name


class CustomPropertyPayload(_Wire):
    customPropertyName: _Name  # noqa: N815 - the wire's name
    customPropertyValue: _Text  # noqa: N815 - the wire's name


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
_OneItem = Annotated[Item, Field(discriminator="type")]
_Items = Annotated[list[_OneItem], Field(max_length=MOST_ITEMS)]


def _listed(value: Any) -> Any:
    """Turn a single item into a list: PowerShell's ConvertTo-Json unwraps a list of one."""
    return [value] if isinstance(value, dict) and "type" in value else value


ITEMS: TypeAdapter[list[Item]] = TypeAdapter(
    Annotated[_Items, BeforeValidator(_listed, json_schema_input_type=_Items | _OneItem)],
    config=ConfigDict(defer_build=True),
)


def start_request(task_id: str, items: Sequence[Item], *, all_task_ids_must_exist: bool) -> StartRequest:
    """Return the request for the id of the path, `-` meaning none, and the items of the body."""
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
        key_values=tuple(complete([item.payload for item in items if isinstance(item, KeyValueStore)])),
    )
