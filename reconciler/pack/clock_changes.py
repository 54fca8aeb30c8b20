"""Whether a slot may be read in its schedules' own time zone.

Where a zone changes its clock, crons disagree: about skipped times, about repeated ones, and
croniter before version 7 about whatever comes next when it is asked less than two hours ahead of
the change (docs/packing.md has what was measured). A cover in a zone is therefore taken only if it
never wakes near a change of the zone's clock, on no day.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from reconciler.cron import Timetable, zone_named
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.pack.horizon import Horizon

BEFORE: Final = 120
"""Minutes ahead of the skipped or repeated stretch of local time that are too near."""
AFTER: Final = 60
"""Minutes behind it."""


def clear_of_changes(timetable: Timetable, horizon: Horizon) -> bool:
    """Whether no time of day of the timetable is near a change of its zone's clock.

    Dates do not count, nor do minutes: a cover over several schedules has days of the one and hours
    of the other.
    """
    near = _hours_near_changes(timetable.zone, horizon)
    return not any(expression.hours & near for expression in timetable.expressions)


@lru_cache(maxsize=1024)
def _hours_near_changes(zone: str, horizon: Horizon) -> int:
    """Return the local hours (bit set) of which any minute is near a change in the horizon."""
    hours = 0
    for change in zone_named(zone).transitions(horizon.start, horizon.until):
        first, end = sorted((change.minute + change.before, change.minute + change.after))
        for hour in range((first - BEFORE) // 60, -(-(end + AFTER) // 60)):
            hours |= 1 << hour % (MINUTES_PER_DAY // 60)
    return hours
