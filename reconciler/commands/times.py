"""Times as people give them on the command line."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime
from typing import Final

USUAL_DAYS: Final = 7
"""Days of history that a list of runs shows."""
FAR_DAYS: Final = 90
"""Days of history in which one run, or whether a name is known, is looked for."""


def read_time(text: str) -> datetime:
    """Read ISO 8601; without an offset the time is naive, until :func:`in_utc` has said so.

    Raises:
        ValueError: it is no time.
    """
    return datetime.fromisoformat(text)


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
