"""Cut work into transactions."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

# A transaction takes 100 operations, and 4 MiB.
MOST_OPERATIONS = 100


def batches(items: Sequence[Item], operations_each: int) -> Iterator[Sequence[Item]]:
    """Give the items in groups that fit a transaction."""
    size = MOST_OPERATIONS // operations_each
    return (items[start : start + size] for start in range(0, len(items), size))
