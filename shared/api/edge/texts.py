"""Text as JSON carries it: Butler's clients send numbers and truth values where a text is meant."""

import json
import math
from decimal import Decimal
from typing import Any

# Between these JavaScript writes a number without an exponent.
PLAIN_FROM, PLAIN_BELOW = 1e-6, 1e21


def as_text(value: Any) -> Any:
    """Return a number or a truth value as the text that JavaScript writes for it, and anything else as it is.

    Butler reads with JavaScript (ECMA-262, Number::toString). A whole number keeps all its digits, also those that
    JavaScript would round. Raises ValueError for a number that JSON has no word for.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number or a text is expected")
        return _number(value)
    return json.dumps(value) if isinstance(value, bool | int) else value


def _number(value: float) -> str:
    if value == 0:
        return "0"
    shortest = repr(value)
    if PLAIN_FROM <= abs(value) < PLAIN_BELOW:
        return f"{Decimal(shortest):f}".removesuffix(".0")
    return shortest.replace("e-0", "e-")
