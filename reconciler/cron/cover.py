"""The cover of a group of timetables: one UTC cron expression that misses none of their times."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.cron.expression import Expression, parse
from reconciler.cron.fields import HOUR, MINUTE
from reconciler.cron.text import stepped
from reconciler.cron.timetable import Timetable

COVER_YEARS = 10


def cover(timetables: Iterable[Timetable], start: int, years: int = COVER_YEARS) -> Expression:
    """Return one expression, to be read in UTC, whose times include all times of all members.

    Args:
        timetables: the members, at least one.
        start: the epoch minute from which on the members' times must be covered.
        years: for how long; zones may have other offsets at other times.
    """
    minutes = hours = 0
    for timetable in timetables:
        for day in range(start // 1440, start // 1440 + years * 366):
            mask = timetable.minutes_of_day(day)
            for hour in range(24):
                found = mask >> 60 * hour & ((1 << 60) - 1)
                minutes |= found
                if found:
                    hours |= 1 << hour
    return parse(f"{stepped(MINUTE, minutes)} {stepped(HOUR, hours)} * * *")
