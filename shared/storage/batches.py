"""Cut work into transactions."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from shared.storage.transaction import MOST_OPERATIONS

Item = TypeVar("Item")


def batches(items: Sequence[Item], operations_each: int) -> Iterator[Sequence[Item]]:
    """Give the items in groups of as many operations as a transaction takes."""
    size = MOST_OPERATIONS // operations_each
    return (items[start : start + size] for start in range(0, len(items), size))


def gathered(items: Iterable[Item], size: int = MOST_OPERATIONS) -> Iterator[list[Item]]:
    """Give the items in groups as they come, holding no more than one group."""
    coming = iter(items)
    while group := list(islice(coming, size)):
        yield group
