"""Packing ``fewest-wakes``: every slot may be shared, wakes per month are made few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.pack.demand import Demand, demands
from reconciler.pack.groups import Groups, cheap_groups
from reconciler.pack.naming import Group, good_enough, slots
from reconciler.pack.shape import cost
from reconciler.pack.slots import Member, PackedSlot, require_a_slot
from reconciler.pack.tolerance import cover_of, wake_shapes

MOST_SLOTS: Final = 100
"""More slots than this are not used even where the budget has no limit."""
FOR_LARGE_SETS: Final = 20
PLACINGS: Final = 30_000
"""Schedules times slots, above which no more than `FOR_LARGE_SETS` slots are tried."""
FRUITLESS: Final = 3
"""Consecutive further slots that may save nothing."""


def fewest_wakes(
    members: Iterable[Member],
    budget: int | None,
    now: int,
    deployed: Sequence[PackedSlot] = (),
) -> tuple[PackedSlot, ...]:
    """Pack the members into at most ``budget`` slots with few wakes per month.

    A larger budget never costs more (with nothing deployed), and neither does tolerance.

    Args:
        budget: slots that may be used; None for no limit.
        now: epoch minute from which on covers must hold.
        deployed: the slots that are deployed; schedules stay in theirs if that costs little
            (`reconciler.pack.naming.good_enough`).

    Returns:
        The slots, sorted by name. Each schedule is in one of them, whose cover has all of its
        times, or later ones within its tolerance.

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    members = tuple(members)
    if not members:
        return ()
    require_a_slot(budget, len(members))
    each = demands(members, now)
    ways = list(wake_shapes(each))
    best = min((found for shapes in ways for found in _anew(each, shapes, budget)), key=_total)
    for kept in _kept(each, ways, budget, deployed):
        if good_enough(_total(kept), _total(best)):
            best = kept
            break
    return slots(best, deployed)


def _anew(
    each: Sequence[Demand], shapes: Sequence[int], budget: int | None
) -> Iterator[list[Group]]:
    """Yield cheap packings into one slot, two, and so on, as long as more slots save wakes."""
    limit = min(len(shapes), MOST_SLOTS, max(FOR_LARGE_SETS, PLACINGS // len(shapes)))
    totals: list[int] = []
    for groups in cheap_groups(shapes, limit if budget is None else min(budget, limit)):
        found = _groups(each, groups)
        yield found
        totals.append(_total(found))
        if len(totals) > FRUITLESS and min(totals[-FRUITLESS:]) >= min(totals[:-FRUITLESS]):
            return


def _kept(
    each: Sequence[Demand],
    ways: Sequence[Sequence[int]],
    budget: int | None,
    deployed: Sequence[PackedSlot],
) -> Iterator[list[Group]]:
    """Yield packings that keep schedules in their slots: all of them, then all but a few.

    New schedules go to where they cost least. Nothing is yielded when none of the deployed slots
    is left, or more than the budget allows.
    """
    slot_of = {name: n for n, slot in enumerate(deployed) for name in slot.schedules}
    groups: dict[int, list[int]] = {}
    new = []
    for n, demand in enumerate(each):
        slot = next((slot_of[name] for name in demand.names if name in slot_of), None)
        if slot is None:
            new.append(n)
        else:
            groups.setdefault(slot, []).append(n)
    if not groups or (budget is not None and len(groups) > budget):
        return
    spare: list[list[int]] = [[]] if budget is None or len(groups) < budget else []
    found = [Groups(shapes, [*groups.values(), *spare]) for shapes in ways]
    for state in found:
        for n in new:
            state.insert(n)
    yield min((_groups(each, state) for state in found), key=_total)
    for state in found:
        state.tidy()
    yield min((_groups(each, state) for state in found), key=_total)


def _groups(each: Sequence[Demand], groups: Groups) -> list[Group]:
    """Return the groups with their schedules, each with the cover that tolerance allows."""
    found = ([each[n] for n in numbers] for numbers in groups.members if numbers)
    return [
        Group(cover_of(one), tuple(sorted(n for each in one for n in each.names))) for one in found
    ]


def _total(groups: Sequence[Group]) -> int:
    return sum(cost(group.cover) for group in groups)
