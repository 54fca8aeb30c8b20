"""How often crons wake: counts of minutes, as means per month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.cron import Expression, Timetable, parse
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.pack.slots import PackedSlot

DAYS_PER_MONTH: Final = 365.25 / 12
EVERY_MINUTE: Final = round(DAYS_PER_MONTH * MINUTES_PER_DAY)
"""Wakes per month of the poller that this project replaces."""
SAMPLE_DAYS: Final = 365
"""Days over which wakes are counted: a year has every month and both clock changes."""


def wakes_per_month(timetables: Iterable[Timetable], now: int) -> float:
    """The distinct minutes per month in which at least one of the timetables occurs.

    For all schedules together this is the floor: no packing can wake less often.

    Args:
        now: epoch minute; the 365 days from the start of its UTC day are counted.
    """
    merged = merged_by_zone(timetables)
    first = now // MINUTES_PER_DAY
    total = 0
    for day in range(first, first + SAMPLE_DAYS):
        minutes = 0
        for timetable in merged:
            minutes |= timetable.minutes_of_day(day)
        total += minutes.bit_count()
    return total * DAYS_PER_MONTH / SAMPLE_DAYS


def merged_by_zone(timetables: Iterable[Timetable]) -> list[Timetable]:
    """One timetable for each zone, with the same times in all.

    A timetable groups its expressions by their days, and those are few.
    """
    by_zone: dict[str, dict[Expression, None]] = {}
    for timetable in timetables:
        by_zone.setdefault(timetable.zone, {}).update(dict.fromkeys(timetable.expressions))
    return [Timetable(tuple(expressions), zone) for zone, expressions in by_zone.items()]


def wakes_by_slot(slots: Iterable[PackedSlot], now: int) -> dict[str, float]:
    """Return each slot's wakes per month by its name; a packing costs their sum.

    Two slots that wake in the same minute count twice: Modal starts, and bills, both.
    """
    return {
        slot.name: wakes_per_month([Timetable((parse(slot.cron),), "UTC")], now) for slot in slots
    }
