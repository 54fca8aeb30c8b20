"""The packing at hand, carried over to schedules that have changed a little since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from reconciler.cron import parse
from reconciler.cron.dates import date_rule
from reconciler.cron.fields import MONTH
from reconciler.pack.demand import Demand
from reconciler.pack.groups import Groups
from reconciler.pack.load import Load
from reconciler.pack.service import served
from reconciler.pack.shape import shape
from reconciler.pack.slots import PackedSlot


@dataclass(frozen=True, slots=True)
class Carried:
    """Groups that continue slots at hand.

    Attributes:
        groups: of outlines or of pieces.
        slots: the number of the slot that each group continues, None for a new one.
    """

    groups: Groups
    slots: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class AtHand:
    """The slots that are deployed.

    Attributes:
        covers: their outlines.
        slot_of: schedule names to slots, by number.
        budget: how many slots there may be; None for no limit.
    """

    covers: Sequence[int]
    slot_of: Mapping[str, int]
    budget: int | None

    @classmethod
    def of(cls, slots: Sequence[PackedSlot], budget: int | None) -> Self:
        """Look at the slots at hand."""
        slot_of = {name: n for n, slot in enumerate(slots) for name in slot.schedules}
        return cls([_outline(slot) for slot in slots], slot_of, budget)

    def whole(self, demands: Sequence[Demand], loads: Iterable[Load]) -> Carried | None:
        """Carry over loads: each to its slot, new ones to where they cost least.

        None when nothing is left of the slots, or more than the budget allows.
        """
        homes: dict[int, int | None] = {}
        for load in loads:
            homes.setdefault(load.outline, self._home([demands[load.demand]]))
        return self._carried(homes)

    def divided(
        self, demands: Sequence[Demand], loads: Iterable[Load], pieces: Iterable[int]
    ) -> Carried | None:
        """Carry over pieces: each to a slot that wakes for it, else as in `whole`."""
        whole = {load.outline: demands[load.demand] for load in loads}
        homes: dict[int, int | None] = {}
        for piece in pieces:
            waking = (n for n, cover in enumerate(self.covers) if cover | piece == cover)
            homes[piece] = next(waking, None)
            if homes[piece] is None:
                owner = whole.get(piece)
                owners = (demand for demand in demands if served(demand, piece))
                homes[piece] = self._home(owners if owner is None else [owner])
        return self._carried(homes)

    def _home(self, demands: Iterable[Demand]) -> int | None:
        names = (name for demand in demands for name in demand.names)
        return next((self.slot_of[name] for name in names if name in self.slot_of), None)

    def _carried(self, homes: Mapping[int, int | None]) -> Carried | None:
        members: dict[int, list[int]] = {}
        for outline, home in homes.items():
            if home is not None:
                members.setdefault(home, []).append(outline)
        if not members or (self.budget is not None and len(members) > self.budget):
            return None
        slots: list[int | None] = [*sorted(members)]
        spare: list[list[int]] = []
        if self.budget is None or len(members) < self.budget:
            spare.append([])
            slots.append(None)
        groups = Groups.of([*(members[slot] for slot in sorted(members)), *spare])
        for outline, home in homes.items():
            if home is None:
                groups.insert(outline)
        return Carried(groups, slots)


def _outline(slot: PackedSlot) -> int:
    expression = parse(slot.cron)
    rule = date_rule(expression, MONTH.full)
    return shape(expression.minutes, expression.hours, [rule])
