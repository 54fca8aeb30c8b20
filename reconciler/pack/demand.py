"""What schedules ask of a packing: when to wake, as outlines and times of day in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.cron import Timetable
from reconciler.cron.footprint import footprints
from reconciler.pack import shape
from reconciler.pack.horizon import Horizon
from reconciler.pack.slots import Member


@dataclass(frozen=True, slots=True)
class Demand:
    """The members that have equal times and tolerance, packed as one.

    Attributes:
        names: theirs, sorted.
        outline: of their common times, whole.
        times: the minutes of a UTC day at which they may be due, on the days of the outline: bit 0
            is 00:00. Fewer than the outline's when those are not the product of two fields.
        tolerance: minutes by which a wake may come later.
    """

    names: tuple[str, ...]
    outline: int
    times: int
    tolerance: int


def demands(members: Iterable[Member], horizon: Horizon) -> tuple[Demand, ...]:
    """Put members with equal times and tolerance together, in the order of their first names."""
    equal: dict[tuple[Timetable, int], list[str]] = {}
    for member in sorted(members, key=lambda member: member.name):
        equal.setdefault((member.timetable, member.tolerance), []).append(member.name)
    return tuple(
        Demand(tuple(names), *_in_utc(timetable, horizon), tolerance)
        for (timetable, tolerance), names in equal.items()
    )


def _in_utc(timetable: Timetable, horizon: Horizon) -> tuple[int, int]:
    """Return the shape over all offsets of the zone, and the times of day that it comes from."""
    minutes = hours = times = 0
    rules = set()
    for expression in timetable.expressions:
        footprints_ = footprints(expression, timetable.zone, horizon.start, horizon.until)
        for footprint in footprints_:
            minutes |= footprint.minutes
            hours |= footprint.hours
            times |= shape.times_of(footprint.minutes, footprint.hours)
            rules.add(footprint.dates)
    return shape.shape(minutes, hours, rules), times
