"""Which slot wakes for which schedules, within the budget (DESIGN §7)."""

from reconciler.pack.one_poller import BudgetError, one_poller
from reconciler.pack.slots import POLLER, Member, PackedSlot
from reconciler.pack.wakes import EVERY_MINUTE, wakes_per_month

__all__ = [
    "EVERY_MINUTE",
    "POLLER",
    "BudgetError",
    "Member",
    "PackedSlot",
    "one_poller",
    "wakes_per_month",
]
