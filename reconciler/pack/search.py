"""The search for a cheap partition: merge, tidy, and take apart to put together better.

All of it is deterministic: limits are counts of steps, not seconds, and the generator of random
choices starts from the same seed each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from reconciler.pack.division import Division
from reconciler.pack.groups import Groups, union
from reconciler.pack.merging import merged
from reconciler.pack.partition import cheapest_partition
from reconciler.pack.rearranging import Effort, rearranged
from reconciler.pack.shape import cost

MOST_GROUPS: Final = 100
"""More slots than this are not used even where the budget has no limit."""
FOR_LARGE_SETS: Final = 20
PLACINGS: Final = 30_000
"""Outlines times groups, above which no more than `FOR_LARGE_SETS` groups are tried."""
FRUITLESS: Final = 3
"""Further groups in a row that may save nothing."""
EXACT: Final = 14
"""So many outlines or fewer are also searched exactly."""
REARRANGED: Final = 8
"""Up to so many groups are taken apart; with more there is little left to gain."""
ROUNDS: Final = 300
"""Rounds of taking apart in all, for each number of groups."""
WORK: Final = 40_000
"""Rounds times outlines, a bound for large sets."""
PATIENCE: Final = 60
"""Rounds that may fail in a row."""
LARGEST_MOVE: Final = 60
"""Outlines that may move in one round."""


def search(outlines: Sequence[int], budget: int | None, division: Division | None = None) -> Groups:
    """Return a cheap packing of the outlines into at most `budget` groups.

    A larger budget never costs more: the search for n groups starts from what it found for n - 1,
    with an empty group to fill, as well as from greedy merging.

    Args:
        outlines: at least one, the dearest first.
        budget: at least 1; None for no limit.
        division: how the outlines may be divided; None to keep each whole.

    Returns:
        Groups of outlines, or of pieces of them.
    """
    most = min(budget or MOST_GROUPS, _most_groups(len(outlines)))
    by_days = _whole(division.pieces.by_days, most) if division is not None else iter(())
    best = None
    fruitless = 0
    for whole in _whole(outlines, most):
        found = whole
        if division is not None:
            found = division.improved(whole, next(by_days, None), best)
        fruitless = fruitless + 1 if best is not None and found.total == best.total else 0
        best = found
        if fruitless == FRUITLESS:
            break
    assert best is not None
    return _condensed(best)


def _whole(outlines: Sequence[int], most: int) -> Iterator[Groups]:
    """Yield cheap partitions of the outlines into one group, two, and so on."""
    best = None
    for start in merged(outlines, most):
        candidates = [_tidied(start)]
        if best is not None:
            unused: list[list[int]] = [[] for _ in range(len(start.members) - len(best.members))]
            candidates.append(_tidied(Groups.of([*best.members, *unused])))
        best = _improved(min(candidates, key=lambda groups: groups.total), outlines)
        yield best


def _most_groups(outlines: int) -> int:
    """Return how many groups are ever tried: a limit on time that no budget may depend on."""
    return min(outlines, MOST_GROUPS, max(FOR_LARGE_SETS, PLACINGS // outlines))


def _condensed(groups: Groups) -> Groups:
    """Use no more slots than pay: merge groups whose common cover costs no more than they do."""
    members = [group for group in groups.members if group]
    while len(members) > 1:
        added, first, second = min(_merges(members))
        if added > 0:
            break
        members[first] += members.pop(second)
    return Groups.of(members)


def _merges(members: Sequence[Sequence[int]]) -> Iterator[tuple[int, int, int]]:
    """Yield what the merge of each two groups adds, and their numbers, the lower one first."""
    covers = [union(group) for group in members]
    for first, second in combinations(range(len(covers)), 2):
        added = cost(covers[first] | covers[second]) - cost(covers[first]) - cost(covers[second])
        yield added, first, second


def _tidied(groups: Groups) -> Groups:
    groups.tidy(range(len(groups.members)))
    return groups


def _improved(groups: Groups, outlines: Sequence[int]) -> Groups:
    if len(groups.members) == 1:
        return groups
    if len(outlines) <= EXACT:
        found = cheapest_partition(outlines, len(groups.members), groups.total)
        groups = found.groups or groups
        if found.proved:
            return groups
    if len(groups.members) > REARRANGED:
        return groups
    return rearranged(groups, Effort(min(ROUNDS, WORK // len(outlines)), PATIENCE, LARGEST_MOVE))
