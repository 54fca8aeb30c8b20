"""On which days: the calendar part of an expression, prepared for quick answers.

A year's calendar is one of fourteen: it starts on one of seven weekdays and is a leap year or not.
So the matching days of every year, past and future, are fourteen bit sets (bit n = nth day of the
year, from 0), each put together when a year of its kind is first searched.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from reconciler.cron.clock import EPOCH_ORDINAL, first_day
from reconciler.cron.text import members

SEARCH_YEARS = 50
"""How far a search for the next or previous day goes.

A given weekday falls on 29 February at least once in 40 years (the longest wait is over 2100, which
is no leap year), so what exists in any calendar is found within this.
"""

EVERY_WEEKDAY = (1 << 7) - 1

_EVERY_DAY = (2 << 31) - 2
_IN_EVERY_MONTH = (2 << 28) - 2
_EVERY_MONTH = (2 << 12) - 2

_CALENDARS = tuple((leap, first) for leap in (False, True) for first in range(7))
"""Every kind of year as (leap year, weekday of 1 January)."""

_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BLOCK_BITS = 10
_IN_BLOCK = (1 << _BLOCK_BITS) - 1
_SEARCH_BLOCKS = SEARCH_YEARS * 366 // (1 << _BLOCK_BITS) + 2


def weekday(day: int) -> int:
    """Return the day of week of an epoch day, 0 being Sunday."""
    return (day + 4) % 7


def month_length(month: int, *, leap: bool) -> int:
    """Return the number of days of a month from 1 to 12."""
    return 29 if leap and month == 2 else _MONTH_LENGTHS[month - 1]


class DaySet:
    """The days on which an expression's three day fields match.

    Whether a day is one of them is asked of the fields themselves, which costs nothing to prepare:
    a wake asks about a day or two. Searches are answered from bit sets of consecutive epoch days,
    put together from the calendars when first needed: a few hundred bytes for the years looked at.

    Args:
        days: days of the month, bits 1 to 31.
        months: bits 1 to 12.
        weekdays: bits 0 (Sunday) to 6.
        both: whether a day must be in `days` and `weekdays`, or in either.
    """

    __slots__ = ("_blocks", "_both", "_calendars", "_days", "_months", "_weekdays", "every")

    def __init__(self, days: int, months: int, weekdays: int, *, both: bool) -> None:
        self._days = days
        self._months = months
        self._weekdays = weekdays
        self._both = both
        self._blocks: dict[int, int] = {}
        self._calendars: dict[int, int] = {}
        any_day, any_weekday = days == _EVERY_DAY, weekdays == EVERY_WEEKDAY
        free = any_day and any_weekday if both else any_day or any_weekday
        self.every = free and months == _EVERY_MONTH
        """Whether it is all days."""

    def __bool__(self) -> bool:
        """Whether there is such a day in any year; any date falls on any weekday in some year.

        No field of an expression is empty: where a weekday is enough, there is one.
        """
        return (
            not self._both
            or bool(self._days & _IN_EVERY_MONTH)
            or any(
                self._days & (2 << month_length(month, leap=True)) - 2
                for month in members(self._months)
            )
        )

    def __contains__(self, day: int) -> bool:
        """Whether an epoch day is one of them."""
        if self.every:
            return True
        of_month, month, of_week = date_bits(day)
        if not self._months & month:
            return False
        if self._both:
            return bool(self._days & of_month) and bool(self._weekdays & of_week)
        return bool(self._days & of_month or self._weekdays & of_week)

    def at_or_after(self, day: int) -> int | None:
        """Return the first of them from an epoch day on; None when SEARCH_YEARS hold none."""
        if self.every:
            return day
        block = day >> _BLOCK_BITS
        days = self._block(block) >> (day & _IN_BLOCK) << (day & _IN_BLOCK)
        for _ in range(_SEARCH_BLOCKS):
            if days:
                return (block << _BLOCK_BITS) + (days & -days).bit_length() - 1
            block += 1
            days = self._block(block)
        return None

    def at_or_before(self, day: int) -> int | None:
        """Return the last of them up to an epoch day; None when SEARCH_YEARS hold none."""
        if self.every:
            return day
        block = day >> _BLOCK_BITS
        days = self._block(block) & ((2 << (day & _IN_BLOCK)) - 1)
        for _ in range(_SEARCH_BLOCKS):
            if days:
                return (block << _BLOCK_BITS) + days.bit_length() - 1
            block -= 1
            days = self._block(block)
        return None

    def _block(self, block: int) -> int:
        known = self._blocks.get(block)
        if known is None:
            known = self._blocks[block] = self._days_of_block(block << _BLOCK_BITS)
        return known

    def _days_of_block(self, start: int) -> int:
        days = 0
        for year in _years(start, start + _IN_BLOCK):
            year_start, kind = _year(year)
            since = year_start - start
            calendar = self._calendar(kind)
            days |= calendar << since if since >= 0 else calendar >> -since
        return days & ((2 << _IN_BLOCK) - 1)

    def _calendar(self, kind: int) -> int:
        """Return the days of one kind of year, bit n being the nth, from 0."""
        known = self._calendars.get(kind)
        if known is not None:
            return known
        leap, first_weekday = _CALENDARS[kind]
        calendar = 0
        position = 0
        for month in range(1, 13):
            length = month_length(month, leap=leap)
            if self._months >> month & 1:
                by_day = self._days >> 1
                by_weekday = _weekday_pattern(self._weekdays, (first_weekday + position) % 7)
                matching = by_day & by_weekday if self._both else by_day | by_weekday
                calendar |= (matching & ((1 << length) - 1)) << position
            position += length
        self._calendars[kind] = calendar
        return calendar


class CycleDays(DaySet):
    """Every so many days from a first one on.

    Args:
        first: an epoch day; none of them is earlier.
        length: days from one to the next.
    """

    __slots__ = ("_first", "_length")

    def __init__(self, first: int, length: int) -> None:
        super().__init__(_EVERY_DAY, _EVERY_MONTH, EVERY_WEEKDAY, both=True)
        self._first = first
        self._length = length
        self.every = False

    def __bool__(self) -> bool:
        return True

    def __contains__(self, day: int) -> bool:
        return day >= self._first and (day - self._first) % self._length == 0

    def at_or_after(self, day: int) -> int | None:
        """Return the first of them from an epoch day on."""
        return self._first if day <= self._first else day + (self._first - day) % self._length

    def at_or_before(self, day: int) -> int | None:
        """Return the last of them up to an epoch day; None before the first."""
        return None if day < self._first else day - (day - self._first) % self._length


@lru_cache(maxsize=4096)
def cycle_days(first: int, length: int) -> CycleDays:
    """Return every `length`th day from an epoch day on, shared by all who ask."""
    return CycleDays(first, length)


@lru_cache(maxsize=4096)
def day_set(days: int, months: int, weekdays: int, *, both: bool) -> DaySet:
    """Return the days that three bit sets name, shared by all who ask; see `DaySet`."""
    return DaySet(days, months, weekdays, both=both)


@lru_cache(maxsize=4096)
def date_bits(day: int) -> tuple[int, int, int]:
    """Return an epoch day's place in the month, the year and the week, one bit each.

    The bits are those of `DaySet`: 1 to 31, 1 to 12, and 0 (Sunday) to 6.
    """
    local = date.fromordinal(day + EPOCH_ORDINAL)
    return 1 << local.day, 1 << local.month, 1 << weekday(day)


def _years(first: int, last: int) -> range:
    """Return the years in which the epoch days from `first` to `last` lie."""
    begin, end = (date.fromordinal(day + EPOCH_ORDINAL) for day in (first, last))
    return range(begin.year, end.year + 1)


@lru_cache(maxsize=1024)
def _year(year: int) -> tuple[int, int]:
    """Return the epoch day on which a year starts, and which of the calendars it has."""
    start = first_day(year)
    leap = first_day(year + 1) - start == 366
    return start, _CALENDARS.index((leap, weekday(start)))


def _weekday_pattern(weekdays: int, first: int) -> int:
    """Return the days of a month (bit 0 = the first) that fall on the weekdays."""
    week = (weekdays >> first | weekdays << (7 - first)) & EVERY_WEEKDAY
    return sum(week << 7 * n for n in range(5))
