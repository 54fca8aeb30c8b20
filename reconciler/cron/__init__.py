"""When: cron expressions, their occurrences in a time zone, and the covers of many schedules.

Standard library only, and the zone files of the package `tzdata`, which are data. Every dispatcher
container imports this, so what only planning needs (covers, warnings) is loaded at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from reconciler.cron.clock import instant, minute
from reconciler.cron.cron_errors import CronError, TzdataError, ZoneError
from reconciler.cron.expression import Expression, parse
from reconciler.cron.intervals import counted_from, parse_times, timetable_of
from reconciler.cron.timetable import Timetable
from reconciler.cron.zone import Transition, Zone, zone_named
from reconciler.cron.zone_files import tzinfo_named

if TYPE_CHECKING:
    from reconciler.cron.advice import CronWarning, WarningKind, warnings
    from reconciler.cron.covers import cover

__all__ = [
    "CronError",
    "CronWarning",
    "Expression",
    "Timetable",
    "Transition",
    "TzdataError",
    "WarningKind",
    "Zone",
    "ZoneError",
    "counted_from",
    "cover",
    "instant",
    "minute",
    "parse",
    "parse_times",
    "timetable_of",
    "tzinfo_named",
    "warnings",
    "zone_named",
]

_LOADED_AT_FIRST_USE = {
    "CronWarning": "reconciler.cron.advice",
    "WarningKind": "reconciler.cron.advice",
    "cover": "reconciler.cron.covers",
    "warnings": "reconciler.cron.advice",
}


def __getattr__(name: str) -> object:
    module = _LOADED_AT_FIRST_USE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(module), name)
