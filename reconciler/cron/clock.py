"""Epoch minutes and epoch days, the units in which this package counts.

An epoch minute is the number of whole minutes since 1970-01-01T00:00Z, an epoch day the number of
whole UTC days. Cron knows nothing finer, and integers compare, hash and subtract in one step where
aware datetimes need zone rules.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

MINUTES_PER_DAY = 1440
WHOLE_DAY = (1 << MINUTES_PER_DAY) - 1
EPOCH_ORDINAL = 719_163
"""`date.toordinal()` of 1970-01-01, epoch day 0."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def minute(dt: datetime) -> int:
    """Return the epoch minute in which `dt` lies, rounded down.

    Raises:
        ValueError: `dt` is naive, so it names no instant.
    """
    if dt.utcoffset() is None:
        raise ValueError(f"{dt!r} has no time zone: pass an aware datetime")
    return (dt - _EPOCH) // _MINUTE


def instant(minute: int) -> datetime:
    """Return the start of an epoch minute as an aware datetime in UTC."""
    return _EPOCH + minute * _MINUTE


def first_day(year: int) -> int:
    """Return the epoch day of a year's 1 January."""
    return date(year, 1, 1).toordinal() - EPOCH_ORDINAL
