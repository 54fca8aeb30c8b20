"""Packing ``one-poller``: solo slots that pay, one poller for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.pack.budget import require
from reconciler.pack.demand import Demand, demands
from reconciler.pack.groups import union
from reconciler.pack.horizon import horizon
from reconciler.pack.load import loads
from reconciler.pack.naming import Group, slots
from reconciler.pack.shape import cost
from reconciler.pack.slots import Member, PackedSlot
from reconciler.pack.solo_choice import WORK, best_solos, total_cost
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
    schedules, but for those that the poller's other wakes serve in time, by tolerance.

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
    each = demands(members, horizon(now))
    if budget is None or len(members) <= budget:
        solo = frozenset(range(len(each)))
    else:
        solo = _kept(each, _best(each, budget - 1), budget, previous)
    groups = [Group(each[n].outline, (name,)) for n in sorted(solo) for name in each[n].names]
    polled = _polled(each, solo)
    if polled:
        names = sorted(name for demand in polled for name in demand.names)
        groups.append(Group(_poller(polled), tuple(names)))
    return slots(groups, previous)


def _best(each: Sequence[Demand], most: int) -> frozenset[int]:
    """Return who had best be solo.

    The search takes everybody for punctual. Where some can wait, fewer solo slots may be better
    than it thinks: the best choice of each number of them is looked at.
    """
    if not any(demand.tolerance for demand in each):
        return best_solos(each, most)
    choices = (best_solos(each, number, WORK // (most + 1)) for number in range(most + 1))
    return min(choices, key=lambda solo: _total(each, solo))


def _total(each: Sequence[Demand], solo: frozenset[int]) -> int:
    """Return what a choice costs, with a poller for which some can wait."""
    polled = _polled(each, solo)
    saved = cost(union(demand.outline for demand in polled)) - cost(_poller(polled))
    return total_cost(each, solo) - saved


def _polled(each: Sequence[Demand], solo: frozenset[int]) -> list[Demand]:
    return [demand for n, demand in enumerate(each) if n not in solo]


def _poller(polled: Sequence[Demand]) -> int:
    """Return the outline of the poller, with as few wakes as those who can wait allow."""
    punctual = union(demand.outline for demand in polled)
    if not any(demand.tolerance for demand in polled):
        return punctual
    waiting = union(load.outline for load in loads(polled, delay=True))
    return min(punctual, waiting, key=cost)


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
    if slots_needed <= budget and good_enough(_total(demands, kept), _total(demands, best)):
        return kept
    return best
