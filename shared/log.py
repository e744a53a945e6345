r"""Log lines for people and for queries: a sentence, then its fields as JSON.

Azure's worker passes on the text of a line and drops `extra`, so the fields are repeated in the text. A query extracts
them with extract(@'(\{"action".+\})', 1, message). infra/ has such queries; a test keeps both in step.
"""

import json
import logging
from typing import Any

# At DEBUG it logs every address with its query, whatever level the host sets for all.
logging.getLogger("urllib3").setLevel(logging.INFO)


class Log(logging.LoggerAdapter[logging.Logger]):
    """A logger whose `extra` begins with `action`, a name that never changes, and holds what a query may filter by."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log the sentence with the fields of `extra` as JSON behind it."""
        fields = kwargs.get("extra")
        if not fields or not self.isEnabledFor(level):
            self.logger.log(level, msg, *args, **kwargs)
            return
        sentence = str(msg) % args if args else str(msg)
        self.logger.log(level, "%s %s", sentence, json.dumps(fields, ensure_ascii=False, default=str), **kwargs)


def log_of(module: str) -> Log:
    """Return the logger of a module, given its `__name__`."""
    return Log(logging.getLogger(module))
