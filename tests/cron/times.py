"""Times as text, for tests that name real dates."""

from __future__ import annotations

from datetime import datetime

from reconciler.cron import Timetable, instant, minute, parse_times, tzinfo_named


def at(text: str) -> int:
    """The epoch minute of an ISO 8601 time with an offset."""
    return minute(datetime.fromisoformat(text))


def timetable(times: str, zone: str = "UTC") -> Timetable:
    return Timetable(parse_times(times), zone)


def local_times(times: str, zone: str, after: str, until: str) -> list[str]:
    """The occurrences in (after, until], as hour, minute and offset on the local clock."""
    return [
        f"{instant(found).astimezone(tzinfo_named(zone)):%H:%M%z}"
        for found in timetable(times, zone).between(at(after), at(until))
    ]
