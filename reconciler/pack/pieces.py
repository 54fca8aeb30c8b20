"""What schedules ask for, cut up so that slots can share the wakes for one of them.

Any wake serves every schedule that is due, so one slot may wake for a schedule's weekdays and
another for its weekends, or one for its full hours and another for the half ones. A piece is one
time of day in UTC on weekdays that no schedule tells apart. What has a tolerance stays
whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.cron.days import EVERY_WEEKDAY
from reconciler.cron.text import members
from reconciler.pack import shape
from reconciler.pack.demand import Demand
from reconciler.pack.load import Load
from reconciler.pack.shape import cost

MOST_PIECES: Final = 700
"""More are not worth the time: where so many minutes are asked for, little is wasted on each."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What has to be in some slot's cover.

    Attributes:
        each: the outlines of the smallest pieces, and of what stays whole.
        by_days: the same in larger parts, the dearest first: of each schedule what none that is
            dearer asks for, on weekdays that no schedule tells apart.
        least: what every packing costs at least. Dates, which may be any weekdays, do not count.
    """

    each: tuple[int, ...]
    by_days: tuple[int, ...]
    least: int


def cut_up(demands: Sequence[Demand], loads: Iterable[Load]) -> Pieces | None:
    """Cut up demands; None when there would be too many pieces.

    Args:
        loads: of the demands; those that stay whole are taken from there.
    """
    alike = _alike(demands)
    parts: list[tuple[int, int]] = []
    taken = dict.fromkeys(alike, 0)
    for demand in sorted(filter(_is_cut, demands), key=lambda d: (-cost(d.outline), d.outline)):
        weekdays = shape.weekdays(demand.outline)
        if weekdays is None:
            parts.append((shape.days(demand.outline), demand.times))
            continue
        for each in alike:
            if each & weekdays:
                parts.append((shape.on_weekdays(each), demand.times & ~taken[each]))
                taken[each] |= demand.times
    if sum(times.bit_count() for _, times in parts) > MOST_PIECES:
        return None
    whole = {load.outline for load in loads if not _is_cut(demands[load.demand])}
    small = {shape.at_times(days, 1 << time) for days, times in parts for time in members(times)}
    large = {shape.at_times(days, times) for days, times in parts if times}
    return Pieces(
        tuple(sorted(whole | small)),
        tuple(sorted(whole | large, key=lambda outline: (-cost(outline), outline))),
        sum(
            cost(shape.at_times(shape.on_weekdays(each), 1)) * taken[each].bit_count()
            for each in alike
        ),
    )


def _is_cut(demand: Demand) -> bool:
    return not demand.tolerance


def _alike(demands: Iterable[Demand]) -> list[int]:
    """Return the sets of weekdays that no demand tells apart, all weekdays in one of them."""
    found = [EVERY_WEEKDAY]
    for weekdays in {shape.weekdays(demand.outline) for demand in demands}:
        if weekdays is not None:
            both = ((each & weekdays, each & ~weekdays) for each in found)
            found = [part for parts in both for part in parts if part]
    return sorted(found)
