"""Which schedules to take out of the poller: the search behind ``one-poller``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from reconciler.cron.text import members
from reconciler.pack.demand import Demand
from reconciler.pack.shape import cost, union, values

EXACT: Final = 14
"""Up to so many demands every choice that can be the best is looked at."""
WORK: Final = 3_000_000
"""Choices times demands that are looked at among more of them, some 0.2 s."""
NARROWEST: Final = 2
"""Choices of each size that are extended at least."""
EXCHANGED: Final = 3
"""Values that may leave the poller in exchange for one that comes back."""


def best_solos(demands: Sequence[Demand], most: int, work: int = WORK) -> frozenset[int]:
    """Return the demands that should be solo, so that solo slots and poller cost least.

    The poller gets cheaper only when a value of one of its fields goes, and with it all the
    schedules that hold the value. So the best choice is the union of the holders of some values,
    and nothing else needs to be tried. Up to `EXACT` demands all such unions are; among more, only
    the cheapest few of each size are extended by another value.

    Args:
        most: the number of solo slots that there may be.
        work: choices times demands that are looked at among more than `EXACT` demands.
    """
    return frozenset(members(_Search(demands, most, work).run()))


def total_cost(demands: Sequence[Demand], solo: frozenset[int]) -> int:
    """Return what solo slots for some of the demands and one poller for the rest cost."""
    poller = union(demand.shape for n, demand in enumerate(demands) if n not in solo)
    return cost(poller) + sum(_alone(demands[n]) for n in solo)


def _alone(demand: Demand) -> int:
    return cost(demand.shape) * len(demand.names)


class _Choice(NamedTuple):
    """The solo demands (bit n for demand n), how many slots they take and what that costs.

    Sorts by the total, of solo slots and the poller.
    """

    total: int
    solo: int
    slots: int
    alone: int


class _Search:
    def __init__(self, demands: Sequence[Demand], most: int, work: int) -> None:
        self.most = most
        self.shapes = [demand.shape for demand in demands]
        self.slots = [len(demand.names) for demand in demands]
        self.alone = [_alone(demand) for demand in demands]
        self.holders = self._holders()
        self.unavoidable = self._unavoidable()
        self.extended = self._how_many_to_extend(work)
        self.best = 0
        self.least = cost(union(self.shapes))

    def run(self) -> int:
        """Return the best choice found."""
        self._widen([_Choice(self.least, 0, 0, 0)])
        if self.extended is not None:
            tried = -1
            while tried != self.best:
                tried = self.best
                self._exchange(tried)
        return self.best

    def _widen(self, generation: list[_Choice]) -> None:
        """Extend choices by the holders of one value after the other, the cheapest ones first."""
        seen = {choice.solo for choice in generation}
        while generation:
            found = []
            for choice in generation:
                for holders in self.holders:
                    solo = choice.solo | holders
                    if solo not in seen:
                        seen.add(solo)
                        wider = self._extended(choice, solo)
                        if wider is not None:
                            found.append(wider)
            generation = self._worth_extending(found)

    def _worth_extending(self, found: list[_Choice]) -> list[_Choice]:
        """Return the cheapest choices, the same share for each number of slots that they take."""
        found.sort()
        if self.extended is None or len(found) <= self.extended:
            return found
        share = -(-self.extended // len({choice.slots for choice in found}))
        taken = Counter[int]()
        worth = []
        for choice in found:
            if taken[choice.slots] < share:
                taken[choice.slots] += 1
                worth.append(choice)
        return worth

    def _exchange(self, solo: int) -> None:
        """Put each solo demand back into the poller and fill the slots that it leaves anew."""
        nothing = _Choice(0, 0, 0, 0)
        for n in members(solo):
            fewer = self._extended(nothing, solo & ~(1 << n))
            if fewer is not None:
                self._fill(fewer)

    def _fill(self, choice: _Choice) -> None:
        for _ in range(EXCHANGED):
            wider = (self._extended(choice, choice.solo | holders) for holders in self.holders)
            best = min((each for each in wider if each and each.solo != choice.solo), default=None)
            if best is None:
                return
            choice = best

    def _extended(self, choice: _Choice, solo: int) -> _Choice | None:
        """Return a choice that includes another; None if it needs or costs too much."""
        added = members(solo & ~choice.solo)
        slots = choice.slots + sum(self.slots[n] for n in added)
        alone = choice.alone + sum(self.alone[n] for n in added)
        if slots > self.most or alone + self.unavoidable >= self.least:
            return None
        polled = (shape for n, shape in enumerate(self.shapes) if not solo >> n & 1)
        total = alone + cost(union(polled))
        if total < self.least:
            self.best, self.least = solo, total
        return _Choice(total, solo, slots, alone)

    def _how_many_to_extend(self, work: int) -> int | None:
        if len(self.shapes) <= EXACT:
            return None
        generations = min(self.most, len(self.holders))
        steps = generations * len(self.holders) * len(self.shapes)
        return max(NARROWEST, work // max(steps, 1))

    def _holders(self) -> list[int]:
        """Return the holders of each value that may go; each set once, in a fixed order."""
        found = set()
        for value in values(union(self.shapes)):
            holders = [n for n, shape in enumerate(self.shapes) if shape & value]
            if sum(self.slots[n] for n in holders) <= self.most:
                found.add(sum(1 << n for n in holders))
        return sorted(found)

    def _unavoidable(self) -> int:
        """Return what the poller costs at least, with the demands that cannot leave it."""
        leaving = union(self.holders)
        staying = (shape for n, shape in enumerate(self.shapes) if not leaving >> n & 1)
        return cost(union(staying))
