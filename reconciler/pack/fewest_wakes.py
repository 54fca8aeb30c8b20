"""Packing ``fewest-wakes``: every slot may be shared, wakes per month are made few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.pack import shape
from reconciler.pack.budget import require
from reconciler.pack.demand import Demand, Demands, demands
from reconciler.pack.groups import Groups
from reconciler.pack.horizon import horizon
from reconciler.pack.lateness import served_times
from reconciler.pack.load import Load, loads
from reconciler.pack.naming import Group, slots
from reconciler.pack.outline import cost, cover_shape, in_own_zone, utc_shape
from reconciler.pack.search import search
from reconciler.pack.slots import Member, PackedSlot
from reconciler.pack.stability import good_enough


def fewest_wakes(
    members: Iterable[Member],
    budget: int | None,
    now: int,
    previous: Sequence[PackedSlot] = (),
) -> tuple[PackedSlot, ...]:
    """Pack the members into at most ``budget`` slots with as few wakes per month as can be found.

    A larger budget never costs more (without `previous`), and neither does tolerance.

    Args:
        budget: slots that may be used; None for no limit.
        now: epoch minute from which on covers must hold.
        previous: the slots at hand, to be kept if that costs little (`reconciler.pack.stability`).

    Returns:
        The slots, sorted by name. Each schedule is in one of them. That slot wakes at all of its
        times but those at which slots named in `relies_on` wake.

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    members = tuple(members)
    if not members:
        return ()
    require(budget, len(members))
    wanted = demands(members, horizon(now))
    packed = min(
        (_packed(wanted, each, budget, previous) for each in _ways_to_ask(wanted)),
        key=lambda packed: packed.groups.total,
    )
    return slots(_groups(wanted.each, packed, previous), wanted.clocks, previous)


@dataclass(frozen=True, slots=True)
class _Packed:
    """Loads in groups.

    Attributes:
        groups: of the loads' outlines.
        home: the number of the group that each demand's load is in.
    """

    groups: Groups
    home: Mapping[int, int]


def _ways_to_ask(wanted: Demands) -> tuple[tuple[Load, ...], ...]:
    punctual = loads(wanted.each, delay=False)
    if not any(demand.tolerance for demand in wanted.each):
        return (punctual,)
    return punctual, loads(wanted.each, delay=True)


def _packed(
    wanted: Demands, asked: Sequence[Load], budget: int | None, previous: Sequence[PackedSlot]
) -> _Packed:
    outlines = list(dict.fromkeys(load.outline for load in asked))
    best = search(outlines, budget)
    kept = _as_before(wanted, asked, budget, previous)
    if kept is not None:
        if not good_enough(kept.total, best.total):
            kept.tidy(range(len(kept.members)))
        if good_enough(kept.total, best.total):
            best = kept
    group_of: dict[int, int] = {}
    used = Groups.of(group for group in best.members if group)
    for n, group in enumerate(used.members):
        for outline in group:
            group_of.setdefault(outline, n)
    return _Packed(used, {load.demand: group_of[load.outline] for load in asked})


def _as_before(
    wanted: Demands, asked: Sequence[Load], budget: int | None, previous: Sequence[PackedSlot]
) -> Groups | None:
    """Return the loads in their previous slots and new ones where they cost least.

    None when there were no slots, or more than the budget allows.
    """
    slot_of = _slot_of(previous)
    before: dict[int, list[int]] = {}
    added = []
    placed = set()
    for load in asked:
        if load.outline in placed:
            continue
        placed.add(load.outline)
        names = wanted.each[load.demand].names
        home = next((slot_of[name] for name in names if name in slot_of), None)
        if home is None:
            added.append(load.outline)
        else:
            before.setdefault(home, []).append(load.outline)
    if not before or (budget is not None and len(before) > budget):
        return None
    spare: list[list[int]] = [[]] if budget is None or len(before) < budget else []
    groups = Groups.of([*(before[home] for home in sorted(before)), *spare])
    for outline in added:
        groups.insert(outline)
    return groups


def _slot_of(previous: Sequence[PackedSlot]) -> dict[str, int]:
    return {name: n for n, slot in enumerate(previous) for name in slot.schedules}


def _groups(
    wanted: Sequence[Demand], packed: _Packed, previous: Sequence[PackedSlot]
) -> list[Group]:
    covers = packed.groups.covers
    names: list[list[str]] = [[] for _ in covers]
    for n, home in packed.home.items():
        names[home] += wanted[n].names
    slot_of = _slot_of(previous)
    heirs = [{slot_of[name] for name in group if name in slot_of} for group in names]
    relies_on: list[set[int]] = [set() for _ in covers]
    for n, demand in enumerate(wanted):
        served = [_served(demand, cover) for cover in covers]
        if n in packed.home:
            home = packed.home[n]
        else:
            before = {slot_of[name] for name in demand.names if name in slot_of}
            home = _best_served(served, covers, [bool(before & heir) for heir in heirs])
            names[home] += demand.names
        relies_on[home].update(_others(demand.times & ~served[home], served))
    return [
        Group(cover, tuple(sorted(names[n])), tuple(sorted(relies_on[n])))
        for n, cover in enumerate(covers)
    ]


def _best_served(served: Sequence[int], covers: Sequence[int], as_before: Sequence[bool]) -> int:
    """Return the group for a demand that costs nothing: where most of its times are served.

    Among equals, the one that it was in, then the one that wakes least.
    """
    return max(
        range(len(covers)),
        key=lambda n: (served[n].bit_count(), as_before[n], -cost(covers[n]), covers[n]),
    )


def _served(demand: Demand, cover: int) -> int:
    """Return which of a demand's times a slot with that cover wakes for, on all of its days."""
    in_utc = utc_shape(demand.outline)
    if in_own_zone(cover):
        return demand.times if demand.outline | cover == cover else 0
    wakes = cover_shape(cover)
    if shape.days(in_utc) | shape.days(wakes) != shape.days(wakes):
        return 0
    within = served_times(shape.times(wakes), demand.tolerance, wraps=shape.every_day(in_utc))
    return demand.times & within


def _others(missing: int, served: Sequence[int]) -> Iterable[int]:
    """Yield the groups that serve what a demand's own slot does not, the most useful first."""
    while missing:
        group = max(range(len(served)), key=lambda n: ((served[n] & missing).bit_count(), -n))
        assert served[group] & missing, "a time that nobody wakes for"
        yield group
        missing &= ~served[group]
