"""What is packed and what comes out, members in and slots out; and how often slots wake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reconciler.cron import Expression, Timetable, parse
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.errors import ReconcileError

POLLER: Final = "poller"
"""The name of the first shared slot; the others are ``poller-2``, ``poller-3`` and so on."""
DAYS_PER_MONTH: Final = 365.25 / 12
EVERY_MINUTE: Final = round(DAYS_PER_MONTH * MINUTES_PER_DAY)
"""Wakes per month of the poller that this project replaces."""
SAMPLE_DAYS: Final = 365
"""Days over which wakes are counted: a year has every month and both clock changes."""


@dataclass(frozen=True, slots=True)
class Member:
    """A schedule to be packed.

    Attributes:
        name: unique among the members.
        timetable: its nominal times.
        tolerance: minutes by which a wake may come after a nominal time, 0 to 1,440.
    """

    name: str
    timetable: Timetable
    tolerance: int = 0


@dataclass(frozen=True, slots=True)
class PackedSlot:
    """One cron to deploy.

    Attributes:
        name: the schedule's name for a solo slot, ``poller`` or ``poller-N`` for a shared one.
        cron: the cover of its schedules, in UTC.
        schedules: the names of the schedules that it wakes for, sorted.
    """

    name: str
    cron: str
    schedules: tuple[str, ...]


class BudgetError(ReconcileError):
    """There are schedules to wake for and no cron to do it with."""

    def __init__(self, members: int) -> None:
        super().__init__(
            f"no cron is left to wake for {members} schedules",
            remedy="free one of the crons that others hold, or lower `reserve`",
        )


def require_a_slot(budget: int | None, members: int) -> None:
    """Raise BudgetError if a budget is less than one slot; None is no limit."""
    if budget is not None and budget < 1:
        raise BudgetError(members)


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
