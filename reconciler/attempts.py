"""What the dispatcher and the entry point of a code target say to each other.

The entry point is in the container of every code target. So what it shares with the dispatcher is
here, in the standard library alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

ENVELOPE: Final = "reconcile_occurrence"
"""The argument by which a wake names the occurrence that a run is of: a mapping of `id`, `nominal`,
`scheduled`, `delivery`, and `attempt` where a supervisor makes the attempts."""


class AttemptState(StrEnum):
    """The state of an attempt, in its entry in our Dict."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"
    """The attempt before it may have run, and delivery is at-most-once."""


def attempt_key(call: str, number: int) -> str:
    """The key in our Dict of an attempt that Modal makes of a call; counted from 1."""
    return f"attempt/{call}/{number}"
