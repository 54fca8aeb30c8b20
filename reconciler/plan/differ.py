"""The difference of two mappings, of anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Difference(Generic[V]):
    """What turns one mapping into another; each part sorted by key.

    Attributes:
        changed: pairs of before and after.
    """

    added: Mapping[str, V]
    removed: Mapping[str, V]
    changed: Mapping[str, tuple[V, V]]


def difference(
    before: Mapping[str, V], after: Mapping[str, V], same: Callable[[V, V], bool]
) -> Difference[V]:
    """Compare by key; values under the same key are unchanged if ``same`` says so."""
    return Difference(
        added={key: after[key] for key in sorted(after.keys() - before.keys())},
        removed={key: before[key] for key in sorted(before.keys() - after.keys())},
        changed={
            key: (before[key], after[key])
            for key in sorted(before.keys() & after.keys())
            if not same(before[key], after[key])
        },
    )
