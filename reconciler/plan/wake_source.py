"""What causes wakes: its budget, what it covers, what is observed of it, its changes, its cost.

Any wake processes every due occurrence, so a source decides when there are wakes and what they
cost, never what runs. A plan has one kind of source today, the crons of our Modal app.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from reconciler.cron import Timetable
from reconciler.manifest import EnvironmentSettings
from reconciler.model.generation import Generation, Slot
from reconciler.pack import Member, PackedSlot
from reconciler.plan.budget import Budget, budget_for
from reconciler.plan.change import Change
from reconciler.plan.changes import slot_changes
from reconciler.plan.forecast import Wakes, forecast, wakes_of
from reconciler.plan.price import WakePrice
from reconciler.plan.slot_members import pack_members
from reconciler.plan.state import Actual


class WakeSource(Protocol):
    """One source of wakes, as it is planned."""

    @property
    def budget(self) -> Budget:
        """How much of it may be used, how much is, and who uses the rest."""
        ...

    @property
    def covered(self) -> Mapping[str, Sequence[str]]:
        """Each of its parts to the schedules that it wakes for."""
        ...

    @property
    def wakes(self) -> Wakes:
        """How often it wakes in a month."""
        ...

    @property
    def wakes_before(self) -> int:
        """How often what was applied wakes in a month."""
        ...

    @property
    def is_observed(self) -> bool:
        """Whether what is deployed is what is planned."""
        ...

    def changes(self) -> Iterable[Change]:
        """What turns what was applied into what is planned."""
        ...

    def usd(self, price: WakePrice) -> float:
        """What its wakes cost in a month, in dollars."""
        ...


@dataclass(frozen=True, slots=True)
class ModalSlots:
    """The crons of our Modal app.

    Attributes:
        packed: the planned crons, each with the schedules that it wakes for.
        applied: the crons that were applied last.
        observed: the crons that are deployed; None when our app is not deployed.
        budget: the crons of the workspace.
        timetables: of the schedules that need wakes, by name.
        now: epoch minute.
    """

    packed: tuple[PackedSlot, ...]
    applied: tuple[Slot, ...]
    observed: tuple[Slot, ...] | None
    budget: Budget
    timetables: Mapping[str, Timetable] = field(repr=False)
    now: int

    @classmethod
    def plan(
        cls,
        members: Sequence[Member],
        settings: EnvironmentSettings,
        actual: Actual,
        known: Sequence[Generation],
        now: int,
    ) -> Self:
        """Pack the schedules into the crons that are left.

        Args:
            members: the schedules that need wakes.
            known: the generations that are known; the packing stays close to the first.
            now: epoch minute.
        """
        budget = budget_for(settings, actual)
        packed = pack_members(members, settings.packing, budget.available, now, known)
        return cls(
            packed=packed,
            applied=(),
            observed=None if actual.own is None else actual.own.slots,
            budget=replace(budget, used=len(packed)),
            timetables={member.name: member.timetable for member in members},
            now=now,
        )

    def instead_of(self, applied: Sequence[Slot]) -> Self:
        """The same, planned in place of the crons that were applied last."""
        return replace(self, applied=tuple(applied))

    def serving(self, members: Iterable[Member]) -> Self:
        """The same crons, where these are the schedules that have to be woken for: a second source
        may wake for most of them."""
        return replace(self, timetables={member.name: member.timetable for member in members})

    @property
    def crons(self) -> tuple[Slot, ...]:
        """The planned crons, in UTC."""
        return tuple(Slot(slot.name, slot.cron) for slot in self.packed)

    @property
    def covered(self) -> Mapping[str, Sequence[str]]:
        """See :class:`WakeSource`."""
        return {slot.name: slot.schedules for slot in self.packed}

    @property
    def wakes(self) -> Wakes:
        """See :class:`WakeSource`."""
        return forecast(self.crons, self.timetables, self.now)

    @property
    def wakes_before(self) -> int:
        """See :class:`WakeSource`."""
        return wakes_of(self.applied, self.now)

    @property
    def is_observed(self) -> bool:
        """See :class:`WakeSource`."""
        return self.observed is not None and set(self.observed) == set(self.crons)

    @property
    def changed(self) -> tuple[Slot, ...]:
        """The crons that the plan creates or updates."""
        return tuple(slot for slot in self.crons if slot not in self.applied)

    def changes(self) -> Iterable[Change]:
        """See :class:`WakeSource`."""
        return slot_changes(self.applied, self.crons)

    def usd(self, price: WakePrice) -> float:
        """See :class:`WakeSource`."""
        return price.usd(self.wakes.per_month)
