"""The packing to beat: greedy merging of schedules, then moving single ones while that pays."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.pack import Member
from reconciler.pack.demand import demands
from reconciler.pack.groups import Groups, cheapest
from reconciler.pack.horizon import horizon
from reconciler.pack.merging import merged
from reconciler.pack.shape import cost


def greedy(members: Sequence[Member], budget: int, now: int) -> int:
    """Return what the merged and moved groups of whole schedules, all in UTC, cost."""
    found = {d.outline for d in demands(members, horizon(now))}
    outlines = sorted(_not_included(found), key=lambda outline: (-cost(outline), outline))
    *_, groups = merged(outlines, budget)
    while _move_one(groups):
        pass
    return groups.total


def _not_included(outlines: set[int]) -> list[int]:
    kept: list[int] = []
    for outline in sorted(outlines, key=lambda outline: (-cost(outline), outline)):
        if not any(outline | other == other for other in kept):
            kept.append(outline)
    return kept


def _move_one(groups: Groups) -> bool:
    for group, outlines in enumerate(groups.members):
        for outline in outlines:
            moved = groups.copy()
            moved.replace(group, [other for other in outlines if other != outline])
            _, to, _ = cheapest(outline, moved.covers, moved.costs)
            if to != group:
                moved.insert(outline)
                if moved.total < groups.total:
                    groups.members, groups.covers = moved.members, moved.covers
                    groups.costs = moved.costs
                    return True
    return False
