"""The answers of the stand-in: status, body and content type, and refusals that end a request."""

import json
from dataclasses import dataclass

_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"

ZERO_GUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: status, body, content type, and the Set-Cookie of a new session."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    cookie: str | None = None


class Refused(Exception):
    """The request ends here, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


NO_CONTENT = Answer(204)


def json_bytes(value: object) -> bytes:
    """Return the value as compact JSON, as QRS writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def json_answer(value: object, status: int = 200) -> Answer:
    """Return an answer with the value as JSON."""
    return Answer(status, json_bytes(value), _JSON)


def ready_json(body: bytes, status: int = 200) -> Answer:
    """Return an answer with a body that is JSON already."""
    return Answer(status, body, _JSON)


def text(status: int, message: str) -> Answer:
    """Return an answer in plain text."""
    return Answer(status, message.encode(), _TEXT)


def html(status: int, title: str) -> Answer:
    """Return an answer with a web page of this title."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), _HTML)


def refused(status: int, message: str) -> Refused:
    """Return the refusal of a request, to be raised."""
    return Refused(text(status, message))
