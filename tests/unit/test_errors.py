"""What a caller did wrong is kept as data; the text that is answered is made of it."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from shared.api.edge.refusals import BodyRefused, FieldRefused, NotAllowed, PartMissing
from shared.core.callers import CallerRefused, RightMissing
from shared.core.errors import (
    CallerError,
    LivesTooLong,
    SettingsError,
    TaskForbidden,
    TooLong,
    UnknownKey,
    UnknownNamespace,
    UnknownSchedule,
    UnknownZone,
    WrongExpression,
)

ROOT = Path(__file__).parents[2]
OFF = FieldRefused("a", "is off")
NOT_ALLOWED = (
    "qlikSenseTaskId: 'x' is not allowed: START_TASK_FILTER, or the tasks that CALLERS gives you, have neither it nor "
    "one of its tags or custom properties, or Sense shows Footman no such task."
)
NOT_NAMED = (
    "CALLERS names nobody with the key or the identity of this request. Send the key of a caller in x-functions-key, "
    "or ask an administrator of Footman to add you."
)
RIGHT_MISSING = (
    "'a' may read, stop; this call needs the right 'write'. Ask an administrator of Footman to add it to CALLERS."
)
TAKEN_APART_BY = {"replace", "removeprefix", "removesuffix", "partition", "split", "strip", "rstrip", "lstrip"}
TAKEN_APART_BY |= {"sub", "match", "search", "fullmatch", "findall", "startswith", "endswith"}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TooLong("key", 301, 300), "key: 301 characters are too many; at most 300 are allowed."),
        (TooLong("key", 20_000, 300), "key: 20000 characters are too many; at most 300 are allowed."),
        (
            TooLong("body", 2_000_000, 10_000, "bytes"),
            "body: 2,000,000 bytes are too many; at most 10,000 are allowed.",
        ),
        (LivesTooLong(9, 8), "ttl: 9 ms is too long; at most 8 (a hundred years) is allowed."),
        (WrongExpression("* *", "why"), "cronSchedule: '* *' is not allowed: why."),
        (WrongExpression("*" * 128, "why"), f"cronSchedule: '{'*' * 128}' is not allowed: why."),
        (WrongExpression("*" * 129, "why"), f"cronSchedule: '{'*' * 128}'… is not allowed: why."),
        (UnknownZone("Mars", lambda: "; so?"), "timezone: 'Mars' is no IANA time zone; so?"),
        (UnknownZone("x" * 99, lambda: "."), f"timezone: '{'x' * 60}' is no IANA time zone."),
        (UnknownZone("Mars", lambda: ".", "--server-timezone"), "--server-timezone: 'Mars' is no IANA time zone."),
        (UnknownSchedule("x"), "REST SCHEDULER: Schedule ID x not found."),
        (UnknownNamespace("sales"), "Namespace not found: sales"),
        (UnknownKey("sales", "day"), "Key 'day' not found in namespace: sales"),
        (TaskForbidden("x"), NOT_ALLOWED),
        (CallerRefused(), NOT_NAMED),
        (RightMissing("a", "write", ["read", "stop"]), RIGHT_MISSING),
        (RightMissing("a", "write", []), RIGHT_MISSING.replace("read, stop", "nothing")),
        (NotAllowed("limit", "ten", "use digits"), 'limit: "ten" is not allowed; use digits.'),
        (NotAllowed("tags", "x" * 99, "no"), f'tags: "{"x" * 59}… is not allowed; no.'),
        (PartMissing(), "Required parameter is missing"),
        (PartMissing("body.value"), "Required parameter is missing: body.value."),
        (BodyRefused([OFF]), "a is off."),
        (BodyRefused([OFF, OFF]), "a is off. a is off."),
        (BodyRefused([OFF, OFF], more=2), "a is off. a is off. And 2 more."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_text_of_an_error_is_made_of_what_it_keeps(error: CallerError, text: str) -> None:
    assert str(error) == text


def test_settings_are_those_that_are_wrong_each_once() -> None:
    error = SettingsError(["QRS_URL", "QRS_JWT", "QRS_URL"], "QRS_URL: no, nor STORAGE_CONNECTION.")

    assert (error.names, str(error)) == (("QRS_URL", "QRS_JWT"), "QRS_URL: no, nor STORAGE_CONNECTION.")


def taken_apart(tree: ast.AST) -> Iterator[str]:
    """Yield where the text of an error that was caught is taken apart, or searched."""
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_text = any(is_text_of(caught, one) for one in (node.func.value, *node.args))
            if is_text and node.func.attr in TAKEN_APART_BY:
                yield ast.unparse(node)


def is_text_of(errors: Collection[str | None], node: ast.AST) -> bool:
    """Tell whether a value is str(error), or what another function made of the error."""
    return isinstance(node, ast.Call) and any(isinstance(one, ast.Name) and one.id in errors for one in node.args)


def test_no_text_of_an_error_is_taken_apart() -> None:
    files = [file for room in ("shared", "client") for file in (ROOT / room).rglob("*.py")]
    found = {file.name: list(taken_apart(ast.parse(file.read_text(encoding="utf-8")))) for file in files}

    assert {name: places for name, places in found.items() if places} == {}


def test_where_one_is_it_is_noticed() -> None:
    code = "try: work()\nexcept OSError as error: say(str(error).replace('a', 'b'))"

    assert list(taken_apart(ast.parse(code))) == ["str(error).replace('a', 'b')"]


def test_the_zone_that_was_meant_is_looked_for_when_somebody_reads_the_text() -> None:
    """It takes long, and wrong names may stand in thousands of rows."""
    asked: list[str] = []

    def hint() -> str:
        asked.append("Mars")
        return "."

    error = UnknownZone("Mars", hint)
    assert asked == []
    assert str(error) == "timezone: 'Mars' is no IANA time zone."
    assert asked == ["Mars"]
