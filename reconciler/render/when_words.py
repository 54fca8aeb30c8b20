"""When a schedule runs, in words: `every 15 minutes`, `05:10 on weekdays`.

What has no short form in words stays the expression: five fields are read faster than a paragraph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.cron import CronError, Expression, parse_times
from reconciler.cron.days import EVERY_WEEKDAY
from reconciler.cron.fields import DAY_OF_MONTH, HOUR, MINUTE, MONTH
from reconciler.cron.text import members

_DAYS: Final = ("Sun", "Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur")
_MONTHS: Final = tuple(name.title() for name in MONTH.names)
_WEEKDAYS: Final = 0b0111110
_WEEKEND: Final = 0b1000001
_APART: Final = 8
"""Hours; times that lie further apart are listed."""
_LISTED: Final = 4
"""Times, days or months that are listed one by one at most."""


def when_in_words(texts: Sequence[str]) -> str:
    """Return when a schedule runs, without its zone.

    Args:
        texts: as the record has them: expressions and intervals.
    """
    return " and ".join(_one(text) for text in texts)


def when_text(texts: Sequence[str]) -> str:
    """The same with the expressions behind it: `every minute (* * * * *)`."""
    words, written = when_in_words(texts), " and ".join(texts)
    return written if words == written else f"{words} ({written})"


def _one(text: str) -> str:
    try:
        (expression,) = parse_times(text)
    except (CronError, ValueError):
        return text
    if expression.cycle is not None:
        _first, length = expression.cycle
        every = f"every {length // 7} weeks" if length % 7 == 0 else f"every {length} days"
        return f"{_times_of_day(expression)} {every}"
    days = _days(expression)
    spaced = _times_of_hour(expression)
    times = spaced or _times_of_day(expression)
    if times is None or days is None:
        return text
    if days:
        return f"{times} {days}"
    return times if spaced else f"{times} every day"


def _times_of_day(expression: Expression) -> str | None:
    """`06:00 and 18:00`, where there are few."""
    minutes, hours = members(expression.minutes), members(expression.hours)
    if len(minutes) * len(hours) > _LISTED:
        return None
    return _joined([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])


def _times_of_hour(expression: Expression) -> str | None:
    minutes, hours = expression.minutes, expression.hours
    if minutes.bit_count() == 1:
        every, first = _every(HOUR.full, hours)
        if every is None or every > _APART:
            return None
        (minute,) = members(minutes)
        if every == 1:
            return "every hour" if minute == 0 else f"{minute} minutes past every hour"
        if first == 0:
            past = "" if minute == 0 else f"{minute} minutes past "
            return f"{past}every {every} hours"
        return f"every {every} hours from {first:02}:{minute:02}"
    every, first = _every(MINUTE.full, minutes)
    if every is None:
        return None
    spoken = "every minute" if every == 1 else f"every {every} minutes"
    if first:
        spoken += f" from :{first:02}"
    if hours == HOUR.full:
        return spoken
    of_day = members(hours)
    if of_day[-1] - of_day[0] + 1 == len(of_day):
        return f"{spoken}, {of_day[0]:02}:00\N{EN DASH}{of_day[-1]:02}:59"
    return None


def _every(full: int, values: int) -> tuple[int | None, int]:
    """The distance of values that are evenly spaced, else None; and the first of them."""
    found, size = members(values), full.bit_length()
    if len(found) == 1:
        return None, found[0]
    step = found[1] - found[0]
    if size % step or found != tuple(range(found[0], size, step)) or found[0] >= step:
        return None, found[0]
    return step, found[0]


def _days(expression: Expression) -> str | None:
    """On which days; empty for every day, None where it takes too many words."""
    any_day = expression.days == DAY_OF_MONTH.full
    any_weekday = expression.weekdays == EVERY_WEEKDAY
    if not expression.both_days and not any_day and not any_weekday:
        return None  # one of them is enough
    if expression.both_days and not any_day and not any_weekday:
        return None  # both must match
    months = "" if expression.months == MONTH.full else _month_words(expression.months)
    if months is None:
        return None
    if not expression.both_days or (any_day and any_weekday):
        return f"in {months}" if months else ""
    if any_day:
        words = _weekday_words(expression.weekdays)
        return f"{words} in {months}" if months else words
    numbers = members(expression.days)
    if len(numbers) > _LISTED:
        return None
    words = f"on the {_joined([_ordinal(number) for number in numbers])}"
    return f"{words} of {months}" if months else words


def _weekday_words(weekdays: int) -> str:
    if weekdays == _WEEKDAYS:
        return "on weekdays"
    if weekdays == _WEEKEND:
        return "on weekends"
    return "on " + _joined([f"{_DAYS[day]}days" for day in members(weekdays)])


def _month_words(months: int) -> str | None:
    found = members(months)
    if len(found) > _LISTED:
        return None
    return _joined([_MONTHS[month - 1] for month in found])


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _joined(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
