"""The search for a cheap partition: merge, tidy, and take apart to put together better.

All of it is deterministic: limits are counts of steps, not seconds, and the generator of random
choices starts from the same seed each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random
from typing import Final

from reconciler.pack.groups import Groups, union, values
from reconciler.pack.merging import merged
from reconciler.pack.outline import cost
from reconciler.pack.partition import cheapest_partition

MOST_GROUPS: Final = 100
"""More slots than this are not used even where the budget has no limit."""
FOR_LARGE_SETS: Final = 20
PLACINGS: Final = 30_000
"""Outlines times groups, above which no more than `FOR_LARGE_SETS` groups are tried."""
FRUITLESS: Final = 3
"""Further groups in a row that may save nothing."""
EXACT: Final = 14
"""So many outlines or fewer are also searched exactly."""
PATIENCE: Final = 60
"""Rounds of taking apart that may fail in a row."""
ROUNDS: Final = 300
"""Rounds of taking apart in all, for each number of groups."""
REARRANGED: Final = 8
"""Up to so many groups are taken apart; with more there is little left to gain."""
WORK: Final = 40_000
"""Rounds times outlines, a bound for large sets."""
_RESPLIT: Final = 0.1
"""The share of rounds that split two groups anew; the others take values out of one."""
_LARGEST_MOVE: Final = 60


def search(outlines: Sequence[int], budget: int | None) -> Groups:
    """Return a cheap partition of the outlines into at most `budget` groups.

    A larger budget never costs more: the search for n groups starts from what it found for n - 1,
    with an empty group to fill, as well as from greedy merging.

    Args:
        outlines: at least one, the dearest first.
        budget: at least 1; None for no limit.
    """
    most = min(budget or MOST_GROUPS, _most_groups(len(outlines)))
    best = None
    fruitless = 0
    for start in merged(outlines, most):
        candidates = [_tidied(start)]
        if best is not None:
            unused: list[list[int]] = [[] for _ in range(len(start.members) - len(best.members))]
            candidates.append(_tidied(Groups.of([*best.members, *unused])))
        found = _improved(min(candidates, key=lambda groups: groups.total), outlines)
        fruitless = fruitless + 1 if best is not None and found.total == best.total else 0
        best = found
        if fruitless == FRUITLESS:
            break
    assert best is not None
    return _condensed(best)


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
    return _rearranged(groups, len(outlines)) if len(groups.members) <= REARRANGED else groups


def _rearranged(best: Groups, outlines: int) -> Groups:
    random = Random(0)  # noqa: S311 - not for secrets; the seed makes plans repeatable
    failed = 0
    for _ in range(min(ROUNDS, WORK // outlines)):
        groups = best.copy()
        taken, changed = _take_apart(groups, random)
        changed.update(groups.insert(outline) for outline in taken)
        groups.tidy(changed)
        if groups.total < best.total:
            best, failed = groups, 0
        else:
            failed += 1
            if failed == PATIENCE:
                break
    return best


def _take_apart(groups: Groups, random: Random) -> tuple[list[int], set[int]]:
    """Take outlines out of groups; return them in the order in which to put them back."""
    if random.random() < _RESPLIT:
        first, second = random.sample(range(len(groups.members)), 2)
        pool = groups.members[first] + groups.members[second]
        seeds = sorted(random.sample(range(len(pool)), min(2, len(pool))))
        groups.replace(first, [pool[seed] for seed in seeds[:1]])
        groups.replace(second, [pool[seed] for seed in seeds[1:]])
        taken = [outline for n, outline in enumerate(pool) if n not in seeds]
        return sorted(taken, key=_dearest_first), {first, second}
    group = random.randrange(len(groups.members))
    held = list(values(groups.covers[group]))
    wanted = union(random.sample(held, min(len(held), random.randint(1, 4))))
    taken = [outline for outline in groups.members[group] if outline & wanted]
    if len(taken) > _LARGEST_MOVE:
        return [], set()
    groups.replace(group, [outline for outline in groups.members[group] if not outline & wanted])
    if random.random() < 0.5:
        random.shuffle(taken)
    else:
        taken.sort(key=_dearest_first)
    return taken, {group}


def _dearest_first(outline: int) -> tuple[int, int]:
    return -cost(outline), outline
