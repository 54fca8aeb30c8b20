"""The policies of a schedule, by the words that people write: one vocabulary for every part."""

from __future__ import annotations

from enum import StrEnum


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
