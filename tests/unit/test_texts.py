import math

import pytest

from shared.api.edge.texts import as_text


# As `String(value)` gave them in Node.js, but for the whole numbers that JavaScript would round.
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2024, "2024"),
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-17.0, "-17"),
        (12.5, "12.5"),
        (0.1, "0.1"),
        (100.0, "100"),
        (1e16, "10000000000000000"),
        (1.2345678901234568e20, "123456789012345680000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (1e-6, "0.000001"),
        (1.234e-6, "0.000001234"),
        (1e-7, "1e-7"),
        (-1.5e-7, "-1.5e-7"),
        (5e-324, "5e-324"),
        (True, "true"),
        (False, "false"),
        (9_007_199_254_740_993, "9007199254740993"),
    ],
)
def test_a_number_is_read_as_javascript_writes_it(value: float, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("value", ["", "1.0", " x ", None, [], [1], {}, {"a": 1}])
def test_what_is_no_number_stays_as_it_is(value: object) -> None:
    assert as_text(value) is value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_number_of_json_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="a number or a text is expected"):
        as_text(value)
