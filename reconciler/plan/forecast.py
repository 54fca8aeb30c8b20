"""What a plan costs: wakes per month, and what Modal charges for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reconciler.cron import Timetable, parse
from reconciler.dispatch.generation import Slot
from reconciler.pack import EVERY_MINUTE, wakes_per_month

USD_PER_SECOND: Final = 0.125 * 0.0000131 + 0.125 * 0.00000222
"""List price of the least container: 0.125 core and 128 MiB."""
SECONDS_PER_WAKE: Final = 5.0
"""Assumed billed time of one wake, the idle time until the container scales down included."""


@dataclass(frozen=True, slots=True)
class Wakes:
    """Wakes per month, rounded to whole ones.

    Attributes:
        per_month: of the planned slots together.
        floor: the distinct minutes in which something is due; no packing wakes less often.
        every_minute: of a poller that wakes every minute.
    """

    per_month: int
    floor: int
    every_minute: int = EVERY_MINUTE

    @property
    def cost_usd(self) -> float:
        """Dollars per month at the list price."""
        return cost_usd(self.per_month)


def cost_usd(wakes: int) -> float:
    """What so many wakes cost in dollars, at the list price."""
    return round(wakes * SECONDS_PER_WAKE * USD_PER_SECOND, 4)


def forecast(slots: Iterable[Slot], timetables: Iterable[Timetable], now: int) -> Wakes:
    """Count the wakes of the year that follows.

    Args:
        timetables: of the schedules that have to be woken for.
        now: epoch minute.
    """
    return Wakes(wakes_of(slots, now), round(wakes_per_month(set(timetables), now)))


def wakes_of(slots: Iterable[Slot], now: int) -> int:
    """How often these slots wake in a month, together."""
    return round(sum(wakes_per_month([slot_timetable(slot)], now) for slot in slots))


def slot_timetable(slot: Slot) -> Timetable:
    """When a slot wakes."""
    return Timetable((parse(slot.cron),), slot.timezone)
