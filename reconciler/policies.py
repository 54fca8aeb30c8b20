"""The policies of a schedule, with their names in manifests."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

LONGEST_RUN: Final = timedelta(hours=24)
"""Modal ends every call after this time, also the call that supervises a run."""
LONGEST_PAUSE: Final = timedelta(hours=1)
"""The longest pause between two attempts."""

NO_ARGUMENT: Final = "self"
"""``spawn`` of Modal's client is a method and cannot pass on an argument of this name."""


class Overlap(StrEnum):
    """What happens to an occurrence that becomes due while an earlier run is still running."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE = "queue"
    REPLACE = "replace"


class Catchup(StrEnum):
    """Which of the occurrences that no wake processed in time still run."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class Condition(StrEnum):
    """The outcome of an upstream for which a schedule waits."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ENDED = "ended"
    """Whatever it is; also when the upstream did not run."""


class Delivery(StrEnum):
    """Whether an occurrence may run twice or not at all if a wake dies while it starts it."""

    AT_LEAST_ONCE = "at-least-once"
    AT_MOST_ONCE = "at-most-once"


def pause_after(number: int, backoff: float, factor: float) -> float:
    """Seconds from the end of attempt ``number``, counted from 1, to the next attempt."""
    return min(LONGEST_PAUSE.total_seconds(), backoff * factor ** (number - 1))
