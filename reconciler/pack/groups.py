"""A packing under construction: groups of outlines, and the two steps by which it gets better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from reconciler.pack.shape import cost

FEW: Final = 7
"""A value held by more outlines of a group than this is not worth the attempt to be rid of."""
_CLOSED: Final = -1
"""In place of a group's cost: nothing is put into it."""


@dataclass(slots=True)
class Groups:
    """Outlines in groups, with what each group costs.

    Attributes:
        members: the outlines of each group; a group may be empty.
        covers: their unions.
        costs: what the covers cost.
    """

    members: list[list[int]]
    covers: list[int]
    costs: list[int]

    @classmethod
    def of(cls, groups: Iterable[Sequence[int]]) -> Groups:
        """Return the state in which outlines are grouped so."""
        members = [list(group) for group in groups]
        covers = [union(group) for group in members]
        return cls(members, covers, [cost(cover) for cover in covers])

    @property
    def total(self) -> int:
        """What all the groups cost."""
        return sum(self.costs)

    def copy(self) -> Groups:
        """Return a state of its own with the same groups."""
        return Groups([list(group) for group in self.members], self.covers[:], self.costs[:])

    def replace(self, group: int, outlines: list[int]) -> None:
        """Replace the outlines of a group."""
        self.members[group] = outlines
        self.covers[group] = union(outlines)
        self.costs[group] = cost(self.covers[group])

    def insert(self, outline: int) -> int:
        """Put an outline where it costs least, and return that group's number."""
        added, group, cover = cheapest(outline, self.covers, self.costs)
        self.members[group].append(outline)
        self.covers[group] = cover
        self.costs[group] += added
        return group

    def tidy(self, changed: Iterable[int]) -> None:
        """Move outlines out of groups where that pays, until it nowhere does.

        A group gets cheaper only when a value of one of its fields goes, and with it all outlines
        that hold the value: these move together, each to where it costs least.

        Args:
            changed: the groups to begin with; the others are taken to be tidy.
        """
        pending = set(changed) if len(self.members) > 1 else set()
        while pending:
            group = max(pending, key=lambda n: (self.costs[n], -n))
            pending.discard(group)
            for value in _rare_values(self.members[group]):
                receivers = self._without(group, value)
                if receivers:
                    pending.update(receivers)
                    pending.add(group)
                    break

    def _without(self, group: int, value: int) -> set[int]:
        """Rid a group of a value if that pays; return the groups that took its holders."""
        rest = [outline for outline in self.members[group] if not outline & value]
        cover = union(rest)
        remaining = cost(cover)
        saved = self.costs[group] - remaining
        if saved <= 0:
            return set()
        holders = [outline for outline in self.members[group] if outline & value]
        covers, costs = self.covers[:], self.costs[:]
        costs[group] = _CLOSED
        moves = []
        for outline in holders:
            added, to, wider = cheapest(outline, covers, costs)
            saved -= added
            if saved <= 0:
                return set()
            covers[to] = wider
            costs[to] += added
            moves.append((outline, to))
        for outline, to in moves:
            self.members[to].append(outline)
        self.members[group] = rest
        covers[group], costs[group] = cover, remaining
        self.covers, self.costs = covers, costs
        return {to for _, to in moves}


def cheapest(outline: int, covers: Sequence[int], costs: Sequence[int]) -> tuple[int, int, int]:
    """Return what an outline adds in the group where it adds least, that group and its new cover.

    The first of equal groups is taken. Groups whose cost is `_CLOSED` are left out; there must be
    another one.
    """
    best = None
    for group, cover in enumerate(covers):
        before = costs[group]
        if before == _CLOSED:
            continue
        wider = cover | outline
        if wider == cover:
            return 0, group, cover
        added = cost(wider) - before
        if best is None or added < best[0]:
            best = (added, group, wider)
    assert best is not None
    return best


def union(outlines: Iterable[int]) -> int:
    """Return the outline of a group."""
    return reduce(or_, outlines, 0)


def values(outline: int) -> Iterator[int]:
    """Yield the values of an outline, each as the one bit that it is."""
    while outline:
        value = outline & -outline
        yield value
        outline ^= value


def _rare_values(outlines: Iterable[int]) -> Iterator[int]:
    """Yield the values that at least one and at most `FEW` of the outlines hold.

    All values are counted at once, the three binary digits of their counts in an integer each.
    """
    ones = twos = fours = more = 0
    for outline in outlines:
        carry = ones & outline
        ones ^= outline
        if carry:
            twos, carry = twos ^ carry, twos & carry
            if carry:
                fours, carry = fours ^ carry, fours & carry
                more |= carry
    return values((ones | twos | fours) & ~more)
