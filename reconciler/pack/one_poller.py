"""Packing ``one-poller``: solo slots that pay, one poller for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.pack.demand import Demand, demands
from reconciler.pack.naming import Group, good_enough, slots
from reconciler.pack.shape import cost, union
from reconciler.pack.slots import Member, PackedSlot, require_a_slot
from reconciler.pack.solo_choice import WORK, best_solos, total_cost
from reconciler.pack.tolerance import cover_of


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
