"""The cover of a group of timetables: one UTC cron expression that misses none of their times.

Where the times of each member fall in UTC is known field by field (`footprint`); the cover is the
union of each field. That is exact for one member in a fixed offset, and wider for groups whose
members differ in more than one field.

Only forms that Debian cron, cronsim and croniter read alike are written: day fields never begin
with `*` unless they are `*`, and both are restricted only where either one is to suffice.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.dates import DateRule, legible_days, merged
from reconciler.cron.expression import Expression, parse
from reconciler.cron.fields import HOUR, MINUTE, MONTH
from reconciler.cron.footprint import footprints
from reconciler.cron.text import listed, stepped
from reconciler.cron.timetable import Timetable

COVER_YEARS = 10
"""How long a cover holds by default: the zones' changes known today reach that far."""


def cover(timetables: Iterable[Timetable], start: int, years: int = COVER_YEARS) -> Expression:
    """Return one expression, to be read in UTC, whose times include all times of all members.

    Args:
        timetables: the members, at least one.
        start: the epoch minute after which the members' times count.
        years: for how long, as zones may have other offsets at other times.

    Raises:
        ValueError: there are no members.
    """
    until = start + years * 366 * MINUTES_PER_DAY
    members = {
        (expression, timetable.zone)
        for timetable in timetables
        for expression in timetable.expressions
    }
    if not members:
        raise ValueError("a cover needs at least one timetable")
    minutes = hours = 0
    rules: set[DateRule] = set()
    for expression, zone in members:
        for footprint in footprints(expression, zone, start, until):
            minutes |= footprint.minutes
            hours |= footprint.hours
            rules.add(footprint.dates)
    return parse(written(minutes, hours, merged(rules)))


def written(minutes: int, hours: int, rule: DateRule) -> str:
    """Return five fields for minutes and hours (bit sets) on the days of a rule, not a strict one.

    In the only forms that all crons read alike.
    """
    return f"{stepped(MINUTE, minutes)} {stepped(HOUR, hours)} {_day_fields(rule)}"


def _day_fields(rule: DateRule) -> str:
    months = "*" if rule.months == MONTH.full else listed(rule.months)
    if rule.every_day:
        return f"* {months} *"
    days = listed(legible_days(rule)) or "*"
    weekdays = listed(rule.weekdays) or "*"
    return f"{days} {months} {weekdays}"
