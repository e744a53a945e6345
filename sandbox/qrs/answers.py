"""What the stand-in says: status, body and content type, and the refusals that end a request."""

import json
from dataclasses import dataclass

_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"

ZERO_GUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str | None = None
    cookie: str | None = None


class Refused(Exception):
    """A request that ends here, with the answer it gets."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


NO_CONTENT = Answer(204)


def json_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def json_answer(value: object, status: int = 200) -> Answer:
    return Answer(status, json_bytes(value), _JSON)


def ready_json(body: bytes, status: int = 200) -> Answer:
    return Answer(status, body, _JSON)


def text(status: int, message: str) -> Answer:
    return Answer(status, message.encode(), _TEXT)


def html(status: int, title: str) -> Answer:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), _HTML)


def refused(status: int, message: str) -> Refused:
    return Refused(text(status, message))
