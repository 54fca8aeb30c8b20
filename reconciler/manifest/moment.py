"""Parses dates and times as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from reconciler.cron import tzinfo_named

FIRST_YEAR, LAST_YEAR = 1972, 9998
"""The years that timetables cover."""

_HAS_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:[0-9]{2})\Z")


class MomentError(ValueError):
    """A date or time that does not exist, or a local time without a time zone."""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def parse_day(text: str) -> date:
    """The date that `2026-12-24` means.

    Raises:
        MomentError: there is no such day.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise MomentError(
            f"there is no day `{text}`", "write year, month and day: 2026-12-24"
        ) from None
    return _in_range(day, text)


def parse_moment(text: str, zone: str | None) -> datetime:
    """The instant that an ISO 8601 text names, in UTC.

    A text without an offset is local time in `zone`. Of a time that a clock change repeats, the
    first is meant.

    Args:
        zone: the name of an existing zone; None if the manifest names none.

    Raises:
        MomentError: there is no such time, a clock change skips it, or it has neither offset nor
            zone.
    """
    try:
        moment = datetime.fromisoformat(text)
        _in_range(moment.date(), text)
        if _HAS_OFFSET.search(text):
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, MomentError):
            raise
        raise MomentError(
            f"there is no time `{text}`", "write it as 2026-12-01T09:00Z or 2026-12-01T09:00"
        ) from None
    if zone is None:
        raise MomentError(
            f"`{text}` has no time zone",
            "add `timezone`, or an offset such as Z or +01:00",
        )
    local = moment.replace(tzinfo=tzinfo_named(zone))
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) != moment:
        raise MomentError(
            f"a clock change of {zone} skips `{text}`", "write another time, or one with an offset"
        )
    return instant


def parse_day_or_moment(text: str, zone: str | None) -> datetime:
    """Like `parse_moment`; a date alone is its midnight in the zone, UTC by default.

    Where a clock change skips midnight, the day begins at that change.

    Raises:
        MomentError: as for `parse_moment`.
    """
    if len(text) > len("2026-12-24"):
        return parse_moment(text, zone)
    return datetime.combine(parse_day(text), time(), tzinfo_named(zone or "UTC")).astimezone(UTC)


def _in_range(day: date, text: str) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise MomentError(f"`{text}` is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return day
