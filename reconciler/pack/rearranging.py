"""Taking a packing apart, a little at random, and putting it together better.

Deterministic: the limits are counts of steps, and the generator of random choices starts from the
same seed each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from reconciler.pack.groups import Groups, union, values
from reconciler.pack.shape import cost

_RESPLIT: Final = 0.1
"""The share of rounds that split two groups anew; the others take values out of one."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to try.

    Attributes:
        rounds: in all.
        patience: rounds that may fail in a row.
        largest_move: outlines that may move in one round.
    """

    rounds: int
    patience: int
    largest_move: int


def rearranged(best: Groups, effort: Effort) -> Groups:
    """Return the cheapest of the packings that are found on the way; never a dearer one.

    Args:
        best: two groups at least.
    """
    random = Random(0)  # noqa: S311 - not for secrets; the seed makes plans repeatable
    failed = 0
    for _ in range(effort.rounds):
        groups = best.copy()
        taken, changed = _take_apart(groups, random, effort.largest_move)
        changed.update(groups.insert(outline) for outline in taken)
        groups.tidy(changed)
        if groups.total < best.total:
            best, failed = groups, 0
        else:
            failed += 1
            if failed == effort.patience:
                break
    return best


def _take_apart(groups: Groups, random: Random, largest_move: int) -> tuple[list[int], set[int]]:
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
    if len(taken) > largest_move:
        return [], set()
    groups.replace(group, [outline for outline in groups.members[group] if not outline & wanted])
    if random.random() < 0.5:
        random.shuffle(taken)
    else:
        taken.sort(key=_dearest_first)
    return taken, {group}


def _dearest_first(outline: int) -> tuple[int, int]:
    return -cost(outline), outline
