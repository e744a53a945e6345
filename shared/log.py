r"""Lines of the log that people read and queries do: a sentence, then its fields as JSON.

Azure's worker hands on the text of a line and drops what stands in `extra`, so the fields stand in the text too. A
query finds them with extract(@'(\{"action".+\})', 1, message). infra/ has such queries; a test holds the two together.
"""

import json
import logging
from typing import Any


class Log(logging.LoggerAdapter[logging.Logger]):
    """A logger whose `extra` begins with `action`, a name that stays as it is, and holds what a query may ask for."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        fields = kwargs.get("extra")
        if not fields or not self.isEnabledFor(level):
            self.logger.log(level, msg, *args, **kwargs)
            return
        sentence = str(msg) % args if args else str(msg)
        self.logger.log(level, "%s %s", sentence, json.dumps(fields, ensure_ascii=False, default=str), **kwargs)


def log_of(module: str) -> Log:
    return Log(logging.getLogger(module))
