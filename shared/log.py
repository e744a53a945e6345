r"""Log lines for people and for queries: a sentence, then its fields as JSON.

Azure's worker passes on the text of a line and drops `extra`, so the fields are repeated in the text. FIELDS finds
them, here and in the queries of infra/: extract(@'(\{"action".+\})', 1, message). Whatever a sentence quotes, it
finds the fields that were written, and in a line without fields none; a test holds writer and reader together.

What a line quotes, and that of any library too, is shown without secrets and with nothing hidden in it.
"""

import json
import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any

from shared.foreign import holds_secret, legible, quotable, visible

# At DEBUG it logs every address with its query, whatever level the host sets for all.
logging.getLogger("urllib3").setLevel(logging.INFO)

FIELDS = re.compile(r'(\{"action".+\})')
# Application Insights cuts a line at 32,768 characters, and with it fields that come after a long sentence.
MOST = 32_000
_MOST_FIELDS = 16_000
_LONGEST_TEXT = 200
_Fields = Mapping[str, Any]


class Line(str):
    """A line that is written as it is."""

    __slots__ = ()


class Log(logging.LoggerAdapter[logging.Logger]):
    """A logger whose `extra` begins with `action`, a name that never changes, and holds what a query may filter by."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log the sentence with the fields of `extra` as JSON behind it."""
        fields = kwargs.get("extra")
        if not fields or not self.isEnabledFor(level):
            self.logger.log(level, msg, *args, **kwargs)
            return
        self.logger.log(level, written(str(msg) % args if args else str(msg), fields), **kwargs)


def log_of(module: str) -> Log:
    """Return the logger of a module, given its `__name__`."""
    return Log(logging.getLogger(module))


def written(sentence: str, fields: _Fields) -> Line:
    """Return the line of a sentence and its fields, the first of which is `action`."""
    told = json.dumps(fields, ensure_ascii=False, default=str)
    line = f"{sentence} {told}"
    if line.isprintable() and '"action"' not in sentence and len(told) <= _MOST_FIELDS and not holds_secret(line):
        told_sentence = sentence
    else:
        told, told_sentence = _told(fields), _sentence(sentence)
    return Line(f"{told_sentence[: MOST - len(told)]} {told}")


def fields_of(line: str) -> dict[str, Any] | None:
    """Return the fields of a line as a query reads them, None of one that has none."""
    found = FIELDS.search(line)
    return json.loads(found[1]) if found else None


def _sentence(text: str) -> str:
    """Return what a reader of fields finds none in."""
    return legible(text).replace('"action"', "'action'")


def _told(fields: _Fields) -> str:
    told = visible(json.dumps(_quotable(fields), ensure_ascii=False))
    if len(told) > _MOST_FIELDS:
        told = visible(json.dumps(_quotable(fields, _LONGEST_TEXT), ensure_ascii=False))
    return told


def _quotable(value: Any, most: int | None = None) -> Any:
    """Return a value for JSON without secrets, its texts cut to `most` characters."""
    if isinstance(value, Mapping):
        return {name: _quotable(each, most) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_quotable(each, most) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return quotable(str(value))[:most]


def _of_exception(error: BaseException) -> str:
    """Return the traceback; what an exception quotes can't look like another line of it, or like fields."""
    text = "".join(traceback.format_exception(error)).rstrip("\n")
    cause: BaseException | None = error
    while cause is not None:
        said = str(cause)
        if "\n" in said:
            text = text.replace(said, visible(said))
        cause = cause.__cause__ or cause.__context__
    return "\n".join(visible(line) for line in quotable(text).split("\n")).replace('"action"', "'action'")


_make = logging.getLogRecordFactory()


def _record(*args: Any, **named: Any) -> logging.LogRecord:
    """Make a record, also of a library that quotes what it was sent."""
    record = _make(*args, **named)
    if not isinstance(record.msg, Line):
        try:
            record.msg, record.args = Line(_sentence(record.getMessage())), ()
        except Exception:  # noqa: BLE001 - a fault of whoever logs, which logging tells when the line is written
            return record
    if record.exc_info and (error := record.exc_info[1]):
        record.exc_text = _of_exception(error)
    return record


logging.setLogRecordFactory(_record)
