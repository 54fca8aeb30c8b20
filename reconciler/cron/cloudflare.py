"""Cloudflare's dialect of cron: what its expressions mean, and ours written in it.

Cloudflare's cron triggers look like cron and differ: weekdays count from 1, Sunday; a day of month
and a day of week that are both given are joined by OR, where only a literal `*` is not given; a
range that wraps begins one unit early. :func:`read` gives the meaning that Cloudflare's published
parser gives, its mistakes included, so that a trigger that is read back can be compared. Whether
the service runs exactly that parser is unknown, so :func:`write` uses only forms that no reading of
cron disputes: numbers, lists, forward ranges, `*/n` that divides its field, names of weekdays.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from functools import reduce
from itertools import chain
from operator import or_
from typing import Final, NamedTuple

from reconciler.cron.clock import EPOCH_ORDINAL, MINUTES_PER_DAY
from reconciler.cron.cron_errors import CronError
from reconciler.cron.days import EVERY_WEEKDAY, SEARCH_YEARS, weekday
from reconciler.cron.expression import Expression, times_of_day
from reconciler.cron.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    FIELDS,
    HOUR,
    MINUTE,
    MONTH,
    Field,
    Token,
)
from reconciler.cron.text import listed, stepped

_WEEKDAYS: Final = Field("day of week", 1, 7, DAY_OF_WEEK.names)
_FIELDS: Final = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, _WEEKDAYS)
_BLANKS: Final = re.compile(r"[ \t]+")
_LAST_DAY: Final = re.compile(r"L(?:-(?P<offset>[0-9]+))?(?P<weekday>W)?")
_NEAREST: Final = re.compile(r"([0-9]+)W")
_OF_WEEKDAY: Final = re.compile(r"(?P<day>[0-9]+|[A-Za-z]{3})(?:L|#(?P<nth>[0-9]+))")
_TERM: Final = re.compile(
    r"(?P<first>\*|[0-9]+|[A-Za-z]{3})(?:-(?P<last>[0-9]+|[A-Za-z]{3}))?(?:/(?P<step>[0-9]+))?"
)
_MONDAY, _FRIDAY, _SATURDAY = 1, 5, 6


class _Date(NamedTuple):
    """A date: day of month, length of its month, day of week (0 is Sunday)."""

    day: int
    length: int
    weekday: int


class Days(Enum):
    """How a day field that is not `*` chooses days."""

    SET = auto()
    """Days of the month, or of the week, of a bit set."""
    LAST = auto()
    """The last day of the month, or so many days before it."""
    LAST_WORKDAY = auto()
    """The workday nearest to such a day."""
    NEAREST_WORKDAY = auto()
    """The workday nearest to a day of the month."""
    LAST_OF_WEEKDAY = auto()
    """The last such weekday of the month."""
    NTH_OF_WEEKDAY = auto()
    """The first to fifth such weekday of the month."""


@dataclass(frozen=True, slots=True)
class DayRule:
    """A day field.

    Attributes:
        kind: how it chooses days.
        value: the bit set, the offset, the day of month, or the day of week (0 is Sunday).
        nth: from 1, of NTH_OF_WEEKDAY.
    """

    kind: Days
    value: int
    nth: int = 0


@dataclass(frozen=True, slots=True)
class CloudflareCron:
    """The meaning of an expression of Cloudflare. Equal ones have the same times.

    Attributes:
        minutes, hours, months: bit sets, bit v standing for value v.
        days, weekdays: None where the field is `*`; where both are given, one is enough.
    """

    minutes: int
    hours: int
    days: DayRule | None
    months: int
    weekdays: DayRule | None

    def is_on(self, day: int) -> bool:
        """Whether it fires on an epoch day."""
        on = date.fromordinal(day + EPOCH_ORDINAL)
        if not self.months >> on.month & 1:
            return False
        facts = _Date(on.day, monthrange(on.year, on.month)[1], weekday(day))
        given = [
            chosen(rule, facts)
            for rule, chosen in ((self.days, _chosen_day), (self.weekdays, _chosen_weekday))
            if rule is not None
        ]
        return any(given) or not given

    def next(self, after: int) -> int | None:
        """Return the first minute after an epoch minute; None when 50 years hold none."""
        times = times_of_day(self.minutes, self.hours)
        day, of_day = divmod(after + 1, MINUTES_PER_DAY)
        left = times >> of_day << of_day
        for candidate in range(day, day + SEARCH_YEARS * 366):
            if left and self.is_on(candidate):
                return candidate * MINUTES_PER_DAY + (left & -left).bit_length() - 1
            left = times
        return None


_EVERY_DAY: Final = DayRule(Days.SET, -1)


def read(text: str) -> CloudflareCron:
    """Read a cron trigger as Cloudflare's parser does.

    Raises:
        CronError: Cloudflare refuses it.
    """
    words = [Token(word, text.find(word)) for word in _BLANKS.split(text)]
    if len(words) != len(FIELDS):
        raise CronError(
            f"Cloudflare expects five fields, found {len(words)}", start=0, end=len(text)
        )
    minutes, hours, months = (_values(_FIELDS[n], words[n]) for n in (0, 1, 3))
    days, weekdays = _day_of_month(words[2]), _day_of_week(words[4])
    if _EVERY_DAY in (days, weekdays):
        # The one that is given and chooses all days is enough for every day.
        days = weekdays = None
    return CloudflareCron(minutes, hours, days, months, weekdays)


def write(expression: Expression) -> str:
    """Write an expression, to be read in UTC, as Cloudflare reads it.

    Raises:
        CronError: Cloudflare has no expression for the same times: an interval of several days, or
            a day of month and a day of week that must both match.
    """
    if expression.cycle is not None:
        raise _no_equal(expression, "an interval of several days")
    any_day = expression.days == DAY_OF_MONTH.full
    any_weekday = expression.weekdays == EVERY_WEEKDAY
    if expression.both_days and not any_day and not any_weekday:
        raise _no_equal(expression, "a day of month and a day of week that must both match")
    every_day = any_day and any_weekday if expression.both_days else any_day or any_weekday
    months = "*" if expression.months == MONTH.full else listed(expression.months)
    return " ".join(
        (
            stepped(MINUTE, expression.minutes),
            stepped(HOUR, expression.hours),
            "*" if every_day or any_day else listed(expression.days),
            months,
            "*" if every_day or any_weekday else _named(expression.weekdays),
        )
    )


def _no_equal(expression: Expression, what: str) -> CronError:
    return CronError(f"Cloudflare has no expression for {what}", start=0, end=len(expression.text))


def _named(weekdays: int) -> str:
    """The days of week by name, three neighbours or more as a range."""
    number_to_name = {str(value): name for value, name in enumerate(DAY_OF_WEEK.names)}
    return re.sub(r"[0-9]", lambda match: number_to_name[match.group()], listed(weekdays))


def _day_of_month(word: Token) -> DayRule | None:
    if word.text == "*":
        return None
    if match := _LAST_DAY.fullmatch(word.text):
        offset = match["offset"]
        kind = Days.LAST_WORKDAY if match["weekday"] else Days.LAST
        return DayRule(kind, 0 if offset is None else _number(word, offset, 1, 30))
    if match := _NEAREST.fullmatch(word.text):
        return DayRule(Days.NEAREST_WORKDAY, _number(word, match[1], 1, 31))
    values = _values(DAY_OF_MONTH, word)
    return _EVERY_DAY if values == DAY_OF_MONTH.full else DayRule(Days.SET, values)


def _day_of_week(word: Token) -> DayRule | None:
    if word.text == "*":
        return None
    if word.text == "L":
        return DayRule(Days.SET, 1 << _SATURDAY)
    if match := _OF_WEEKDAY.fullmatch(word.text):
        day = _value(_WEEKDAYS, word, match["day"]) - 1
        if match["nth"] is None:
            return DayRule(Days.LAST_OF_WEEKDAY, day)
        return DayRule(Days.NTH_OF_WEEKDAY, day, _number(word, match["nth"], 1, 5))
    values = _values(_WEEKDAYS, word) >> 1
    return _EVERY_DAY if values == EVERY_WEEKDAY else DayRule(Days.SET, values)


def _values(field: Field, word: Token) -> int:
    """The bit set of a list of values, ranges and steps."""
    if word.text == "*":
        return field.full
    head, *_ = word.text.split(",")
    if head == "*" or head.startswith("*-"):
        raise word.error(f"{field.name}: Cloudflare refuses a list that begins with `*`")
    return reduce(or_, (_term(field, term) for term in word.split(",")))


def _term(field: Field, term: Token) -> int:
    match = _TERM.fullmatch(term.text)
    if match is None:
        raise term.error(f"{field.name}: Cloudflare has no `{term.text}`")
    # A `*` in a list, behind its first item, is the lowest value.
    first = field.low if match["first"] == "*" else _value(field, term, match["first"])
    step = None if match["step"] is None else _number(term, match["step"], 1, _most(field))
    if match["last"] is not None:
        last = _value(field, term, match["last"])
    else:
        last = first if step is None else field.high
    if first <= last:
        return _bits(range(first, last + 1, step or 1))
    if step in {None, 1}:
        return _bits(chain(range(first - 1, field.high + 1), range(field.low, last + 1)))
    walked = [*range(first, field.high + 1), *range(field.low, last + 1)]
    return _bits(walked[::step]) & ~_left_out(field)


def _left_out(field: Field) -> int:
    """The unit after the end that a wrap with a step passes over, in fields that begin at 1."""
    return field.low and 1 << field.low


def _bits(values: Iterable[int]) -> int:
    return sum({1 << value for value in values})


def _most(field: Field) -> int:
    """The largest step."""
    return field.high - field.low


def _value(field: Field, word: Token, text: str) -> int:
    names = field.names
    if text.upper() in names:
        return names.index(text.upper()) + field.low
    return _number(word, text, field.low, field.high)


def _number(word: Token, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise word.error(f"Cloudflare expects {low} to {high}, found `{text}`")
    return int(text)


def _chosen_day(rule: DayRule, on: _Date) -> bool:
    value = rule.value
    match rule.kind:
        case Days.SET:
            return bool(value >> on.day & 1)
        case Days.LAST:
            return on.day + value == on.length
        case Days.LAST_WORKDAY if value == 0:
            return _is_last_workday(on)
        case Days.LAST_WORKDAY:
            wanted = on.length - value
            return (
                (on.day == wanted and _is_workday(on))
                # The Monday behind a Saturday, as well as the Friday before it.
                or (on.weekday == _MONDAY and 0 <= on.day - wanted < 3)
                or (on.weekday == _FRIDAY and on.day + 1 == wanted)
            )
        case _:
            return _is_nearest(value, on)


def _is_workday(on: _Date) -> bool:
    return _MONDAY <= on.weekday <= _FRIDAY


def _is_last_workday(on: _Date) -> bool:
    left = on.length - on.day
    return (_is_workday(on) and left == 0) or (on.weekday == _FRIDAY and left < 3)


def _is_nearest(wanted: int, on: _Date) -> bool:
    """Whether a date is the workday nearest to a day of its month, or one that counts as such."""
    return (
        (on.day == wanted and _is_workday(on))
        or (on.weekday == _MONDAY and (on.day == wanted + 1 or (on.day == 3 and wanted == 1)))
        # The second Friday is before a Sunday that ends the month.
        or (on.weekday == _FRIDAY and (on.day == wanted - 1 or on.day + 2 == wanted == on.length))
    )


def _chosen_weekday(rule: DayRule, on: _Date) -> bool:
    match rule.kind:
        case Days.SET:
            return bool(rule.value >> on.weekday & 1)
        case Days.LAST_OF_WEEKDAY:
            return on.weekday == rule.value and on.day + 7 > on.length
        case _:
            return on.weekday == rule.value and (on.day - 1) // 7 + 1 == rule.nth
