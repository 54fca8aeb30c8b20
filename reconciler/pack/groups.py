"""Groups of shapes: greedy merging, and the moves that make groups cheaper.

All of it is deterministic: limits are counts of steps, not seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

from reconciler.pack.shape import cost, union, values

MOVES: Final = 1_000
"""Moves of one search, at most; each makes the groups cheaper."""
MERGED_IN_PAIRS: Final = 150
"""So many shapes are merged pair by pair, the dearest ones; the others join where they cost
least. Pairs grow with the square."""
DIVIDED_ANEW: Final = 250
"""Two groups with more shapes than this in common are not divided anew."""
SEARCHED: Final = 8
"""Beyond so many groups there is little left to gain: one more is only filled from the others."""
_CLOSED: Final = -1
"""In place of a group's cost: it takes no shape."""


class Groups:
    """Shapes, by their numbers, in groups.

    Attributes:
        members: the numbers of the shapes in each group; a group may be empty.
        covers: the union of each group.
        costs: what the covers cost.
    """

    def __init__(self, shapes: Sequence[int], members: Iterable[Iterable[int]]) -> None:
        self._shapes = shapes
        self.members = [list(group) for group in members]
        self.covers = [union(shapes[n] for n in group) for group in self.members]
        self.costs = [cost(cover) for cover in self.covers]

    @property
    def total(self) -> int:
        """What all the groups cost."""
        return sum(self.costs)

    def insert(self, number: int) -> None:
        """Put a shape into the group where it costs least."""
        added, group, cover = _cheapest(self._shapes[number], self.covers, self.costs)
        self.members[group].append(number)
        self.covers[group] = cover
        self.costs[group] += added

    def tidy(self, changed: Iterable[int] | None = None) -> None:
        """Move shapes to other groups while that pays, at most `MOVES` times.

        A group gets cheaper only when a value of one of its fields goes, and with it all shapes
        that hold the value: these move together, each to where it costs least.

        Args:
            changed: the groups to begin with, when the others are tidy; None for all of them.
        """
        every = range(len(self.members))
        pending = set(every if changed is None else changed) if len(every) > 1 else set()
        moves = 0
        while pending and moves < MOVES:
            group = max(pending, key=lambda n: (self.costs[n], -n))
            pending.discard(group)
            for value in _rare_values(self._shapes[n] for n in self.members[group]):
                receivers = self._without(group, value)
                if receivers:
                    pending |= {*receivers, group}
                    moves += 1
                    break

    def divided_anew(self, first: int, second: int) -> Groups | None:
        """Return cheaper groups in which the shapes of two are divided anew; None without any.

        The two shapes whose common cover adds most are kept apart, and the others join them.
        """
        pool = self.members[first] + self.members[second]
        if not 2 < len(pool) <= DIVIDED_ANEW:
            return None
        one = self._farthest(pool[0], pool)
        other = self._farthest(one, pool)
        pair = Groups(self._shapes, [[one], [other]])
        for n in sorted(set(pool) - {one, other}, key=lambda n: (-cost(self._shapes[n]), n)):
            pair.insert(n)
        pair.tidy()
        if pair.total >= self.costs[first] + self.costs[second]:
            return None
        members = list(self.members)
        members[first], members[second] = pair.members
        groups = Groups(self._shapes, members)
        groups.tidy({first, second})
        return groups

    def _farthest(self, number: int, pool: Sequence[int]) -> int:
        """Return the shape of the pool that adds most to the cover of another one."""
        shape = self._shapes[number]
        return max(pool, key=lambda n: (cost(shape | self._shapes[n]) - cost(self._shapes[n]), -n))

    def _without(self, group: int, value: int) -> set[int]:
        """Move the holders of a value out of a group if that pays; return where they went."""
        rest = [n for n in self.members[group] if not self._shapes[n] & value]
        cover = union(self._shapes[n] for n in rest)
        remaining = cost(cover)
        saved = self.costs[group] - remaining
        if saved <= 0:
            return set()
        covers, costs = self.covers[:], self.costs[:]
        costs[group] = _CLOSED
        moves = []
        for number in self.members[group]:
            if not self._shapes[number] & value:
                continue
            added, to, wider = _cheapest(self._shapes[number], covers, costs)
            saved -= added
            if saved <= 0:
                return set()
            covers[to] = wider
            costs[to] += added
            moves.append((number, to))
        for number, to in moves:
            self.members[to].append(number)
        self.members[group] = rest
        covers[group], costs[group] = cover, remaining
        self.covers, self.costs = covers, costs
        return {to for _, to in moves}


def cheap_groups(shapes: Sequence[int], most: int) -> Iterator[Groups]:
    """Yield all shapes in one group, in two, and so on, up to `most` groups; none is dearer than
    the one before.

    Args:
        shapes: at least one.
        most: the largest number of groups that is asked for.
    """
    best = None
    for groups in merged(shapes, most):
        if best is None:
            best = groups
        else:
            more = len(groups.members)
            wider = Groups(shapes, [*best.members, *[()] * (more - len(best.members))])
            if more <= SEARCHED:
                groups.tidy()
                wider.tidy()
                best = _divided_anew(min(groups, wider, key=lambda each: each.total))
            else:
                best = _divided_once(wider)
        yield best


def _divided_once(groups: Groups) -> Groups:
    """Divide the dearest group that gets cheaper by it between itself and the last, empty one."""
    last = len(groups.members) - 1
    dearest_first = sorted(range(last), key=lambda n: (-groups.costs[n], n))
    divided = (groups.divided_anew(group, last) for group in dearest_first)
    return next(filter(None, divided), groups)


def _divided_anew(groups: Groups) -> Groups:
    """Merge the shapes of each two groups anew into two, where that pays, until it does not."""
    pairs = list(combinations(range(len(groups.members)), 2))
    fruitless = 0
    while fruitless < len(pairs):
        pairs.append(pairs.pop(0))
        better = groups.divided_anew(*pairs[-1])
        groups, fruitless = (groups, fruitless + 1) if better is None else (better, 0)
    return groups


def merged(shapes: Sequence[int], most: int) -> Iterator[Groups]:
    """Merge shapes, always the pair of groups that adds least to the cost.

    Args:
        shapes: at least one.
        most: the largest number of groups that is asked for.

    Yields:
        All shapes in one group, in two, and so on, up to `most` groups.
    """
    order = sorted(range(len(shapes)), key=lambda n: (-cost(shapes[n]), shapes[n], n))
    paired: list[int] = []
    joining = []
    for n in order:
        wakes_anyway = any(shapes[n] | shapes[other] == shapes[other] for other in paired)
        if len(paired) < MERGED_IN_PAIRS and not wakes_anyway:
            paired.append(n)
        else:
            joining.append(n)
    for step in reversed(_pairwise(shapes, paired, most)):
        groups = Groups(shapes, step)
        for n in joining:
            groups.insert(n)
        yield groups


def _pairwise(shapes: Sequence[int], numbers: Sequence[int], most: int) -> list[list[list[int]]]:
    """Return the groups after each merge from `most` groups down to one."""
    groups = [[n] for n in numbers]
    covers = [shapes[n] for n in numbers]
    costs = [cost(cover) for cover in covers]
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


def _cheapest(shape: int, covers: Sequence[int], costs: Sequence[int]) -> tuple[int, int, int]:
    """Return what a shape adds in the group where it adds least, that group and its new cover.

    The first of equal groups is taken. At least one group must be open.
    """
    best = None
    for group, cover in enumerate(covers):
        before = costs[group]
        if before == _CLOSED:
            continue
        wider = cover | shape
        if wider == cover:
            return 0, group, cover
        added = cost(wider) - before
        if best is None or added < best[0]:
            best = (added, group, wider)
    assert best is not None
    return best


def _rare_values(shapes: Iterable[int]) -> Iterator[int]:
    """Yield the values that at least one and at most seven of the shapes hold.

    A value that more shapes hold is not worth the attempt to move all of them. All values are
    counted at once, the three binary digits of their counts in an integer each.
    """
    ones = twos = fours = more = 0
    for shape in shapes:
        carry = ones & shape
        ones ^= shape
        if carry:
            twos, carry = twos ^ carry, twos & carry
            if carry:
                fours, carry = fours ^ carry, fours & carry
                more |= carry
    return values((ones | twos | fours) & ~more)
