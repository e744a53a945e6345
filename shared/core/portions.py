"""Cut what is too much for one message into portions."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def portions(
    items: Iterable[Item], *, most: int, size_of: Callable[[Item], int], most_size: int
) -> Iterator[list[Item]]:
    """Give the items in portions of at most so many and so much; one that is too large comes alone."""
    portion: list[Item] = []
    size = 0
    for item in items:
        its_size = size_of(item)
        if portion and (len(portion) == most or size + its_size > most_size):
            yield portion
            portion, size = [], 0
        portion.append(item)
        size += its_size
    if portion:
        yield portion
