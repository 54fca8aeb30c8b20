"""Times as the pages say them: short, in UTC, and beside it how far from now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.cron import instant, tzinfo_named

_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Moment:
    """One time on a page.

    Attributes:
        text: `07:50Z`, `Sun 18:40Z` or `19 Nov 09:31Z`.
        relative: `in 9 min`, `3 h 30 min ago`, `in 9 days`; empty for now.
        iso: for the attribute `datetime`.
        title: the whole time, in UTC and in the schedule's zone.
    """

    text: str
    relative: str
    iso: str
    title: str


def moment(at: int, now: datetime, zone: str = "UTC") -> Moment:
    """Return an epoch minute as a page says it."""
    then = instant(at)
    title = f"{then:%a} {then.day} {then:%b %Y, %H:%M:%S} UTC"
    if zone != "UTC":
        local = then.astimezone(tzinfo_named(zone))
        title += f" \N{MIDDLE DOT} {local:%H:%M:%S} {zone}"
    return Moment(clock(then, now), relative(then - now), f"{then:%Y-%m-%dT%H:%MZ}", title)


def clock(then: datetime, now: datetime) -> str:
    """Return a time as short as it is clear: without the date today, with the weekday this week."""
    if then.date() == now.date():
        return f"{then:%H:%M}Z"
    if abs(then - now) <= _WEEK:
        return f"{then:%a %H:%M}Z"
    return f"{then.day} {then:%b %H:%M}Z"


def relative(distance: timedelta) -> str:
    """Return how far something is from now; negative distances are past."""
    length = span(abs(distance))
    if not length:
        return ""
    return f"in {length}" if distance > timedelta() else f"{length} ago"


def span(length: timedelta) -> str:
    """Return a length with its unit: `21 s`, `9 min`, `3 h 30 min`, `20 h`, `9 days`."""
    seconds = int(length.total_seconds())
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:
        return f"{seconds} s" if seconds else ""
    if minutes < 60:
        return f"{minutes} min"
    if hours < 12:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours} h" if hours < 36 else f"{round(hours / 24)} days"
