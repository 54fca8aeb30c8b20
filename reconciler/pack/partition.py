"""The exact search: the cheapest partition of a few outlines, proved to be so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.pack.groups import Groups
from reconciler.pack.shape import cost

NODES: Final = 10_000
"""Partial partitions that one search looks at, some 50 ms; then it gives up the proof."""


@dataclass(frozen=True, slots=True)
class Partition:
    """What an exact search found.

    Attributes:
        groups: the cheapest partition seen; None when none is below the given cost.
        proved: whether all were looked at or ruled out.
    """

    groups: Groups | None
    proved: bool


def cheapest_partition(
    outlines: Sequence[int], most: int, below: int, nodes: int = NODES
) -> Partition:
    """Search all partitions of the outlines into at most `most` groups.

    Adding an outline to a group never makes the group cheaper, so whatever costs `below` while it
    is still incomplete is left. The dearest outlines are placed first, where they differ most.

    Args:
        below: only partitions that cost less are of interest.
        nodes: how many partial partitions are looked at.
    """
    search = _Search(sorted(outlines, key=lambda o: (-cost(o), o)), most, below, nodes)
    search.place(0, 0)
    best = None if search.best is None else Groups.of(search.best)
    return Partition(best, search.nodes > 0)


class _Search:
    def __init__(self, outlines: list[int], most: int, below: int, nodes: int) -> None:
        self.outlines = outlines
        self.most = most
        self.below = below
        self.nodes = nodes
        self.best: list[list[int]] | None = None
        self._members: list[list[int]] = []
        self._covers: list[int] = []

    def place(self, position: int, total: int) -> None:
        """Try every group for the outline at a position, those that cost least first."""
        self.nodes -= 1
        if self.nodes <= 0:
            return
        if position == len(self.outlines):
            self.below = total
            self.best = [list(group) for group in self._members]
            return
        outline = self.outlines[position]
        choices = [
            (cost(cover | outline) - cost(cover), group) for group, cover in enumerate(self._covers)
        ]
        if len(self._covers) < self.most:
            choices.append((cost(outline), len(self._covers)))
        for added, group in sorted(choices):
            if total + added >= self.below:
                return
            self._try(group, outline, position, total + added)

    def _try(self, group: int, outline: int, position: int, total: int) -> None:
        if group == len(self._covers):
            self._members.append([outline])
            self._covers.append(outline)
            self.place(position + 1, total)
            self._members.pop()
            self._covers.pop()
        else:
            cover = self._covers[group]
            self._members[group].append(outline)
            self._covers[group] = cover | outline
            self.place(position + 1, total)
            self._members[group].pop()
            self._covers[group] = cover
