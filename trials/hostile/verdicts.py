"""Say what is wrong with an answer."""

import json

from trials.hostile.attempts import Attempt
from trials.hostile.wire import Heard

SLOW_SECONDS = 1.0
JSON_TYPE = "application/json; charset=utf-8"
# Two at once ask Sense to start one task: the second is told that it runs.
RUNS_ALREADY = b"running already"


def wrong(attempt: Attempt, heard: Heard) -> str | None:
    """Return what must not be, None where all is well; how long it took is not looked at."""
    if heard.status == 0:
        return f"no answer: {heard.body.decode()}"
    if heard.status >= 500 and not _is_told(attempt, heard):
        return f"answered {heard.status}"
    return _no_envelope(attempt, heard) if 400 <= heard.status < 500 else None


def _is_told(attempt: Attempt, heard: Heard) -> bool:
    """Return whether the 5xx says how things stand, rather than that something broke."""
    if attempt.about == "health":
        return heard.status == 503
    return attempt.about.startswith("reloadtask") and heard.status == 502 and RUNS_ALREADY in heard.body


def _no_envelope(attempt: Attempt, heard: Heard) -> str | None:
    if heard.content_type != JSON_TYPE:
        return f"answered {heard.status} with {heard.content_type or 'no type'}"
    if attempt.method == "HEAD" or (not heard.body and _asks_for_head(attempt)):
        return None
    try:
        told = json.loads(heard.body)
    except ValueError:
        return f"answered {heard.status} with what is no JSON"
    is_envelope = isinstance(told, dict) and list(told) == ["statusCode", "error", "message"]
    return None if is_envelope and told["statusCode"] == heard.status else f"answered {heard.status} without envelope"


def _asks_for_head(attempt: Attempt) -> bool:
    return attempt.method == "POST" and ("X-HTTP-Method-Override", "HEAD") in attempt.headers
