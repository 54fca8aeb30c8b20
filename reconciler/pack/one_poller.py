"""Packing ``one-poller``: solo slots that pay, one poller for the rest; the search for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from reconciler.cron import text
from reconciler.pack.demand import Demand, demands
from reconciler.pack.naming import Group, good_enough, slots
from reconciler.pack.shape import cost, union, values
from reconciler.pack.slots import Member, PackedSlot, require_a_slot
from reconciler.pack.tolerance import cover_of

EXACT: Final = 14
"""Up to so many demands every choice that can be the best is looked at."""
WORK: Final = 3_000_000
"""Choices times demands that are looked at among more of them, some 0.2 s."""
NARROWEST: Final = 2
"""Choices of each size that are extended at least."""
EXCHANGED: Final = 3
"""Values that may leave the poller in exchange for one that comes back."""


def one_poller(
    members: Iterable[Member],
    budget: int | None,
    now: int,
    deployed: Sequence[PackedSlot] = (),
) -> tuple[PackedSlot, ...]:
    """Pack the members into at most ``budget`` slots, at most one of them shared.

    Within the budget every schedule is solo. Beyond it, those are solo that make solo wakes and
    the poller's wakes together least; it may be none. Every slot's cover has all times of its
    schedules; the poller's may have later ones within the tolerance of a schedule.

    Args:
        budget: slots that may be used; None for no limit.
        now: epoch minute from which on covers must hold.
        deployed: the slots that are deployed; schedules stay in theirs if that costs little
            (`reconciler.pack.naming.good_enough`).

    Returns:
        The slots, sorted by name.

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    members = tuple(members)
    if not members:
        return ()
    require_a_slot(budget, len(members))
    each = demands(members, now)
    if budget is None or len(members) <= budget:
        solo = frozenset(range(len(each)))
    else:
        solo = _kept(each, _best(each, budget - 1), budget, deployed)
    groups = [Group(each[n].shape, (name,)) for n in sorted(solo) for name in each[n].names]
    polled = _polled(each, solo)
    if polled:
        names = sorted(name for demand in polled for name in demand.names)
        groups.append(Group(cover_of(polled), tuple(names)))
    return slots(groups, deployed)


def _best(each: Sequence[Demand], most: int) -> frozenset[int]:
    """Return the demands that should be solo.

    The search ignores tolerance. Where some demands have one, fewer solo slots may be better than
    the search finds: the best choice of each number of them is compared.
    """
    if not any(demand.tolerance for demand in each):
        return best_solos(each, most)
    choices = (best_solos(each, number, WORK // (most + 1)) for number in range(most + 1))
    return min(choices, key=lambda solo: _total(each, solo))


def _total(each: Sequence[Demand], solo: frozenset[int]) -> int:
    """Return what a choice costs, with a poller that makes use of tolerance."""
    polled = _polled(each, solo)
    saved = cost(union(demand.shape for demand in polled)) - cost(cover_of(polled))
    return total_cost(each, solo) - saved


def _polled(each: Sequence[Demand], solo: frozenset[int]) -> list[Demand]:
    return [demand for n, demand in enumerate(each) if n not in solo]


def _kept(
    each: Sequence[Demand],
    best: frozenset[int],
    budget: int,
    deployed: Sequence[PackedSlot],
) -> frozenset[int]:
    """Return the demands that are solo already, if that is good enough, else the best choice."""
    if not deployed:
        return best
    now_solo = {slot.name for slot in deployed if slot.schedules == (slot.name,)}
    kept = frozenset(n for n, demand in enumerate(each) if now_solo.issuperset(demand.names))
    slots_needed = 1 + sum(len(each[n].names) for n in kept)
    if slots_needed <= budget and good_enough(_total(each, kept), _total(each, best)):
        return kept
    return best


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
    return frozenset(text.members(_Search(demands, most, work).run()))


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
        for n in text.members(solo):
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
        added = text.members(solo & ~choice.solo)
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
