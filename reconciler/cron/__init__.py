"""When: cron expressions, their occurrences in a time zone, and the covers of many schedules.

Standard library only and quick to import, since every dispatcher container loads it.
"""

from reconciler.cron.advice import CronWarning, WarningKind, warnings
from reconciler.cron.clock import instant, minute
from reconciler.cron.cover import cover
from reconciler.cron.errors import CronError, ZoneError
from reconciler.cron.expression import Expression, parse
from reconciler.cron.intervals import parse_times
from reconciler.cron.timetable import Timetable
from reconciler.cron.zone import Transition, Zone, zone_named

__all__ = [
    "CronError",
    "CronWarning",
    "Expression",
    "Timetable",
    "Transition",
    "WarningKind",
    "Zone",
    "ZoneError",
    "cover",
    "instant",
    "minute",
    "parse",
    "parse_times",
    "warnings",
    "zone_named",
]
