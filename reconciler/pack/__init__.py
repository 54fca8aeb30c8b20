"""Which slot wakes for which schedules, within the budget (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.manifest import Packing
from reconciler.pack.fewest_wakes import fewest_wakes
from reconciler.pack.one_poller import one_poller
from reconciler.pack.slots import (
    EVERY_MINUTE,
    POLLER,
    BudgetError,
    Member,
    PackedSlot,
    wakes_by_slot,
    wakes_per_month,
)

__all__ = [
    "EVERY_MINUTE",
    "POLLER",
    "BudgetError",
    "Member",
    "PackedSlot",
    "fewest_wakes",
    "one_poller",
    "pack",
    "wakes_by_slot",
    "wakes_per_month",
]


def pack(
    members: Iterable[Member],
    packing: Packing,
    budget: int | None,
    now: int,
    deployed: Sequence[PackedSlot] = (),
) -> tuple[PackedSlot, ...]:
    """Pack members into slots; the result does not depend on their order.

    Args:
        budget: slots that may be used; None for no limit.
        now: epoch minute. Covers hold for at least ten years from it, and are the same for every
            `now` in a year.
        deployed: the slots that are deployed, which are kept if that costs little
            (`reconciler.pack.naming.good_enough`).

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    packer = one_poller if packing is Packing.ONE_POLLER else fewest_wakes
    return packer(members, budget, now, deployed)
