"""The policies of a schedule, by the words that people write: one vocabulary for every part."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

LONGEST_RUN: Final = timedelta(hours=24)
"""Modal ends every call after this at the latest, also the one that watches over a run."""
LONGEST_PAUSE: Final = timedelta(hours=1)
"""Between two tries at most, however many there were."""

NO_ARGUMENT: Final = "self"
"""``spawn`` of Modal's client is a method, and has no way to pass on an argument of this name."""


class Overlap(StrEnum):
    """What happens to an occurrence that is due while the last run is still going."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE = "queue"
    REPLACE = "replace"


class Catchup(StrEnum):
    """Which of the occurrences that no wake served in time still run."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class Delivery(StrEnum):
    """Which way an occurrence errs when a wake dies between its claim and its start."""

    AT_LEAST_ONCE = "at-least-once"
    AT_MOST_ONCE = "at-most-once"


def pause_after(number: int, backoff: float, factor: float) -> float:
    """Seconds from the end of a try, counted from 1, to the next one."""
    return min(LONGEST_PAUSE.total_seconds(), backoff * factor ** (number - 1))
