"""Intervals, as cron expressions: `90m` from local midnight on, `2w` from a first day on."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from reconciler.cron.clock import EPOCH_ORDINAL, MINUTES_PER_DAY
from reconciler.cron.cron_errors import CronError
from reconciler.cron.days import EVERY_WEEKDAY, weekday
from reconciler.cron.expression import MAX_LENGTH, Expression, parse
from reconciler.cron.fields import DAY_OF_MONTH, MONTH
from reconciler.cron.text import listed
from reconciler.cron.timetable import Timetable

MAX_DAYS = 3660
"""Days of the longest interval; ten years."""

_INTERVAL = re.compile(
    r"\s*([0-9]{1,5})\s*([a-zA-Z]+)(?:\s+from\s+([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}))?\s*",
    re.ASCII,
)
_UNITS = {"m": 1, "h": 60, "d": MINUTES_PER_DAY, "w": 7 * MINUTES_PER_DAY}
_SPELLED_UNITS = {"min", "minute", "hr", "hour", "day", "week"}
_DIVISORS = tuple(n for n in range(1, MINUTES_PER_DAY + 1) if MINUTES_PER_DAY % n == 0)


class _Interval(NamedTuple):
    """A number and a unit, in minutes.

    Attributes:
        written: the number and the unit.
        first: the local time from which it is counted, as it is written; None where none is.
        start, end: the span of number and unit in the text.
    """

    every: int
    written: str
    first: str | None
    start: int
    end: int

    @property
    def is_counted(self) -> bool:
        """Whether it is counted from a first time: it is whole days and not one."""
        return self.every > MINUTES_PER_DAY and self.every % MINUTES_PER_DAY == 0

    def error(self, message: str, suggestion: str | None = None) -> CronError:
        """The error that points at number and unit."""
        return CronError(message, start=self.start, end=self.end, suggestion=suggestion)


@lru_cache(maxsize=65_536)
def timetable_of(texts: tuple[str, ...], zone: str) -> Timetable:
    """Return the timetable of expressions and intervals; many schedules share theirs.

    Raises:
        CronError: as ``parse_times``.
        ZoneError: there is no such zone.
        ValueError: there are no texts.
    """
    return Timetable(tuple(dict.fromkeys(e for text in texts for e in parse_times(text))), zone)


def parse_times(text: str) -> tuple[Expression, ...]:
    """Parse an expression or an interval into the expressions whose union it is.

    An interval is a number and one of m, h, d, w. Up to a day it is aligned to the local clock
    (`6h` is 00:00, 06:00, 12:00, 18:00), so it must divide a day. What one expression can say
    becomes one; the others, such as `90m`, become several that list their times, which makes all of
    them alike at a clock change: a skipped time runs once, a repeated one once.

    An interval of several days is counted from a first local time, `2w from 2026-12-02T09:00`: it
    is that time of day on that date and on every 14th day after it.

    Raises:
        CronError: neither, or an interval that does not divide a day or has no first time.
    """
    interval = _interval(text)
    if interval is None:
        return (parse(text),)
    if interval.is_counted:
        return (_counted(interval, text),)
    if interval.first is not None:
        raise interval.error(
            f"{interval.written} is aligned to the clock, so it has no `from`", interval.written
        )
    if not interval.every:
        raise interval.error(f"{interval.written} is not longer than zero: expected 1m or more")
    if interval.every not in _DIVISORS:
        raise _uneven(interval)
    return _aligned(interval.every)


def counted_from(text: str, first: datetime | None) -> str:
    """Return an interval of several days with the first time from which it is counted.

    Every other text is returned as it is. A week becomes the expression that says it.

    Args:
        first: local, without a zone; None where it is not known.

    Raises:
        CronError: an interval of several days without a first time, one that names its first time
            itself, or an unknown unit.
    """
    interval = _interval(text)
    if interval is None or not interval.is_counted:
        return text
    if interval.first is not None:
        raise interval.error(
            f"an interval is counted from `start`: write {interval.written} here, and "
            f"{interval.first} as `start`"
        )
    if first is None:
        raise interval.error(
            f"{interval.written} is counted from `start`, which is missing: add the first day or "
            "time as `start`"
        )
    if interval.every == _UNITS["w"]:
        return f"{first.minute} {first.hour} * * {first.isoweekday() % 7}"
    return f"{interval.written} from {first:%Y-%m-%dT%H:%M}"


def is_counted(text: str) -> bool:
    """Whether a text is an interval that names the first time from which it is counted."""
    interval = _interval(text)
    return interval is not None and interval.first is not None


def _interval(text: str) -> _Interval | None:
    matched = _INTERVAL.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if matched is None:
        return None
    count, unit = int(matched[1]), matched[2].lower()
    start, end = matched.start(1), matched.end(2)
    if unit not in _UNITS:
        raise CronError(
            f"unknown unit {matched[2]!r}: expected m (minutes), h (hours), d (days) or w (weeks), "
            f"such as 10m, 6h, 1d or 2w",
            start=start,
            end=end,
            suggestion=_likely_unit(count, unit),
        )
    return _Interval(count * _UNITS[unit], matched[1] + matched[2], matched[3], start, end)


def _counted(interval: _Interval, text: str) -> Expression:
    length = interval.every // MINUTES_PER_DAY
    if length > MAX_DAYS:
        raise interval.error(f"{interval.written} is longer than {MAX_DAYS} days")
    if interval.first is None:
        raise interval.error(f"{interval.written} names no first time: `from` is missing")
    try:
        first = datetime.fromisoformat(interval.first)
    except ValueError:
        raise interval.error(f"there is no time `{interval.first}`") from None
    day = first.toordinal() - EPOCH_ORDINAL
    return Expression(
        minutes=1 << first.minute,
        hours=1 << first.hour,
        days=DAY_OF_MONTH.full,
        months=MONTH.full,
        weekdays=EVERY_WEEKDAY if length % 7 else 1 << weekday(day),
        both_days=True,
        wildcard=False,
        text=text,
        cycle=(day, length),
    )


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


def _uneven(interval: _Interval) -> CronError:
    written, every = interval.written, interval.every
    if every > MINUTES_PER_DAY:
        return interval.error(
            f"{written} is more than a day and not whole days: expected days or weeks, such as 3d "
            "or 2w, which are counted from `start`"
        )
    lower = max((n for n in _DIVISORS if n < every), default=None)
    upper = min((n for n in _DIVISORS if n > every), default=None)
    near = [n for n in (lower, upper) if n is not None]
    nearest = min(near, key=lambda n: abs(n - every))
    return interval.error(
        f"{written} does not divide a day evenly, so it has no fixed times; the nearest that do: "
        f"{' and '.join(map(_written, near))}",
        _written(nearest),
    )


def _written(minutes: int) -> str:
    if minutes == MINUTES_PER_DAY:
        return "1d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _likely_unit(count: int, unit: str) -> str | None:
    return f"{count}{unit[0]}" if unit.removesuffix("s") in _SPELLED_UNITS else None
