"""Which slot wakes for which schedules, within the budget (DESIGN §7)."""

from reconciler.pack.fewest_wakes import fewest_wakes
from reconciler.pack.one_poller import one_poller
from reconciler.pack.packing import pack
from reconciler.pack.slots import POLLER, BudgetError, Member, PackedSlot
from reconciler.pack.wakes import EVERY_MINUTE, wakes_by_slot, wakes_per_month

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
