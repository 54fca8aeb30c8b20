"""Times on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from reconciler.cli.terminal import say
from reconciler.durations import parse_duration

EXAMPLES: Final = "2026-11-23T09:00Z, now, -2h, yesterday or 07:50"
_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
_TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
YEARS: Final = range(1900, 3000)
"""A year outside this range is a mistake, and may be outside of what datetime represents."""


def read_time(text: str, now: datetime) -> datetime:
    """Parse a time: ISO 8601, or in short ``now``, ``-2h``, ``+30m``, ``yesterday``, ``07:50``.

    A time without an offset stays naive until :func:`in_utc` converts it. A day is its midnight,
    and a time of day is of today, both in UTC.

    Args:
        now: to which the short forms are relative.

    Raises:
        ValueError: it is not a time, or not in the supported years; its text is the message.
    """
    time = _in_short(text, now.astimezone(UTC))
    if time is None:
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            what = f"{text!r} is not a time such as {EXAMPLES}"
            raise ValueError(what) from None
    if time.year not in YEARS:
        raise ValueError(f"{text!r} is not in the years {YEARS.start} to {YEARS.stop - 1}")
    return time


def _in_short(text: str, now: datetime) -> datetime | None:
    if text == "now":
        return now
    today = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if text in _DAYS:
        return today + timedelta(days=_DAYS[text])
    time_of_day = _TIME_OF_DAY.fullmatch(text)
    if time_of_day is not None:
        return today.replace(hour=int(time_of_day[1]), minute=int(time_of_day[2]))
    if text[:1] not in ("+", "-"):
        return None
    try:
        distance = parse_duration(text[1:])
        return now + distance if text[0] == "+" else now - distance
    except (ValueError, OverflowError):
        return None


def in_utc(time: datetime) -> datetime:
    """The time with its offset. Without one it is read as UTC, and a message says so."""
    if time.tzinfo is not None:
        return time
    written = time.isoformat(timespec="auto" if time.second or time.microsecond else "minutes")
    say(f"{written} has no offset and is read as UTC.")
    return time.replace(tzinfo=UTC)


def with_offsets(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with an offset for every time among them."""
    return {
        name: in_utc(value) if isinstance(value, datetime) else value
        for name, value in given.items()
    }
