"""The JSON of START_TASK_FILTER, which narrows a caller of CALLERS too."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.core.tasks import Property, StartFilter, is_guid
from shared.setting_texts import repeated


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    name: str
    value: str


class _AllowList(BaseModel):
    """What is allowed. A misspelt key is refused: an empty list would silently forbid everything."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    task_ids: list[str] = Field(default=[], alias="taskIds")
    tags: list[str] = []
    custom_properties: list[_Pair] = Field(default=[], alias="customProperties")


def start_filter(text: str) -> StartFilter:
    """Return the filter that a text of JSON says; raises ValueError."""
    return start_filter_of(json.loads(text))


def start_filter_of(said: Any) -> StartFilter:
    """Return the filter that a value of JSON says; raises ValueError."""
    try:
        allowed = _AllowList.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise ValueError(f"{repeated(place)}: {first['msg']}") from None
    if wrong := [task_id for task_id in allowed.task_ids if not is_guid(task_id)]:
        raise ValueError(f"taskIds: {repeated(repr(wrong[0]))} is no GUID")
    return StartFilter(
        task_ids=frozenset(task_id.lower() for task_id in allowed.task_ids),
        tags=frozenset(allowed.tags),
        properties=frozenset(Property(name=pair.name, value=pair.value) for pair in allowed.custom_properties),
    )
