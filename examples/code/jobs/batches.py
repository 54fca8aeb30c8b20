"""Splits what is to be processed into batches."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most that size."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
