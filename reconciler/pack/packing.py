"""The front door: the packing that the settings ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from reconciler.manifest import Packing
from reconciler.pack.fewest_wakes import fewest_wakes
from reconciler.pack.one_poller import one_poller
from reconciler.pack.slots import Member, PackedSlot
from reconciler.pack.wakes import wakes_by_slot


class _Packer(Protocol):
    def __call__(
        self,
        members: Iterable[Member],
        budget: int | None,
        now: int,
        previous: Sequence[PackedSlot] = (),
    ) -> tuple[PackedSlot, ...]: ...


_PACKERS: Final[dict[Packing, _Packer]] = {
    Packing.ONE_POLLER: one_poller,
    Packing.FEWEST_WAKES: fewest_wakes,
}


def pack(
    members: Iterable[Member],
    packing: Packing,
    budget: int | None,
    now: int,
    previous: Sequence[PackedSlot] = (),
) -> tuple[PackedSlot, ...]:
    """Pack members into slots; the outcome does not depend on their order.

    Args:
        budget: slots that may be used; None for no limit.
        now: epoch minute. Covers hold for at least ten years from it, and are the same for every
            `now` in a year.
        previous: the slots at hand, to be kept if that costs little (`reconciler.pack.stability`).

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    return _PACKERS[packing](members, budget, now, previous)


def wakes_saved_by_tolerance(
    members: Iterable[Member],
    packing: Packing,
    budget: int | None,
    now: int,
    previous: Sequence[PackedSlot] = (),
) -> float:
    """Return how many wakes per month more there would be if nothing might run late.

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    members = tuple(members)
    if not any(member.tolerance for member in members):
        return 0.0
    punctual = [replace(member, tolerance=0) for member in members]
    strict, late = (
        sum(wakes_by_slot(pack(each, packing, budget, now, previous), now).values())
        for each in (punctual, members)
    )
    return strict - late
