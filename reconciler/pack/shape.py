"""The shape of a cover: the five fields of one expression as one integer.

An expression's times are the product of its minutes, its hours and its days, so the tightest
expression over several others has, field by field, the union of their values. With all fields side
by side in one integer, the tightest common cover of two shapes is ``a | b`` and ``a`` needs no
wake beyond those of ``b`` when ``a | b == b``. Packing compares a great many groups: one operation
each is what makes that possible.

Days are what two fields name together, joined by OR (`reconciler.cron.covers`): a shape for days of
the month has no weekdays, one for weekdays no days of the month, and one for every day has all of
both. Union is therefore exact for days too.

The outline of a schedule, or of a group, is the shape of all its times in UTC; slots are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
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
BITS: Final = _WEEKDAYS_AT + 7
"""How many bits a shape takes."""

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


def times(shape: int) -> int:
    """Return the minutes of a matching day, bit 0 being 00:00."""
    return times_of(shape & MINUTES, shape >> _HOURS_AT & _HOURS)


def times_of(minutes: int, hours: int) -> int:
    """Return the minutes of a day that minutes and hours make together, bit 0 being 00:00."""
    return sum(minutes << 60 * hour for hour in range(24) if hours >> hour & 1)


def days(shape: int) -> int:
    """Return the day fields alone. What includes them bit by bit has at least the same days."""
    return shape >> _MONTHS_AT << _MONTHS_AT


def at_times(days: int, times: int) -> int:
    """Return the least shape with those days that has at least those times of a day."""
    minutes = hours = 0
    for hour in range(24):
        in_hour = times >> 60 * hour & MINUTES
        if in_hour:
            minutes |= in_hour
            hours |= 1 << hour
    return days | minutes | hours << _HOURS_AT


def every_day(shape: int) -> bool:
    """Whether it matches on all days of the year."""
    return _days(shape >> _MONTHS_AT) == _days(_ALL_DAYS >> _MONTHS_AT)


def weekdays(shape: int) -> int | None:
    """Return the weekdays on which it matches, bit 0 being Sunday; None if dates play a part."""
    day_fields = days(shape)
    if day_fields == _ALL_DAYS:
        return EVERY_WEEKDAY
    by_weekday = day_fields >> _WEEKDAYS_AT
    return by_weekday if day_fields == on_weekdays(by_weekday) else None


def on_weekdays(weekdays: int) -> int:
    """Return the day fields, alone, that match on those weekdays of every week."""
    if weekdays == EVERY_WEEKDAY:
        return _ALL_DAYS
    return MONTH.full << _MONTHS_AT | weekdays << _WEEKDAYS_AT


def always(shape: int) -> int:
    """Return the weekdays on all dates of which it matches; it may match on others, too."""
    day_fields = days(shape)
    if day_fields == _ALL_DAYS:
        return EVERY_WEEKDAY
    all_year = day_fields >> _MONTHS_AT & MONTH.full == MONTH.full
    return day_fields >> _WEEKDAYS_AT if all_year else 0


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
