"""What schedules ask of a packing: when to wake, as outlines and times of day in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.cron import Timetable
from reconciler.cron.dates import date_rule
from reconciler.cron.fields import MONTH
from reconciler.cron.footprint import footprints
from reconciler.pack import shape
from reconciler.pack.clock_changes import clear_of_changes
from reconciler.pack.horizon import Horizon
from reconciler.pack.outline import UTC_ONLY, Clocks, own_zone_outline
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

    @property
    def utc_only(self) -> bool:
        """Whether a slot that wakes for it must be read in UTC."""
        return bool(self.outline & UTC_ONLY)


@dataclass(frozen=True, slots=True)
class Demands:
    """Everything to be packed.

    Attributes:
        each: in the order of their first names.
        clocks: the zones in which slots may be read.
    """

    each: tuple[Demand, ...]
    clocks: Clocks


def demands(members: Iterable[Member], horizon: Horizon) -> Demands:
    """Put members with equal times and tolerance together, independent of their order."""
    equal: dict[tuple[Timetable, int], list[str]] = {}
    for member in sorted(members, key=lambda member: member.name):
        equal.setdefault((member.timetable, member.tolerance), []).append(member.name)
    own_zone = {
        timetable
        for timetable, _ in equal
        if timetable.zone != "UTC" and clear_of_changes(timetable, horizon)
    }
    clocks = Clocks.of({timetable.zone for timetable in own_zone})
    each = []
    for (timetable, tolerance), names in equal.items():
        in_utc, times = _in_utc(timetable, horizon)
        outline = in_utc | UTC_ONLY
        if timetable in own_zone:
            clock = clocks.bits[timetable.zone]
            outline = own_zone_outline(in_utc, _in_own_zone(timetable), clock)
        each.append(Demand(tuple(names), outline, times, tolerance))
    return Demands(tuple(each), clocks)


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


def _in_own_zone(timetable: Timetable) -> int:
    minutes = hours = 0
    for expression in timetable.expressions:
        minutes |= expression.minutes
        hours |= expression.hours
    rules = [date_rule(expression, MONTH.full) for expression in timetable.expressions]
    return shape.shape(minutes, hours, rules)
