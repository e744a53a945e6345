"""Decide what is wrong with an answer."""

import json

from trials.hostile.attempts import Attempt
from trials.hostile.wire import Received

SLOW_SECONDS = 1.0
JSON_TYPE = "application/json; charset=utf-8"
# If two requests start one task at once, Sense answers the second that it runs already.
RUNS_ALREADY = b"running already"


def wrong(attempt: Attempt, received: Received) -> str | None:
    """Return what is wrong with the answer, or None; its duration does not count."""
    if received.status == 0:
        return f"no answer: {received.body.decode()}"
    if received.status >= 500 and not _is_explained(attempt, received):
        return f"answered {received.status}"
    return _no_envelope(attempt, received) if 400 <= received.status < 500 else None


def _is_explained(attempt: Attempt, received: Received) -> bool:
    """Return whether the 5xx reports a known state, rather than a failure of Footman."""
    if attempt.about == "health":
        return received.status == 503
    return attempt.about.startswith("reloadtask") and received.status == 502 and RUNS_ALREADY in received.body


def _no_envelope(attempt: Attempt, received: Received) -> str | None:
    if received.content_type != JSON_TYPE:
        return f"answered {received.status} with {received.content_type or 'no type'}"
    if attempt.method == "HEAD" or (not received.body and _asks_for_head(attempt)):
        return None
    try:
        envelope = json.loads(received.body)
    except ValueError:
        return f"answered {received.status} with what is no JSON"
    is_envelope = isinstance(envelope, dict) and list(envelope) == ["statusCode", "error", "message"]
    return (
        None
        if is_envelope and envelope["statusCode"] == received.status
        else f"answered {received.status} without envelope"
    )


def _asks_for_head(attempt: Attempt) -> bool:
    return attempt.method == "POST" and ("X-HTTP-Method-Override", "HEAD") in attempt.headers
