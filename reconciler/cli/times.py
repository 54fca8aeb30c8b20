"""Times as people give them on the command line."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime
from typing import Final

USUAL_DAYS: Final = 7
"""Days of history that a list of runs shows."""
YEARS: Final = range(1900, 3000)
"""Beyond them are mistakes, and not far beyond the ends of the calendar."""
FAR_DAYS: Final = 90
"""Days of history in which one run, or whether a name is known, is looked for."""


def read_time(text: str) -> datetime:
    """Read ISO 8601; without an offset the time is naive, until :func:`in_utc` has said so.

    Raises:
        ValueError: it is no time, or none that anything of ours can be about; with what to say.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        what = f"{text!r} is not a time: ISO 8601 is expected, such as 2026-11-23T09:00Z"
        raise ValueError(what) from None
    if time.year not in YEARS:
        raise ValueError(f"{text!r} is not in the years {YEARS.start} to {YEARS.stop - 1}")
    return time


def in_utc(time: datetime) -> datetime:
    """The time as it is taken; who left out the offset may have meant another, and is told."""
    if time.tzinfo is not None:
        return time
    written = time.isoformat(timespec="auto" if time.second or time.microsecond else "minutes")
    print(f"{written} has no offset and is read as UTC.", file=sys.stderr)
    return time.replace(tzinfo=UTC)


def settle_times(args: Namespace) -> None:
    """Let no command see a time that does not say which instant it means."""
    for name, value in vars(args).items():
        if isinstance(value, datetime):
            setattr(args, name, in_utc(value))
