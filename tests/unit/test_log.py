"""What stands in a line of the log, which is all that Azure's worker hands on."""

import json
import logging

import pytest

from shared.log import log_of

log = log_of("tests.unit.test_log")


def test_a_line_is_a_sentence_and_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log.info("Started %d of %s", 2, "100 %", extra={"action": "tasks_started", "task": "100 % åäö", "reason": None})

    [record] = caplog.records
    sentence, _, fields = record.getMessage().partition(" {")
    assert sentence == "Started 2 of 100 %"
    assert json.loads("{" + fields) == {"action": "tasks_started", "task": "100 % åäö", "reason": None}
    assert vars(record)["action"] == "tasks_started"


@pytest.mark.parametrize("sentence", ["50 % of it", 'with {"braces"}', "%s"])
def test_a_sentence_without_arguments_stays_as_it_is(sentence: str, caplog: pytest.LogCaptureFixture) -> None:
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
