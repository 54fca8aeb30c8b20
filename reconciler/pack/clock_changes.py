"""Whether a slot may be read in its schedules' own time zone.

Where a zone changes its clock, crons disagree: about skipped times, about repeated ones, and some
about times nearby (docs/packing.md has what was found). A cover in the zone itself is therefore
taken only for schedules none of whose times comes near a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from reconciler.cron import Timetable, zone_named
from reconciler.cron.clock import MINUTES_PER_DAY, WHOLE_DAY
from reconciler.cron.local import local_minutes
from reconciler.pack.horizon import Horizon

NEAR: Final = 60
"""Minutes on either side of the skipped or repeated stretch of local time that are too near."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Minutes of local time, from `start` (since 1970 on the local clock) on."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class _Stretches:
    """The stretches that a zone's changes make unsafe.

    Attributes:
        times: the minutes of a day that lie in any of them: most schedules have none of these.
    """

    each: tuple[_Stretch, ...]
    times: int


def clear_of_changes(timetable: Timetable, horizon: Horizon) -> bool:
    """Whether no time of the timetable in the horizon is near a change of its zone's clock."""
    unsafe = _unsafe(timetable.zone, horizon)
    return not any(
        expression.times & unsafe.times
        and any(
            local_minutes(expression.dates, expression.times, stretch.start, stretch.count)
            for stretch in unsafe.each
        )
        for expression in timetable.expressions
    )


@lru_cache(maxsize=1024)
def _unsafe(zone: str, horizon: Horizon) -> _Stretches:
    each = []
    times = 0
    for change in zone_named(zone).transitions(horizon.start, horizon.until):
        first, last = sorted((change.minute + change.before, change.minute + change.after))
        stretch = _Stretch(first - NEAR, min(last - first + 2 * NEAR, MINUTES_PER_DAY))
        each.append(stretch)
        spread = ((1 << stretch.count) - 1) << stretch.start % MINUTES_PER_DAY
        times |= (spread | spread >> MINUTES_PER_DAY) & WHOLE_DAY
    return _Stretches(tuple(each), times)
