"""Packing ``fewest-wakes``: every slot may be shared, wakes per month are made few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.pack.at_hand import AtHand
from reconciler.pack.budget import require
from reconciler.pack.demand import Demand, demands
from reconciler.pack.division import Division
from reconciler.pack.groups import Groups
from reconciler.pack.homes import homes
from reconciler.pack.horizon import horizon
from reconciler.pack.load import Load, loads
from reconciler.pack.naming import Group, slots
from reconciler.pack.pieces import cut_up
from reconciler.pack.search import search
from reconciler.pack.service import asked, others, served
from reconciler.pack.shape import cost
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
    questions = [demands(members, horizon(now))]
    if any(member.tolerance for member in members):
        questions.append(demands([replace(m, tolerance=0) for m in members], horizon(now)))
    at_hand = AtHand.of(previous, budget)
    packed = min(
        (
            _packed(wanted, loads(wanted, delay=delay), at_hand)
            for wanted in questions
            for delay in _delays(wanted)
        ),
        key=lambda packed: packed.total,
    )
    return slots(packed.groups(), previous)


def _delays(wanted: Sequence[Demand]) -> Iterator[bool]:
    """Yield whether demands that tolerate it wait: not, and where there are any, that they do."""
    yield False
    if any(demand.tolerance for demand in wanted):
        yield True


@dataclass(frozen=True, slots=True)
class _Packed:
    """Demands and the covers that serve them.

    Attributes:
        covers: outlines.
        given: numbers of demands to those of the covers that were made for them.
        known: names of schedules to the covers that continue the slots that they were in.
    """

    demands: Sequence[Demand]
    covers: Sequence[int]
    given: Mapping[int, int]
    known: Mapping[str, set[int]]

    @property
    def total(self) -> int:
        return sum(map(cost, self.covers))

    def groups(self) -> list[Group]:
        each = self.demands
        home_of = homes(each, self.covers, self.given, self.known)
        assert home_of is not None, "a slot without a schedule"
        names: list[list[str]] = [[] for _ in self.covers]
        relies_on: list[set[int]] = [set() for _ in self.covers]
        for demand, home in zip(each, home_of, strict=True):
            names[home] += demand.names
            by_slot = [served(demand, cover) for cover in self.covers]
            relies_on[home].update(others(asked(demand) & ~by_slot[home], by_slot))
        return [
            Group(cover, tuple(sorted(names[n])), tuple(sorted(relies_on[n])))
            for n, cover in enumerate(self.covers)
        ]


def _packed(wanted: Sequence[Demand], asked: Sequence[Load], at_hand: AtHand) -> _Packed:
    outlines = list(dict.fromkeys(load.outline for load in asked))
    cut = cut_up(wanted, asked)
    if cut is None:
        return _whole(wanted, asked, search(outlines, at_hand.budget), at_hand)
    division = Division(cut, lambda covers: homes(wanted, covers) is not None)
    return _divided(wanted, asked, division, search(outlines, at_hand.budget, division), at_hand)


def _whole(
    wanted: Sequence[Demand], asked: Sequence[Load], best: Groups, at_hand: AtHand
) -> _Packed:
    carried = at_hand.whole(wanted, asked)
    if carried is not None and _good_enough(carried.groups, best):
        best = carried.groups
    group_of: dict[int, int] = {}
    used = Groups.of(group for group in best.members if group)
    for n, group in enumerate(used.members):
        for outline in group:
            group_of.setdefault(outline, n)
    given = {load.demand: group_of[load.outline] for load in asked}
    heirs: dict[int, set[int]] = {}
    for demand, group_number in given.items():
        for name in wanted[demand].names:
            if name in at_hand.slot_of:
                heirs.setdefault(at_hand.slot_of[name], set()).add(group_number)
    known = {name: heirs.get(slot, set()) for name, slot in at_hand.slot_of.items()}
    return _Packed(wanted, used.covers, given, known)


def _divided(
    wanted: Sequence[Demand],
    asked: Sequence[Load],
    division: Division,
    best: Groups,
    at_hand: AtHand,
) -> _Packed:
    carried = at_hand.divided(wanted, asked, division.pieces.each)
    if carried is not None and _good_enough(carried.groups, best):
        tight = division.tight(carried.groups.covers)
        covers = [cover for cover in tight if cover]
        if division.fits(covers):
            slots_ = [slot for slot, cover in zip(carried.slots, tight, strict=True) if cover]
            known = {
                name: {slots_.index(slot)}
                for name, slot in at_hand.slot_of.items()
                if slot in slots_
            }
            return _Packed(wanted, covers, {}, known)
    return _Packed(wanted, best.covers, {}, {})


def _good_enough(kept: Groups, best: Groups) -> bool:
    """Whether the packing at hand may stay, as it is or tidied."""
    if not good_enough(kept.total, best.total):
        kept.tidy(range(len(kept.members)))
    return good_enough(kept.total, best.total)
