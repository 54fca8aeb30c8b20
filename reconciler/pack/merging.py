"""Greedy merging: from every outline by itself to as few groups as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.pack.groups import Groups
from reconciler.pack.shape import cost

MERGED_IN_PAIRS: Final = 250
"""So many outlines are merged pair by pair, the dearest ones; the others join where they cost
least. Pairs grow with the square."""


def merged(outlines: Sequence[int], most: int) -> Iterator[Groups]:
    """Merge outlines, always the pair that adds least to the cost.

    Args:
        outlines: at least one, the dearest first.
        most: the largest number of groups that is asked for.

    Yields:
        The groups after each merge from `most` groups (or as many as there are outlines) down to
        one, the fewest first.
    """
    paired, joining = outlines[:MERGED_IN_PAIRS], outlines[MERGED_IN_PAIRS:]
    for step in reversed(_pairwise(paired, most)):
        groups = Groups.of(step)
        for outline in joining:
            groups.insert(outline)
        yield groups


def _pairwise(outlines: Sequence[int], most: int) -> list[list[list[int]]]:
    groups = [[outline] for outline in outlines]
    covers = list(outlines)
    costs = [cost(outline) for outline in outlines]
    alive = list(range(len(groups)))
    nearest: dict[int, tuple[int, int]] = {}

    def added(first: int, second: int) -> int:
        return cost(covers[first] | covers[second]) - costs[first] - costs[second]

    def find(group: int) -> None:
        others = ((added(group, other), other) for other in alive if other != group)
        nearest[group] = min(others, default=(0, group))

    for group in alive:
        find(group)
    steps = []
    while True:
        if len(alive) <= most:
            steps.append([list(groups[group]) for group in alive])
        if len(alive) == 1:
            return steps
        into = min(alive, key=lambda group: (nearest[group][0], group))
        other = nearest[into][1]
        alive.remove(other)
        groups[into] += groups[other]
        covers[into] |= covers[other]
        costs[into] = cost(covers[into])
        for group in alive:
            if nearest[group][1] in {into, other}:
                find(group)
            elif group != into:
                nearest[group] = min(nearest[group], (added(group, into), into))
        find(into)
