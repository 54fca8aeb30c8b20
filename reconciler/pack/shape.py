"""The shape of a cover: the five fields of one expression as one integer.

An expression's times are the product of its minutes, its hours and its days, so the tightest
expression over several others has, field by field, the union of their values. With all fields side
by side in one integer, the tightest common cover of two shapes is ``a | b`` and ``a`` needs no
wake beyond those of ``b`` when ``a | b == b``. Packing compares many groups: this makes each
comparison one operation.

Days are what two fields name together, joined by OR (`reconciler.cron.covers`): a shape for days of
the month has no weekdays, one for weekdays no days of the month, and one for every day has all of
both. Union is therefore exact for days too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache, reduce
from operator import or_
from typing import Final

from reconciler.cron.covers import written
from reconciler.cron.dates import DateRule, legible_days, merged
from reconciler.cron.days import EVERY_WEEKDAY, month_length
from reconciler.cron.fields import DAY_OF_MONTH, MONTH
from reconciler.cron.text import members

_HOURS_AT: Final = 60
_MONTHS_AT: Final = _HOURS_AT + 24
_DAYS_AT: Final = _MONTHS_AT + 13
_WEEKDAYS_AT: Final = _DAYS_AT + 32

UNITS_PER_MONTH: Final = 7 * 400 * 12
"""Costs are whole numbers, so that they add up and compare exactly: sevenths of a wake in the 400
years after which the calendar repeats. A weekday counts for a seventh of every date."""

MINUTES: Final = (1 << 60) - 1
"""The bits of a shape that are its minutes."""
_HOURS: Final = (1 << 24) - 1
_ALL_DAYS: Final = (
    MONTH.full << _MONTHS_AT | DAY_OF_MONTH.full << _DAYS_AT | EVERY_WEEKDAY << _WEEKDAYS_AT
)
_YEARS: Final = 400
_LEAP_YEARS: Final = 97


def shape(minutes: int, hours: int, rules: Iterable[DateRule]) -> int:
    """Return the shape of minutes and hours on the days of all the rules."""
    rule = merged(rules)
    days, weekdays = rule.days, rule.weekdays
    if rule.every_day:
        days, weekdays = DAY_OF_MONTH.full, EVERY_WEEKDAY
    return (
        minutes
        | hours << _HOURS_AT
        | rule.months << _MONTHS_AT
        | days << _DAYS_AT
        | weekdays << _WEEKDAYS_AT
    )


def cost(shape: int) -> int:
    """Return how often the shape's expression wakes, in units (see `UNITS_PER_MONTH`)."""
    times = (shape & MINUTES).bit_count() * (shape >> _HOURS_AT & _HOURS).bit_count()
    return times * _days(shape >> _MONTHS_AT)


def days(shape: int) -> int:
    """Return the day fields alone. What includes them bit by bit has at least the same days."""
    return shape >> _MONTHS_AT << _MONTHS_AT


def every_day(shape: int) -> bool:
    """Whether it matches on all days of the year."""
    return days(shape) == _ALL_DAYS


def at_times(days: int, times: int) -> int:
    """Return the least shape with those days that has at least those times of a day."""
    minutes = hours = 0
    for hour in range(24):
        in_hour = times >> 60 * hour & MINUTES
        if in_hour:
            minutes |= in_hour
            hours |= 1 << hour
    return days | minutes | hours << _HOURS_AT


def union(shapes: Iterable[int]) -> int:
    """Return the tightest common cover of shapes."""
    return reduce(or_, shapes, 0)


def values(shape: int) -> Iterator[int]:
    """Yield the values of a shape's fields, each as the one bit that it is."""
    while shape:
        value = shape & -shape
        yield value
        shape ^= value


def expression(shape: int) -> str:
    """Return the shape as five fields that Debian cron, cronsim and croniter read alike."""
    return written(shape & MINUTES, shape >> _HOURS_AT & _HOURS, _rule(shape >> _MONTHS_AT))


def _rule(day_part: int) -> DateRule:
    months = day_part & ((1 << 13) - 1)
    days = day_part >> (_DAYS_AT - _MONTHS_AT) & ((1 << 32) - 1)
    return DateRule(months, days, day_part >> (_WEEKDAYS_AT - _MONTHS_AT), strict=False)


@lru_cache(maxsize=65536)
def _days(day_part: int) -> int:
    """Return how many days match in 400 years, in sevenths."""
    rule = _rule(day_part)
    days = legible_days(rule)
    share = rule.weekdays.bit_count()
    count = 0
    for month in members(rule.months):
        plain = month_length(month, leap=False)
        named = (days & ((2 << plain) - 2)).bit_count() * _YEARS
        dates = plain * _YEARS
        if month == 2:
            named += (days >> 29 & 1) * _LEAP_YEARS
            dates += _LEAP_YEARS
        count += 7 * named + share * (dates - named)
    return count
