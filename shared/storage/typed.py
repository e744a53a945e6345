"""Values of a row on the wire: each with the type that it has in storage.

Our own are texts and numbers. A column that somebody else wrote may be of any type, and goes back as it came.
https://learn.microsoft.com/rest/api/storageservices/payload-format-for-table-service-operations
"""

import json
import math
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from azure.data.tables import EntityProperty

Value = str | int | bool | float | datetime | UUID | bytes | EntityProperty

# Made once: json.dumps would make one for each row.
_ENCODER = json.JSONEncoder(allow_nan=False)


def json_of(row: Mapping[str, Any]) -> str:
    """Return the row as storage takes it; raises ValueError for a value of which it has no type."""
    typed: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, str):
            typed[name], typed[f"{name}@odata.type"] = value, "Edm.String"
        elif isinstance(value, float):
            typed[name], typed[f"{name}@odata.type"] = _real(value), "Edm.Double"
        elif isinstance(value, int):
            if not -(2**31) <= value < 2**31:  # larger ones are of another type, and travel as text
                raise ValueError(f"{name}: a whole number of 32 bits, not {value}")
            typed[name] = value
        else:
            typed[name], typed[f"{name}@odata.type"] = _foreign(name, value)
    return _ENCODER.encode(typed)


def _foreign(name: str, value: object) -> tuple[str, str]:
    """Return a value of a type that our own columns never have, as the library reads it, and the name of the type."""
    if isinstance(value, EntityProperty):
        return str(value.value), str(getattr(value.edm_type, "value", value.edm_type))
    if isinstance(value, datetime):
        # Storage counts in tenths of a microsecond; the library keeps what it said.
        exact = getattr(value, "tables_service_value", "")
        return exact or f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", "Edm.DateTime"
    if isinstance(value, UUID):
        return str(value), "Edm.Guid"
    if isinstance(value, bytes):
        return b64encode(value).decode(), "Edm.Binary"
    raise ValueError(f"{name}: no value of a row is a {type(value).__name__}")


def _real(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
