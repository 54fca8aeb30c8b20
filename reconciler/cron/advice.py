"""Warnings about expressions that are valid and suspicious, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache

from reconciler.cron.clock import MINUTES_PER_DAY, instant, minute
from reconciler.cron.days import EVERY_WEEKDAY, month_length
from reconciler.cron.expression import Expression
from reconciler.cron.fields import DAY_OF_MONTH, DAY_OF_WEEK, FIELDS, HOUR, MINUTE, MONTH, Field
from reconciler.cron.local import local_minutes
from reconciler.cron.text import members
from reconciler.cron.zone import Transition, zone_named

HORIZON_DAYS = 400
"""How far ahead the next clock change is looked for: a year and what a rule may shift it by."""

_DAYS_OF_FEBRUARY = 28
_LEAP_DAY = 29
_PERIODS = {
    MINUTE: "hour",
    HOUR: "day",
    DAY_OF_MONTH: "month",
    MONTH: "year",
    DAY_OF_WEEK: "week",
}


class WarningKind(Enum):
    """Why an expression is warned about."""

    UNEVEN_STEP = "uneven-step"
    BOTH_DAYS = "both-days"
    NO_EFFECT = "no-effect"
    EVERY_MINUTE = "every-minute"
    MISSING_DAY = "missing-day"
    CLOCK_CHANGE = "clock-change"


@dataclass(frozen=True, slots=True)
class CronWarning:
    """An expression whose times may not be those that were meant.

    Attributes:
        kind: the class of the problem.
        message: what will happen, one line.
        expression: which one it is about.
    """

    kind: WarningKind
    message: str
    expression: Expression


def warnings(
    expressions: Sequence[Expression], zone: str, now: datetime
) -> tuple[CronWarning, ...]:
    """Return the warnings about expressions that are read in a zone.

    Args:
        expressions: as `parse_times` gives them; warnings come in their order.
        zone: an IANA name.
        now: aware; only the first clock change after it is looked at, within HORIZON_DAYS.

    Raises:
        ZoneError: there is no such zone.
        ValueError: `now` is naive.
    """
    change = _next_change(zone, minute(now))
    return tuple(
        CronWarning(kind, message, expression)
        for expression in expressions
        for kind, message in _about(expression, zone, change)
    )


@lru_cache(maxsize=1024)
def _next_change(zone: str, after: int) -> Transition | None:
    """The first change of a zone's clock within the horizon; many schedules share a zone."""
    until = after + HORIZON_DAYS * MINUTES_PER_DAY
    return next(iter(zone_named(zone).transitions(after, until)), None)


def _about(
    expression: Expression, zone: str, change: Transition | None
) -> Iterator[tuple[WarningKind, str]]:
    for message in _uneven_steps(expression):
        yield WarningKind.UNEVEN_STEP, message
    for message in _both_days(expression):
        yield WarningKind.BOTH_DAYS, message
    for message in _no_effect(expression):
        yield WarningKind.NO_EFFECT, message
    for message in _every_minute(expression):
        yield WarningKind.EVERY_MINUTE, message
    for message in _missing_days(expression):
        yield WarningKind.MISSING_DAY, message
    if change is not None:
        for message in _clock_change(expression, zone, change):
            yield WarningKind.CLOCK_CHANGE, message


def _uneven_steps(expression: Expression) -> Iterator[str]:
    words = expression.text.split()
    if len(words) != len(FIELDS):
        return  # a name such as @daily
    for field, word in zip(FIELDS, words, strict=True):
        for term in word.split(","):
            base, _, step = term.partition("/")
            if step and base in {"*", str(field.low), f"{field.low}-{field.high}"}:
                yield from _uneven_step(field, term, int(step))


def _uneven_step(field: Field, term: str, step: int) -> Iterator[str]:
    period = _PERIODS[field]
    size = 7 if field is DAY_OF_WEEK else field.high - field.low + 1
    if step >= size:
        yield f"{field.name}: {term} has the one value {field.low}, a step ends with its {period}"
    elif field is DAY_OF_MONTH and step > 1:
        yield f"{field.name}: {term} starts again at 1 each month, after months of any length"
    elif size % step:
        last = range(field.low, field.low + size, step)[-1]
        yield (
            f"{field.name}: {term} starts again each {period}: from {last} to {field.low} it is a "
            f"step of {field.low + size - last}, not {step}"
        )


def _both_days(expression: Expression) -> Iterator[str]:
    if expression.days == DAY_OF_MONTH.full or expression.weekdays == EVERY_WEEKDAY:
        return
    if expression.both_days:
        yield (
            "day of month and day of week are joined by AND, because one of them starts with `*`: "
            "runs only on days that match both"
        )
    else:
        yield (
            "day of month and day of week are joined by OR: runs on every day that matches either"
        )


def _no_effect(expression: Expression) -> Iterator[str]:
    """One day field names every day, so that the other, joined by OR, restricts nothing."""
    words = expression.text.split()
    if expression.both_days or len(words) != len(FIELDS):
        return
    whole = expression.days == DAY_OF_MONTH.full
    if whole or expression.weekdays == EVERY_WEEKDAY:
        full, other = (words[2], DAY_OF_WEEK) if whole else (words[4], DAY_OF_MONTH)
        yield (
            f"{other.name}: has no effect, because {full} is every day and the two day fields are "
            f"joined by OR; write `*` instead of {full}"
        )


def _every_minute(expression: Expression) -> Iterator[str]:
    """`* 14 * * *` for `0 14 * * *`."""
    words = expression.text.split()
    if len(words) == len(FIELDS) and words[0] == "*" and expression.hours != HOUR.full:
        hours = f"hour {words[1]}" if words[1].isdigit() else f"each hour of {words[1]}"
        yield f"minute: * runs 60 times in {hours}; write 0 for once an hour"


def _missing_days(expression: Expression) -> Iterator[str]:
    """A single 29, 30 or 31 in months that do not all have it."""
    words = expression.text.split()
    if len(words) != len(FIELDS) or words[4] != "*":
        return
    for term in words[2].split(","):
        if not term.isdigit() or int(term) <= _DAYS_OF_FEBRUARY:
            continue
        day = int(term)
        without = [month for month in members(expression.months) if _length(month) < day]
        if len(words[2].split(",")) > 1 and expression.days >> (day - 1) & 1:
            continue  # `28,29,30,31` lists the days that may be a month's last
        if without:
            named = ", ".join(MONTH.names[month - 1].title() for month in without)
            named += " of most years" if day == _LEAP_DAY else ""
            yield f"day of month: {day} does not exist in {named}, so it does not run there"


def _length(month: int) -> int:
    return month_length(month, leap=False)


def _clock_change(expression: Expression, zone: str, change: Transition) -> Iterator[str]:
    """A wildcard hour runs through a change in real time, as is surely meant: no warning then."""
    if expression.wildcard and expression.hours == HOUR.full:
        return
    old, new = change.minute + change.before, change.minute + change.after
    first, count = min(old, new), abs(new - old)
    affected = members(local_minutes(expression.dates, expression.times, first, count))
    if not affected:
        return
    time = f"{instant(first + affected[0]):%H:%M on %Y-%m-%d}"
    more = f" (and {len(affected) - 1} more)" if len(affected) > 1 else ""
    clock = f"the clock goes from {instant(old):%H:%M} to {instant(new):%H:%M}"
    if change.skips:
        what = "does not exist"
        then = "does not run" if expression.wildcard else f"runs once, at {instant(new):%H:%M}"
    else:
        what = "comes twice"
        then = "runs both times" if expression.wildcard else "runs the first time only"
    yield f"{time}{more} {what} in {zone}, {clock}: {then}"
