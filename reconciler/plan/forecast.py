"""How often a plan wakes: per month, by slot and in all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.cron import Timetable, parse
from reconciler.dispatch.generation import Slot
from reconciler.pack import EVERY_MINUTE, wakes_per_month


@dataclass(frozen=True, slots=True)
class Wakes:
    """Wakes per month, rounded to whole ones.

    Attributes:
        per_month: of the planned slots together.
        by_slot: of each of them.
        floor: the distinct minutes in which something is due; no packing wakes less often.
        every_minute: of a poller that wakes every minute.
    """

    per_month: int
    by_slot: Mapping[str, int]
    floor: int
    every_minute: int = EVERY_MINUTE


def forecast(slots: Iterable[Slot], timetables: Iterable[Timetable], now: int) -> Wakes:
    """Count the wakes of the year that follows.

    Args:
        timetables: of the schedules that have to be woken for.
        now: epoch minute.
    """
    by_slot = {slot.name: _wakes(slot, now) for slot in slots}
    return Wakes(
        per_month=round(sum(by_slot.values())),
        by_slot={name: round(wakes) for name, wakes in by_slot.items()},
        floor=round(wakes_per_month(set(timetables), now)),
    )


def wakes_of(slots: Iterable[Slot], now: int) -> int:
    """How often these slots wake in a month, together."""
    return round(sum(_wakes(slot, now) for slot in slots))


def slot_timetable(slot: Slot) -> Timetable:
    """When a slot wakes."""
    return Timetable((parse(slot.cron),), slot.timezone)


def _wakes(slot: Slot, now: int) -> float:
    return wakes_per_month([slot_timetable(slot)], now)
