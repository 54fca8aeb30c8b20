"""How often crons wake: counts of minutes, as means per month."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from reconciler.cron import Timetable

DAYS_PER_MONTH: Final = 365.25 / 12
EVERY_MINUTE: Final = round(DAYS_PER_MONTH * 24 * 60)
"""Wakes per month of the poller that this project replaces."""
SAMPLE_DAYS: Final = 365
"""Days over which wakes are counted: a year has every month and both clock changes."""


def wakes_per_month(timetables: Collection[Timetable], now: int) -> float:
    """The distinct minutes per month in which at least one of the timetables occurs.

    Args:
        now: epoch minute; the year that follows is counted.
    """
    first = now // (24 * 60)
    distinct = set(timetables)
    total = 0
    for day in range(first, first + SAMPLE_DAYS):
        minutes = 0
        for timetable in distinct:
            minutes |= timetable.minutes_of_day(day)
        total += minutes.bit_count()
    return total * DAYS_PER_MONTH / SAMPLE_DAYS
