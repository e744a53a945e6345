"""The ETag of a schedule, by which a caller can say which version of it they mean."""

from hashlib import sha256
from typing import TYPE_CHECKING

from shared.api.edge.http import as_json
from shared.api.schedules import wire

if TYPE_CHECKING:
    from shared.core.schedules import Schedule


def etag(kept: "Schedule") -> str:
    """Return the ETag of a schedule: it changes with what is answered, not with each run."""
    return f'"{sha256(as_json(wire.schedule(kept))).hexdigest()[:32]}"'


def header(kept: "Schedule") -> dict[str, str]:
    """Return the header that goes with a schedule."""
    return {"ETag": etag(kept)}
