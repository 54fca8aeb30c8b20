"""The hour, day, week, month and year, on a zone's own calendar, that an instant lies in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.cron import instant, minute, tzinfo_named


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open interval of epoch minutes, ``[start, end)``.

    Attributes:
        unit: what the calendar calls it: ``day``.
    """

    unit: str
    start: int
    end: int


def periods_around(at: int, zone: str) -> Iterator[Period]:
    """Yield the periods that an epoch minute lies in, the shortest first; weeks begin on Monday.

    Args:
        zone: an IANA name.
    """
    local = instant(at).astimezone(tzinfo_named(zone))
    # Within an hour no calendar is needed, and a repeated hour is two.
    yield Period("hour", at - local.minute, at - local.minute + 60)
    day = local.replace(hour=0, minute=0, fold=0)
    monday = day - timedelta(days=day.weekday())
    month = day.replace(day=1)
    year = month.replace(month=1)
    for unit, start, end in (
        ("day", day, day + timedelta(days=1)),
        ("week", monday, monday + timedelta(days=7)),
        ("month", month, (month + timedelta(days=31)).replace(day=1)),
        ("year", year, year.replace(year=year.year + 1)),
    ):
        yield Period(unit, _minute(start), _minute(end))


def _minute(local: datetime) -> int:
    """The epoch minute of a local midnight, by the offset in force then."""
    return minute(local.replace(fold=0))
