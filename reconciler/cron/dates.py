"""Rules for days as covers need them: carried over midnight, and merged into one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from reconciler.cron.days import EVERY_WEEKDAY, month_length
from reconciler.cron.expression import Expression
from reconciler.cron.fields import DAY_OF_MONTH, MONTH
from reconciler.cron.text import members

_FEBRUARY_AND_MARCH = 1 << 2 | 1 << 3
_DAYS_30_31 = 1 << 30 | 1 << 31
_DAYS_1_2 = 1 << 1 | 1 << 2
_LONGEST_MONTHS = tuple(month_length(month, leap=True) for month in range(1, 13))


@dataclass(frozen=True, slots=True)
class DateRule:
    """Days in some months: those of `days` or `weekdays`, or those of both when `strict`.

    A rule on one of the two only has none of the other, as in `days=0`, so that rules merge by
    union; a rule for every day has all `days` and no `weekdays`.

    Attributes:
        months: bits 1 to 12.
        days: days of the month, bits 1 to 31.
        weekdays: bits 0 (Sunday) to 6.
        strict: a day must be in `days` and in `weekdays`.
    """

    months: int
    days: int
    weekdays: int
    strict: bool

    @property
    def every_day(self) -> bool:
        """Whether it is every day of its months; of a rule that is not strict."""
        if self.weekdays == EVERY_WEEKDAY:
            return True
        return self.days.bit_count() >= _existing(self.months).bit_count()

    @property
    def share(self) -> float:
        """The share of days that match, roughly: enough to choose the smaller of two rules.

        Of a rule that is not strict.
        """
        days = self.days.bit_count() / DAY_OF_MONTH.high
        weekdays = self.weekdays.bit_count() / 7
        return 1 - (1 - days) * (1 - weekdays)


def date_rule(expression: Expression, months: int) -> DateRule:
    """Return an expression's rule for days, in those of its months that are in `months`."""
    months &= expression.months
    any_day = expression.days == DAY_OF_MONTH.full
    any_weekday = expression.weekdays == EVERY_WEEKDAY
    if not expression.both_days:
        if any_day or any_weekday:
            return DateRule(months, DAY_OF_MONTH.full, 0, strict=False)
        return DateRule(months, expression.days, expression.weekdays, strict=False)
    if any_weekday:
        return DateRule(months, expression.days, 0, strict=False)
    if any_day:
        return DateRule(months, 0, expression.weekdays, strict=False)
    return DateRule(months, expression.days, expression.weekdays, strict=True)


@lru_cache(maxsize=4096)
def carried(rule: DateRule, days: int) -> DateRule:
    """Return a rule for the days that lie `days` (-1, 0 or 1) after those of `rule`.

    Exact for weekdays. Days of the month that cross its end make the rule wider: it then has the
    months on both sides, and every length that the month before may have.
    """
    if days == 0:
        return rule
    weekdays = rule.weekdays << (days % 7)
    weekdays = (weekdays | weekdays >> 7) & EVERY_WEEKDAY
    # Where weekdays count by themselves, any day may be the one at a month's end.
    reaching = rule.days if rule.strict or not rule.weekdays else DAY_OF_MONTH.full
    months, _ = _moved(rule.months, reaching, days)
    _, days_of_month = _moved(rule.months, rule.days, days)
    if rule.days == DAY_OF_MONTH.full:
        days_of_month = rule.days
    return DateRule(months, days_of_month, weekdays, rule.strict)


def merged(rules: Iterable[DateRule]) -> DateRule:
    """Return the smallest rule of one expression that includes all of the rules.

    It is never strict: cron implementations disagree on how to write that. A strict rule that the
    others do not include already is widened to its days or to its weekdays, whichever is less.
    """
    loose = DateRule(0, 0, 0, strict=False)
    strict = []
    months = 0
    for rule in rules:
        months |= rule.months
        if rule.strict:
            strict.append(rule)
        else:
            loose = _union(loose, rule.days, rule.weekdays)
    by_day = by_weekday = loose
    for rule in strict:
        if rule.days & ~loose.days and rule.weekdays & ~loose.weekdays:
            by_day = _union(by_day, rule.days, 0)
            by_weekday = _union(by_weekday, 0, rule.weekdays)
    smaller = min(by_weekday, by_day, key=lambda rule: rule.share)
    return DateRule(months, smaller.days & _existing(months), smaller.weekdays, strict=False)


def legible_days(rule: DateRule) -> int:
    """Return the days of the month to write, one more where croniter 1.4 would miss some.

    On its way from a day in February to a 30th or 31st it counts days and lands on 2 or 3 March,
    past the first days of March. A 29th in between keeps it from that, at the price of one more
    day a month.
    """
    has_both_months = rule.months & _FEBRUARY_AND_MARCH == _FEBRUARY_AND_MARCH
    if has_both_months and rule.days & _DAYS_30_31 and rule.days & _DAYS_1_2:
        return rule.days | 1 << 29
    return rule.days


def _union(rule: DateRule, days: int, weekdays: int) -> DateRule:
    return DateRule(rule.months, rule.days | days, rule.weekdays | weekdays, strict=False)


@lru_cache(maxsize=4096)
def _existing(months: int) -> int:
    """The days that the longest of the months has."""
    return (2 << max(_LONGEST_MONTHS[month - 1] for month in members(months))) - 2


def _moved(months: int, days: int, by: int) -> tuple[int, int]:
    """Return the (months, days) in which the days of some months lie after moving them by one."""
    moved_months = moved_days = 0
    for month in members(months):
        for leap in (False, True):
            length = month_length(month, leap=leap)
            before = (month - 2) % MONTH.high + 1
            inside = days & ((2 << length) - 2)
            kept = (inside << 1 if by > 0 else inside >> 1) & ((2 << length) - 2)
            if kept:
                moved_months |= 1 << month
                moved_days |= kept
            if by > 0 and inside >> length & 1:
                moved_months |= 1 << month % MONTH.high + 1
                moved_days |= 1 << 1
            if by < 0 and inside >> 1 & 1:
                moved_months |= 1 << before
                moved_days |= 1 << month_length(before, leap=leap)
    return moved_months, moved_days
