"""Intervals such as `90m`: times at even distances from local midnight, as cron expressions."""

from __future__ import annotations

import re

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.errors import CronError
from reconciler.cron.expression import MAX_LENGTH, Expression, parse
from reconciler.cron.text import listed

_INTERVAL = re.compile(r"\s*([0-9]{1,5})\s*([a-zA-Z]+)\s*", re.ASCII)
_UNITS = {"m": 1, "h": 60, "d": MINUTES_PER_DAY}
_SPELLED_UNITS = {"min", "minute", "hr", "hour", "day"}
_DIVISORS = tuple(n for n in range(1, MINUTES_PER_DAY + 1) if MINUTES_PER_DAY % n == 0)


def parse_times(text: str) -> tuple[Expression, ...]:
    """Parse an expression or an interval into the expressions whose union it is.

    An interval is a number and one of m, h, d. It is aligned to the local clock (`6h` is 00:00,
    06:00, 12:00, 18:00), so it must divide a day. What one expression can say becomes one; the
    others, such as `90m`, become several that list their times, which makes all of them alike
    at a clock change: a skipped time runs once, a repeated one once.

    Raises:
        CronError: neither, or an interval that does not divide a day.
    """
    matched = _INTERVAL.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if matched is None:
        return (parse(text),)
    count, unit = int(matched[1]), matched[2].lower()
    start, end = matched.start(1), matched.end(2)
    if unit not in _UNITS:
        raise CronError(
            f"unknown unit {matched[2]!r}: expected m (minutes), h (hours) or d (days), such as "
            f"10m, 6h, 1d",
            start=start,
            end=end,
            suggestion=_likely_unit(count, unit),
        )
    every = count * _UNITS[unit]
    if every not in _DIVISORS:
        raise _uneven(matched[1] + matched[2], every, start, end)
    return _aligned(every)


def _aligned(every: int) -> tuple[Expression, ...]:
    if every == MINUTES_PER_DAY:
        return (parse("0 0 * * *"),)
    if every % 60 == 0:
        return (parse("0 * * * *" if every == 60 else f"0 */{every // 60} * * *"),)
    if 60 % every == 0:
        return (parse("* * * * *" if every == 1 else f"*/{every} * * * *"),)
    hours_by_minute: dict[int, int] = {}
    for time in range(0, MINUTES_PER_DAY, every):
        hour, minute = divmod(time, 60)
        hours_by_minute[minute] = hours_by_minute.get(minute, 0) | 1 << hour
    minutes_by_hours: dict[int, int] = {}
    for minute, hours in hours_by_minute.items():
        minutes_by_hours[hours] = minutes_by_hours.get(hours, 0) | 1 << minute
    return tuple(
        parse(f"{listed(minutes)} {listed(hours)} * * *")
        for hours, minutes in minutes_by_hours.items()
    )


def _uneven(written: str, every: int, start: int, end: int) -> CronError:
    lower = max((n for n in _DIVISORS if n < every), default=None)
    upper = min((n for n in _DIVISORS if n > every), default=None)
    near = [n for n in (lower, upper) if n is not None]
    nearest = min(near, key=lambda n: abs(n - every))
    return CronError(
        f"{written} does not divide a day evenly, so it has no fixed times; the nearest that do: "
        f"{' and '.join(map(_interval, near))}",
        start=start,
        end=end,
        suggestion=_interval(nearest),
    )


def _interval(minutes: int) -> str:
    if minutes == MINUTES_PER_DAY:
        return "1d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _likely_unit(count: int, unit: str) -> str | None:
    return f"{count}{unit[0]}" if unit.removesuffix("s") in _SPELLED_UNITS else None
