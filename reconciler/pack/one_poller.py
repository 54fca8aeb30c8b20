"""Packing ``one-poller``: solo slots that pay, one poller for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.pack.budget import require
from reconciler.pack.demand import Demand, demands
from reconciler.pack.groups import union
from reconciler.pack.horizon import horizon
from reconciler.pack.naming import Group, slots
from reconciler.pack.slots import Member, PackedSlot
from reconciler.pack.solo_choice import best_solos, total_cost
from reconciler.pack.stability import good_enough


def one_poller(
    members: Iterable[Member],
    budget: int | None,
    now: int,
    previous: Sequence[PackedSlot] = (),
) -> tuple[PackedSlot, ...]:
    """Pack the members into at most ``budget`` slots, at most one of them shared.

    Within the budget every schedule is solo. Beyond it, those are solo that make solo wakes and
    the poller's wakes together least; it may be none. Every slot's cover has all times of its
    schedules. Tolerance makes no difference here.

    Args:
        budget: slots that may be used; None for no limit.
        now: epoch minute from which on covers must hold.
        previous: the slots at hand, to be kept if that costs little (`reconciler.pack.stability`).

    Returns:
        The slots, sorted by name.

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    members = tuple(members)
    if not members:
        return ()
    require(budget, len(members))
    wanted = demands(members, horizon(now))
    each = wanted.each
    if budget is None or len(members) <= budget:
        solo = frozenset(range(len(each)))
    else:
        solo = _kept(each, best_solos(each, budget - 1), budget, previous)
    groups = [Group(each[n].outline, (name,)) for n in sorted(solo) for name in each[n].names]
    polled = [demand for n, demand in enumerate(each) if n not in solo]
    if polled:
        names = sorted(name for demand in polled for name in demand.names)
        groups.append(Group(union(demand.outline for demand in polled), tuple(names)))
    return slots(groups, wanted.clocks, previous)


def _kept(
    demands: Sequence[Demand],
    best: frozenset[int],
    budget: int,
    previous: Sequence[PackedSlot],
) -> frozenset[int]:
    """Return who is solo already, if that is good enough, else who had best be."""
    if not previous:
        return best
    now_solo = {slot.name for slot in previous if slot.schedules == (slot.name,)}
    kept = frozenset(n for n, demand in enumerate(demands) if now_solo.issuperset(demand.names))
    slots_needed = 1 + sum(len(demands[n].names) for n in kept)
    if slots_needed <= budget and good_enough(total_cost(demands, kept), total_cost(demands, best)):
        return kept
    return best
