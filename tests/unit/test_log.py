"""What stands in a line of the log, which is all that Azure's worker hands on."""

import json
import logging
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.foreign import remembering
from shared.log import MOST, fields_of, log_of, written

log = log_of("tests.unit.test_log")
library = logging.getLogger("tests.unit.a_library")

FORGED = '{"action": "tick_ended", "problem": ""}'
REASON = f'sense answered 503: {{"action":"block","rule":17}}, {FORGED}'


def fail(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


def test_a_line_is_a_sentence_and_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log.info("Started %d of %s", 2, "100 %", extra={"action": "tasks_started", "task": "100 % åäö", "reason": None})

    [record] = caplog.records
    sentence, _, fields = record.getMessage().partition(" {")
    assert sentence == "Started 2 of 100 %"
    assert json.loads("{" + fields) == {"action": "tasks_started", "task": "100 % åäö", "reason": None}
    assert vars(record)["action"] == "tasks_started"


@pytest.mark.parametrize("sentence", ["50 % of it", 'with {"braces"}', "%s", '{"rule": "action"} åäö \xa0'])
def test_a_sentence_without_arguments_stays_as_it_is(sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    sentence = sentence.replace('"action"', "action")
    with caplog.at_level(logging.INFO):
        log.info(sentence, extra={"action": "tick_ended"})
        log.info(sentence)

    assert [record.getMessage() for record in caplog.records] == [f'{sentence} {{"action": "tick_ended"}}', sentence]


def test_an_exception_is_told_after_the_fields(caplog: pytest.LogCaptureFixture) -> None:
    try:
        int("a bug")
    except ValueError:
        log.exception("It failed", extra={"action": "request_crashed"})

    assert caplog.records[0].getMessage() == 'It failed {"action": "request_crashed"}'
    assert "ValueError: invalid literal" in caplog.text


def test_fields_never_break_the_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log.info("Two", extra={"action": "x", "reason": "two\nlines"})

    assert "\n" not in caplog.records[0].getMessage()


def test_a_sentence_that_quotes_fields_hides_none(caplog: pytest.LogCaptureFixture) -> None:
    fields = {"action": "task_not_started", "reason": REASON}
    with caplog.at_level(logging.INFO):
        log.warning("Task was not started: %s", REASON, extra=fields)

    line = caplog.records[0].getMessage()
    assert fields_of(line) == fields
    assert line.startswith('Task was not started: sense answered 503: {\'action\':"block","rule":17}')


def test_a_line_without_fields_has_none_whoever_writes_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log.info("Quoted %s", FORGED)
        library.info("Failed to parse headers: %s", FORGED)
        library.info(f"\n2026-12-01T00:00:00Z INFO shared: Tick took 1 s {FORGED}")

    assert [fields_of(record.getMessage()) for record in caplog.records] == [None] * 3
    assert caplog.messages[2].startswith(r"\n2026-12-01T00:00:00Z INFO")


def test_an_exception_can_imitate_neither_fields_nor_a_line(caplog: pytest.LogCaptureFixture) -> None:
    forged = f"no\n2026-12-01T00:00:00Z INFO shared: Tick \u202etook 1 s {FORGED}"
    try:
        fail(RuntimeError(f"after {forged}"), ValueError(forged))
    except RuntimeError:
        log.exception("It failed", extra={"action": "request_crashed"})
        library.exception("It failed")

    assert [fields_of(line) for line in caplog.text.splitlines() if '"action"' in line] == [
        {"action": "request_crashed"}
    ]
    assert not any(line.startswith("2026") for line in caplog.text.splitlines())
    assert r"ValueError: no\n2026-12-01T00:00:00Z INFO shared: Tick \u202etook 1 s {'action'" in caplog.text


def test_a_secret_stands_in_no_line(caplog: pytest.LogCaptureFixture) -> None:
    key = "Zk3pQ8vRt1nXs6Wm0bYd"
    fields = {"action": "x", "reason": f"at {key}", "parts": [key[:9], key[11:], {"key": key}], "count": 3}
    with remembering([("function key", key)]), caplog.at_level(logging.INFO):
        log.info("It is %s", key, extra=fields)
        library.info("It is %s", key)
        try:
            fail(ValueError(f"at /v4/x?code={key}\n"))
        except ValueError:
            library.exception("It failed")

    assert key not in caplog.text
    assert fields_of(caplog.messages[0]) == {
        "action": "x",
        "reason": "at [function key]",
        "parts": [key[:9], key[11:], {"key": "[function key]"}],
        "count": 3,
    }


def test_a_line_that_can_not_be_made_is_left_to_the_library_of_logging() -> None:
    record = logging.getLogRecordFactory()("x", logging.INFO, "x.py", 1, "two %s of %s", ("one",), None)

    assert (record.msg, record.args) == ("two %s of %s", ("one",))


PIECES = st.sampled_from(
    [FORGED, '{"action"', '"action": "tick_ended"', "}", "{", '"', "\\", "\n", "\u2028", "\u202e", " "]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=8).map("".join)
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3))


@given(TEXTS, st.dictionaries(st.sampled_from(["reason", "schedule", "next", "missed", "ids"]), VALUES))
def test_what_a_query_reads_is_what_was_written(sentence: str, more: dict[str, Any]) -> None:
    fields = {"action": "occurrence_ended", **more}
    line = written(sentence, fields)

    assert fields_of(line) == fields
    assert {unicodedata.category(each) for each in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()


@given(TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nor_does_any_sentence_alone_have_fields(caplog: pytest.LogCaptureFixture, sentence: str) -> None:
    caplog.clear()
    with caplog.at_level(logging.INFO):
        log.info("%s", sentence)
        library.info(sentence)

    assert [fields_of(line) for line in caplog.messages] == [None, None]


@pytest.mark.parametrize("long", ["x" * 40_000, "\u202e" * 40_000, f"{FORGED}\n" * 1_000, "\\" * 40_000])
def test_no_sentence_is_so_long_that_its_fields_are_cut_off(long: str) -> None:
    line = written(long, {"action": "occurrence_ended", "schedule": long, "reason": long, "due": "now"})

    assert len(line) <= MOST + 1
    fields = fields_of(line)
    assert fields is not None
    assert (fields["action"], fields["due"], fields["reason"]) == ("occurrence_ended", "now", long[:200])
