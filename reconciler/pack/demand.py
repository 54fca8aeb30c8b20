"""When schedules need a wake: the shapes of their times in UTC, for as long as a cover holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reconciler.cron import Timetable, instant, minute
from reconciler.cron.expression import times_of_day
from reconciler.cron.footprint import footprints
from reconciler.pack.shape import shape
from reconciler.pack.slots import Member

COVER_YEARS: Final = 11
"""Whole years from the first of January of the current one: never less than ten years ahead.

The period begins with a year, not with the present: the same schedules have the same covers all
year, so that a plan made tomorrow changes nothing.
"""


@dataclass(frozen=True, slots=True)
class Demand:
    """The members that have equal times and tolerance, packed as one.

    Attributes:
        names: theirs, sorted.
        shape: the tightest cover of their times.
        times: the minutes of a UTC day at which they may be due, on the days of the shape: bit 0
            is 00:00. Fewer than the shape's when those are not the product of two fields.
        tolerance: minutes by which a wake may come later.
    """

    names: tuple[str, ...]
    shape: int
    times: int
    tolerance: int


def demands(members: Iterable[Member], now: int) -> tuple[Demand, ...]:
    """Put members with equal times and tolerance together, in the order of their first names.

    Args:
        now: epoch minute; the covers hold for `COVER_YEARS` from the start of its year.
    """
    year = instant(now).year
    first, end = (minute(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + COVER_YEARS))
    equal: dict[tuple[Timetable, int], list[str]] = {}
    for member in sorted(members, key=lambda member: member.name):
        equal.setdefault((member.timetable, member.tolerance), []).append(member.name)
    return tuple(
        Demand(tuple(names), *_in_utc(timetable, first - 1, end), tolerance)
        for (timetable, tolerance), names in equal.items()
    )


def _in_utc(timetable: Timetable, start: int, until: int) -> tuple[int, int]:
    """Return the shape over all offsets of the zone, and the times of day that it comes from."""
    minutes = hours = times = 0
    rules = set()
    for expression in timetable.expressions:
        for footprint in footprints(expression, timetable.zone, start, until):
            minutes |= footprint.minutes
            hours |= footprint.hours
            times |= times_of_day(footprint.minutes, footprint.hours)
            rules.add(footprint.dates)
    return shape(minutes, hours, rules), times
