"""What a pair may hold, and how long it lives."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.core.errors import CallerError
from shared.core.key_values import LONGEST_TTL_MS, KeyValue, check

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def pair(**changes: object) -> KeyValue:
    return KeyValue(**{"namespace": "ns", "key": "k", "value": "v", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ttl_ms", "expires"), [(None, None), (1, timedelta(milliseconds=1)), (60_000, timedelta(minutes=1))]
)
def test_a_pair_lives_as_long_as_it_was_told(ttl_ms: int | None, expires: timedelta | None) -> None:
    assert pair(ttl_ms=ttl_ms).expires(NOON) == (NOON + expires if expires else None)


@pytest.mark.parametrize(
    "most",
    [
        {"namespace": "å" * 300},
        {"key": "\x00/\\#?%" * 50},
        {"value": "x" * 32_768},
        {"value": "🦉" * 16_384},
        {"value": ""},
        {"ttl_ms": LONGEST_TTL_MS},
    ],
)
def test_the_most_that_storage_holds_is_taken(most: dict[str, object]) -> None:
    check(pair(**most))


@pytest.mark.parametrize(
    ("too_much", "text"),
    [
        ({"namespace": "n" * 301}, "namespace: 301 characters are too many; at most 300 are allowed."),
        ({"key": "k" * 301}, "key: 301 characters are too many; at most 300 are allowed."),
        ({"value": "x" * 32_769}, "value: 32,769 characters (as UTF-16 counts) are too many; at most 32,768"),
        ({"value": "🦉" * 16_385}, "value: 32,770 characters"),
        ({"ttl_ms": LONGEST_TTL_MS + 1}, "ttl: 3162240000001 ms is too long"),
    ],
)
def test_more_is_refused_with_the_limit(too_much: dict[str, object], text: str) -> None:
    with pytest.raises(CallerError) as caught:
        check(pair(**too_much))

    assert str(caught.value).startswith(text)
