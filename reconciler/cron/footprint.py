"""Where the times of an expression in a zone fall in UTC, over every offset that the zone has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reconciler.cron.clock import MINUTES_PER_DAY, WHOLE_DAY, instant
from reconciler.cron.dates import DateRule, carried, date_rule
from reconciler.cron.days import weekday
from reconciler.cron.expression import Expression
from reconciler.cron.fields import MONTH
from reconciler.cron.local import local_minutes
from reconciler.cron.text import members
from reconciler.cron.zone import Transition, zone_named


@dataclass(frozen=True, slots=True)
class Footprint:
    """Minutes and hours (bit sets, in UTC) at which something runs on the days of a rule."""

    minutes: int
    hours: int
    dates: DateRule


@dataclass(frozen=True, slots=True)
class _Offsets:
    """What a zone's clock does in a period.

    Attributes:
        months: for each offset, the local months (bits 1 to 12) in which it is ever in force.
        jumps: the transitions at which the clock goes forward.
    """

    months: dict[int, int]
    jumps: tuple[Transition, ...]


@lru_cache(maxsize=16384)
def footprints(expression: Expression, zone: str, start: int, until: int) -> tuple[Footprint, ...]:
    """Return where the times of an expression in (start, until] fall; together they miss none."""
    offsets = _offsets(zone, start, until)
    return tuple(
        footprint
        for offset, months in offsets.months.items()
        for footprint in _at_offset(expression, offset, months)
    ) + tuple(_moved_by_jumps(expression, offsets.jumps))


def _at_offset(expression: Expression, offset: int, months: int) -> Iterator[Footprint]:
    rule = date_rule(expression, months)
    if not rule.months:
        return
    # Local times less the offset, laid over three UTC days: the one before, the same, the next.
    spread = expression.times << (MINUTES_PER_DAY - offset)
    for days in (-1, 0, 1):
        times = spread >> (days + 1) * MINUTES_PER_DAY & WHOLE_DAY
        if times:
            minutes, hours = _fields(times)
            yield Footprint(minutes, hours, carried(rule, days))


def _moved_by_jumps(expression: Expression, jumps: tuple[Transition, ...]) -> Iterator[Footprint]:
    """Times that a jump skips run at the jump, unless the expression follows the wall clock."""
    if expression.wildcard:
        return
    for jump in jumps:
        skipped_from = jump.minute + jump.before
        if local_minutes(expression.dates, expression.times, skipped_from, jump.skips):
            at = instant(jump.minute)
            rule = DateRule(
                months=1 << at.month,
                days=1 << at.day,
                weekdays=1 << weekday(jump.minute // MINUTES_PER_DAY),
                strict=True,
            )
            yield Footprint(1 << at.minute, 1 << at.hour, rule)


def _fields(times: int) -> tuple[int, int]:
    """Return the minutes and the hours that occur in a day's times."""
    minutes = hours = 0
    for time in members(times):
        hour, minute = divmod(time, 60)
        minutes |= 1 << minute
        hours |= 1 << hour
    return minutes, hours


@lru_cache(maxsize=1024)
def _offsets(zone: str, start: int, until: int) -> _Offsets:
    rules = zone_named(zone)
    transitions = rules.transitions(start, until)
    months: dict[int, int] = {}
    offset = rules.offset(start)
    for since, end, following in zip(
        (start, *(t.minute for t in transitions)),
        (*(t.minute for t in transitions), until + 1),
        (*(t.after for t in transitions), 0),
        strict=True,
    ):
        months[offset] = months.get(offset, 0) | _months_between(since + offset, end - 1 + offset)
        offset = following
    return _Offsets(months, tuple(t for t in transitions if t.skips))


def _months_between(first: int, last: int) -> int:
    """Return the months of the local minutes from `first` to `last`, both included."""
    begin, end = instant(first), instant(last)
    count = (end.year - begin.year) * MONTH.high + end.month - begin.month + 1
    each = range(min(count, MONTH.high))
    return sum(1 << (begin.month - 1 + n) % MONTH.high + 1 for n in each)
