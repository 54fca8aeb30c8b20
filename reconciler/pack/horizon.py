"""For how long a packing must hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reconciler.cron import instant, minute

COVER_YEARS: Final = 11
"""Whole years from the first of January of the current one: never less than ten years ahead."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """A period in epoch minutes, (start, until].

    It begins with a year, not with the present: the same schedules have the same covers all year,
    so that a plan made tomorrow finds nothing to change.
    """

    start: int
    until: int


def horizon(now: int) -> Horizon:
    """Return the period for which covers made at an epoch minute must hold."""
    year = instant(now).year
    first, end = (datetime(y, 1, 1, tzinfo=UTC) for y in (year, year + COVER_YEARS))
    return Horizon(minute(first) - 1, minute(end))
