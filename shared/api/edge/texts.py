"""Text in JSON: Butler's clients send numbers and booleans where a text is expected."""

import json
import math
from decimal import Decimal
from typing import Any

# Between these limits JavaScript writes a number without an exponent.
PLAIN_FROM, PLAIN_BELOW = 1e-6, 1e21


def as_text(value: Any) -> Any:
    """Return a number or a boolean as the text that JavaScript writes for it, and anything else unchanged.

    Butler reads with JavaScript (ECMA-262, Number::toString). A whole number keeps all its digits, also those that
    JavaScript would round off. Raises ValueError for a number that JSON can't express.
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
