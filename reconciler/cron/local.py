"""Matching minutes of a local calendar, without any time zone."""

from __future__ import annotations

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.days import DaySet


def local_minutes(dates: DaySet, times: int, start: int, count: int) -> int:
    """Return which of `count` minutes from `start` match, bit 0 being `start`.

    Args:
        dates: the days that match.
        times: the minutes of such a day, bit 0 being 00:00.
        start: local minutes since 1970-01-01T00:00 on the local clock.
        count: how many minutes to look at.
    """
    day, minute = divmod(start, MINUTES_PER_DAY)
    matching = 0
    filled = 0
    while filled < count:
        # Most times are outside of a short stretch: that is seen before the day is asked for.
        within = times >> minute & ((1 << (count - filled)) - 1)
        if within and day in dates:
            matching |= within << filled
        filled += MINUTES_PER_DAY - minute
        day, minute = day + 1, 0
    return matching
