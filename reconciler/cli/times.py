"""Times on the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

YEARS: Final = range(1900, 3000)
"""A year outside this range is a mistake, and may be outside of what datetime represents."""


def read_time(text: str) -> datetime:
    """Parse ISO 8601. A time without an offset stays naive until :func:`in_utc` converts it.

    Raises:
        ValueError: it is not a time, or not in the supported years; its text is the message.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        what = f"{text!r} is not a time in ISO 8601, such as 2026-11-23T09:00Z"
        raise ValueError(what) from None
    if time.year not in YEARS:
        raise ValueError(f"{text!r} is not in the years {YEARS.start} to {YEARS.stop - 1}")
    return time


def in_utc(time: datetime) -> datetime:
    """The time with its offset. Without one it is read as UTC, and a message says so."""
    if time.tzinfo is not None:
        return time
    written = time.isoformat(timespec="auto" if time.second or time.microsecond else "minutes")
    print(f"{written} has no offset and is read as UTC.", file=sys.stderr)
    return time.replace(tzinfo=UTC)


def with_offsets(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with an offset for every time among them."""
    return {
        name: in_utc(value) if isinstance(value, datetime) else value
        for name, value in given.items()
    }
